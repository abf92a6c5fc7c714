//! What a browser says of itself beside its user agent: the headers `Sec-CH-UA` and their kin.

use super::{
    browser::reduced,
    finding::{Finding, Thing},
    model,
};

/// The headers that count, by their names in small letters behind `sec-ch-ua`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hints<'a> {
    pub(super) brands: &'a str,
    pub(super) full_versions: &'a str,
    pub(super) platform: &'a str,
    pub(super) platform_version: &'a str,
    pub(super) architecture: &'a str,
    pub(super) model: &'a str,
}

impl<'a> Hints<'a> {
    /// Takes a header. The last of a name counts.
    pub(super) fn take(&mut self, name: &str, value: &'a str) {
        const FRONT: &str = "sec-ch-ua";
        let Some(rest) = name.get(..FRONT.len()).filter(|front| front.eq_ignore_ascii_case(FRONT)) else {
            return;
        };
        let unquoted = || value.trim().trim_matches('"');
        match name[rest.len()..].to_ascii_lowercase().as_str() {
            "" => self.brands = value,
            "-full-version-list" => self.full_versions = value,
            "-platform" => self.platform = unquoted(),
            "-platform-version" => self.platform_version = unquoted(),
            "-arch" => self.architecture = unquoted(),
            "-model" => self.model = unquoted(),
            _ => {}
        }
    }

    /// Corrects what the user agent said.
    pub(super) fn apply(&self, found: &mut Finding) {
        if !matches!(found.agent.class.as_str(), "Browser") || found.engine.name != "Blink" {
            return;
        }
        self.apply_brands(found);
        self.apply_platform(found);
    }

    fn apply_brands(&self, found: &mut Finding) {
        let is_full = !self.full_versions.is_empty();
        let brands = list(if is_full { self.full_versions } else { self.brands });
        let is_own = |(name, _): &&(&str, &str)| !matches!(*name, "Chromium" | "Google Chrome");
        let own =
            brands.iter().find(is_own).or_else(|| brands.iter().find(|(name, _)| *name == "Google Chrome"));
        if let Some((_, version)) = brands.iter().find(|(name, _)| *name == "Chromium")
            && (is_full
                || reduced(&format!("{}.0.0.0", found.engine.version)).is_some_and(|v| !v.contains('.')))
        {
            found.engine.version = version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        }
        let Some((name, version)) = own else { return };
        let name = match *name {
            "Google Chrome" => "Chrome",
            "Microsoft Edge" => "Edge",
            "Samsung Internet" => "SamsungBrowser",
            "Yandex" => "Yandex Browser",
            other => other,
        };
        // Who has a product of his own in the user agent is known by it.
        if found.agent.name == "Chrome" || found.agent.name == name {
            found.agent = Thing::new("Browser", name, *version);
        }
    }

    fn apply_platform(&self, found: &mut Finding) {
        let version = self.platform_version;
        match self.platform {
            "Windows" if !version.is_empty() => {
                let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
                let version = match major {
                    0 => return,
                    1..13 => "10",
                    _ => "11",
                };
                version.clone_into(&mut found.system.version);
            }
            "macOS" | "Android" if !version.is_empty() => version.clone_into(&mut found.system.version),
            _ => {}
        }
        if self.architecture == "arm" && found.has("deviceCpu") {
            found.set("deviceCpu", "ARM");
        }
        if self.platform == "Android" && !self.model.is_empty() {
            let class = found.device_class.clone();
            model::find(self.model, &class, found);
        }
    }
}

/// Brands with their versions, without those that are there so that nobody relies on the list.
fn list(header: &str) -> Vec<(&str, &str)> {
    let mut brands = Vec::new();
    let mut rest = header;
    while let Some((brand, behind)) = quoted(rest) {
        let Some((version, behind)) = behind.trim_start().strip_prefix(';').and_then(quoted) else { break };
        let is_real = !(brand.contains("Not") && brand.contains("Brand"));
        if is_real && !version.is_empty() {
            brands.push((brand, version));
        }
        rest = behind;
    }
    brands
}

/// The next text in quotation marks, and what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once('"')?;
    rest.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_brands() {
        let header = r#""Not_A Brand";v="8", "Chromium";v="120", "Google Chrome";v="120""#;
        assert_eq!(list(header), [("Chromium", "120"), ("Google Chrome", "120")]);
        for damaged in ["", "garbage", "\"", "\"a\"", "\"a\";", "\"a\";v=", "\"a\";v=\"\"", ";;"] {
            assert_eq!(list(damaged), [], "{damaged}");
        }
    }
}
