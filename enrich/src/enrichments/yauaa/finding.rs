//! What is found out about a user agent, and how it is written: 29 fields always, others where they are known.

use event::scala_map;
use serde_json::{Map, Value};

/// A text that is not known, and a version that is not.
pub(super) const UNKNOWN: &str = "Unknown";
pub(super) const NO_VERSION: &str = "??";

/// A thing with a class, a name and a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) class: String,
    pub(super) name: String,
    pub(super) version: String,
}

/// What is found out. Further fields are set with [`Finding::set`].
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) device_class: String,
    pub(super) device_name: String,
    pub(super) device_brand: String,
    pub(super) system: Thing,
    pub(super) engine: Thing,
    pub(super) agent: Thing,
    /// The app around a web view: name and version.
    pub(super) app: (String, String),
    email: String,
    network: String,
    more: Map<String, Value>,
}

impl Thing {
    pub(super) fn new(class: &str, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { class: class.to_owned(), name: name.into(), version: version.into() }
    }

    fn unknown() -> Self {
        Self::new(UNKNOWN, UNKNOWN, NO_VERSION)
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.class == UNKNOWN && self.name == UNKNOWN
    }
}

impl Default for Finding {
    fn default() -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            device_class: unknown(),
            device_name: unknown(),
            device_brand: unknown(),
            system: Thing::unknown(),
            engine: Thing::unknown(),
            agent: Thing::unknown(),
            app: (unknown(), NO_VERSION.to_owned()),
            email: unknown(),
            network: unknown(),
            more: Map::new(),
        }
    }
}

impl Finding {
    /// Sets the class, the brand and the name of the device.
    pub(super) fn device(&mut self, class: &str, brand: &str, name: impl Into<String>) {
        self.device_class = class.to_owned();
        self.device_brand = brand.to_owned();
        self.device_name = name.into();
    }

    /// Sets a field that is not always there, or the address of electronic mail or the kind of network.
    pub(super) fn set(&mut self, field: &str, value: impl Into<String>) {
        match field {
            "agentInformationEmail" => self.email = value.into(),
            "networkType" => self.network = value.into(),
            _ => {
                self.more.insert(field.to_owned(), Value::String(cut(field, value.into())));
            }
        }
    }

    /// Whether a field that is not always there is.
    pub(super) fn has(&self, field: &str) -> bool {
        self.more.contains_key(field)
    }

    /// As the data of the entity.
    pub(super) fn into_json(mut self) -> Value {
        // Whose device nobody knows may be known by an address in the user agent; there was none.
        if self.device_brand == UNKNOWN && !self.has("agentInformationUrl") {
            self.set("agentInformationUrl", UNKNOWN);
        }
        let mut data = Map::new();
        let mut put =
            |field: &str, value: String| data.insert(field.to_owned(), Value::String(cut(field, value)));
        put("deviceClass", self.device_class);
        put("deviceName", self.device_name);
        put("deviceBrand", self.device_brand);
        let app = Thing::new("", self.app.0, self.app.1);
        let things = [
            ("operatingSystem", self.system),
            ("layoutEngine", self.engine),
            ("agent", self.agent),
            ("webviewApp", app),
        ];
        for (prefix, Thing { class, name, version }) in things {
            let major = major(&name, &version);
            let shown = if name == "Windows NT" { "Windows" } else { &name };
            put(&format!("{prefix}NameVersion"), with_version(shown, &version));
            put(&format!("{prefix}NameVersionMajor"), with_version(shown, &major));
            put(&format!("{prefix}VersionMajor"), major);
            if !class.is_empty() {
                put(&format!("{prefix}Class"), class);
            }
            put(&format!("{prefix}Name"), name);
            put(&format!("{prefix}Version"), version);
        }
        put("agentInformationEmail", self.email);
        put("networkType", self.network);
        data.append(&mut self.more);
        // In the order of the original's map.
        Value::Object(scala_map::from_pairs(data).into_iter().collect())
    }
}

/// At most so many characters as the schema allows.
fn cut(field: &str, mut value: String) -> String {
    let limit = match field {
        _ if field.ends_with("Name") => 256,
        "deviceClass" | "deviceBrand" | "deviceCpu" | "deviceCpuBits" | "agentSecurity" => 128,
        _ => 1_000,
    };
    if let Some((end, _)) = value.char_indices().nth(limit) {
        value.truncate(end);
    }
    value
}

/// The number before the first dot; two of them for Mac OS 10.
fn major(name: &str, version: &str) -> String {
    let is_old_mac = name == "Mac OS" && version.trim_start_matches(">=").starts_with("10.");
    let mut parts = version.splitn(3, '.');
    let first = parts.next().unwrap_or_default();
    match parts.next() {
        Some(second) if is_old_mac => format!("{first}.{second}"),
        _ => first.to_owned(),
    }
}

/// The name and the version, unless one says both.
fn with_version(name: &str, version: &str) -> String {
    if version.starts_with(name) || (name == "Microsoft Cloud" && version == "Microsoft Azure") {
        version.to_owned()
    } else {
        format!("{name} {version}")
    }
}

/// A name of a brand or a device, word by word: short words and those with digits in capitals, others with their first
/// letter in one, and with those that begin a part of at least four letters.
pub(super) fn named(text: &str) -> String {
    let words = text.split([' ', '_']).filter(|word| !word.is_empty());
    words.map(|word| word.split('-').map(part).collect::<Vec<_>>().join("-")).collect::<Vec<_>>().join(" ")
}

fn part(word: &str) -> String {
    if word.chars().count() <= 3 || word.chars().any(|c| c.is_ascii_digit()) {
        return word.to_uppercase();
    }
    let (mut out, mut small) = (String::with_capacity(word.len()), 0);
    let mut is_first = true;
    for c in word.chars() {
        if is_first && c.is_alphabetic() {
            out.extend(c.to_uppercase());
            is_first = false;
        } else if c.is_uppercase() && small < 3 {
            out.extend(c.to_lowercase());
            small = 0;
            continue;
        } else {
            out.push(c);
        }
        small = if c.is_lowercase() { small + 1 } else { 0 };
    }
    out
}

/// The name of a device with the brand in front, once.
pub(super) fn branded(brand: &str, name: &str) -> String {
    let rest = match name.get(..brand.len()) {
        Some(front) if front.eq_ignore_ascii_case(brand) => &name[brand.len()..],
        _ => name,
    };
    let rest = named(rest.trim_matches([' ', '_', '-']));
    if rest.is_empty() { named(name) } else { format!("{brand} {rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |text: &str, expect: &str| assert_eq!(named(text), expect);
        check("moto g power (2022)", "Moto G Power (2022)");
        check("Redmi Note 8 Pro", "Redmi Note 8 PRO");
        check("DuckDuckBot", "DuckDuckBot");
        check("GPTBot", "Gptbot");
        check("webmeup-crawler", "Webmeup-Crawler");
        check("MJ12bot", "MJ12BOT");
        assert_eq!(branded("Samsung", "SAMSUNG SM-A1"), "Samsung SM-A1");
        assert_eq!(branded("Exabot", "Exabot"), "Exabot");
    }

    #[test]
    fn versions() {
        let check =
            |name: &str, version: &str, expect: &str| assert_eq!(major(name, version), expect, "{name}");
        check("Mac OS", ">=10.15.7", ">=10.15");
        check("Mac OS", "14.1.2", "14");
        check("iOS", "10.3.1", "10");
        check("Chrome", "??", "??");
        assert_eq!(with_version("Windows", ">=10"), "Windows >=10");
        assert_eq!(with_version("Nintendo", "Nintendo Switch"), "Nintendo Switch");
    }
}
