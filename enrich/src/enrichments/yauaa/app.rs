//! Apps that show pages, and apps that ask for themselves.

use super::{
    browser::speaks,
    finding::{Finding, NO_VERSION, Thing, named},
    words::Words,
};

/// An app around Chrome's web view.
pub(super) fn around_chrome(words: &Words<'_>, version: &str, found: &mut Finding) {
    if tiktok(words, found) {
        return;
    }
    found.agent = Thing::new("Browser Webview", "Chrome Webview", version);
    let mut parts = version.splitn(3, '.');
    if let (Some(major), Some(minor)) = (parts.next(), parts.next()) {
        found.engine.version = format!("{major}.{minor}");
    }
    found.app = match facebook(words) {
        Some(("FB4A", version)) => ("Facebook App for Android".to_owned(), version.to_owned()),
        Some((app, version)) => (format!("Facebook {app}"), version.to_owned()),
        None => last(words).unwrap_or_else(|| ("Unknown Webview App".to_owned(), NO_VERSION.to_owned())),
    };
}

/// The product behind the browser's, with the words before it.
fn last(words: &Words<'_>) -> Option<(String, String)> {
    let at = words.products.iter().position(|product| product.name == "Safari")?;
    let behind = words.products.get(at + 1..).unwrap_or_default();
    if let [name, version, ..] = behind
        && name.name == "Instagram"
    {
        return Some((name.name.to_owned(), version.name.to_owned()));
    }
    if let Some(version) = words.version("UCBrowser") {
        return Some(("UCBrowser".to_owned(), version.to_owned()));
    }
    let end = behind.iter().position(|product| product.version.is_some())?;
    let name: Vec<_> = behind[..=end].iter().map(|product| product.name).collect();
    Some((named(&name.join(" ")), behind[end].version.unwrap_or(NO_VERSION).to_owned()))
}

/// Facebook's app and its version.
fn facebook<'a>(words: &Words<'a>) -> Option<(&'a str, &'a str)> {
    let app = words.behind("FB_IAB/").or_else(|| words.behind("FBAN/"))?;
    Some((app, words.behind("FBAV/").unwrap_or(NO_VERSION)))
}

/// An app on iOS, or its web view. `false`: it is a browser.
pub(super) fn around_webkit(words: &Words<'_>, webkit: &str, found: &mut Finding) -> bool {
    if tiktok(words, found) {
        return true;
    }
    let app = |found: &mut Finding, name: &str, version: &str| {
        found.agent = Thing::new("Mobile App", name, version);
        true
    };
    if let Some(version) = words.version("Snapchat") {
        return app(found, "Snapchat", version);
    }
    if let Some(at) = words.products.iter().position(|product| product.name == "Instagram") {
        if let Some(code) =
            words.details().find(|item| item.len() == 5 && item.contains('_') && !item.starts_with("iOS"))
        {
            speaks(code, found);
        }
        if let Some(model) = words.details().find(|item| item.starts_with("iPhone") && item.contains(',')) {
            hardware(model, found);
        }
        return app(
            found,
            "Instagram",
            words.products.get(at + 1).map_or(NO_VERSION, |version| version.name),
        );
    }
    let is_view = words.has("GSA") || !words.has("Safari");
    if !is_view {
        return false;
    }
    found.agent = Thing::new("Browser Webview", "UIWebView", webkit);
    found.app = if let Some(version) = words.version("GSA") {
        ("Google Search App".to_owned(), version.to_owned())
    } else if let Some((name, version)) = facebook(words) {
        details(words, found);
        let name =
            if name == "FBIOS" { "Facebook App for iOS".to_owned() } else { format!("Facebook {name}") };
        (name, version.to_owned())
    } else if words.says("LinkedInApp") {
        ("LinkedIn".to_owned(), NO_VERSION.to_owned())
    } else {
        ("Unknown Webview App".to_owned(), NO_VERSION.to_owned())
    };
    true
}

/// What Facebook's app on iOS says of the device.
fn details(words: &Words<'_>, found: &mut Finding) {
    const FIELDS: [(&str, &str); 9] = [
        ("FBBV/", "agentBuild"),
        ("FBCR/", "facebookCarrier"),
        ("FBID/", "facebookDeviceClass"),
        ("FBMD/", "facebookDeviceName"),
        ("FBDV/", "facebookDeviceVersion"),
        ("FBOP/", "facebookFBOP"),
        ("FBSS/", "facebookFBSS"),
        ("FBSN/", "facebookOperatingSystemName"),
        ("FBSV/", "facebookOperatingSystemVersion"),
    ];
    for (key, field) in FIELDS {
        if let Some(value) = words.behind(key).filter(|value| !value.is_empty()) {
            found.set(field, value);
        }
    }
    if let Some(code) = words.behind("FBLC/") {
        speaks(code, found);
    }
    if let Some(model) = words.behind("FBDV/") {
        hardware(model, found);
    }
}

/// What is sold under a number of Apple's.
fn hardware(number: &str, found: &mut Finding) {
    const MODELS: [(&str, &str); 24] = [
        ("iPhone11,2", "iPhone XS"),
        ("iPhone11,6", "iPhone XS Max"),
        ("iPhone11,8", "iPhone XR"),
        ("iPhone12,1", "iPhone 11"),
        ("iPhone12,3", "iPhone 11 Pro"),
        ("iPhone12,5", "iPhone 11 Pro Max"),
        ("iPhone12,8", "iPhone SE 2nd Gen"),
        ("iPhone13,1", "iPhone 12 Mini"),
        ("iPhone13,2", "iPhone 12"),
        ("iPhone13,3", "iPhone 12 Pro"),
        ("iPhone13,4", "iPhone 12 Pro Max"),
        ("iPhone14,2", "iPhone 13 Pro"),
        ("iPhone14,3", "iPhone 13 Pro Max"),
        ("iPhone14,4", "iPhone 13 Mini"),
        ("iPhone14,5", "iPhone 13"),
        ("iPhone14,6", "iPhone SE 3rd Gen"),
        ("iPhone14,7", "iPhone 14"),
        ("iPhone14,8", "iPhone 14 Plus"),
        ("iPhone15,2", "iPhone 14 Pro"),
        ("iPhone15,3", "iPhone 14 Pro Max"),
        ("iPhone15,4", "iPhone 15"),
        ("iPhone15,5", "iPhone 15 Plus"),
        ("iPhone16,1", "iPhone 15 Pro"),
        ("iPhone16,2", "iPhone 15 Pro Max"),
    ];
    if let Some((_, name)) = MODELS.iter().find(|(other, _)| *other == number) {
        found.set("deviceVersion", *name);
    }
}

fn tiktok(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some(own) = words.products.iter().find(|product| product.name.starts_with("musical_ly")) else {
        return false;
    };
    let of_name = own.name.strip_prefix("musical_ly_").unwrap_or(NO_VERSION);
    found.agent = Thing::new("Mobile App", "TikTok", words.version("app_version").unwrap_or(of_name));
    if let Some(code) = words.version("ByteLocale") {
        speaks(code, found);
    }
    if let Some(kind) = words.version("NetType") {
        found.set("networkType", named(&kind.to_ascii_lowercase()));
    }
    true
}

/// An app on iOS that asks for itself: `Name/version CFNetwork/1 Darwin/22.6.0`.
pub(super) fn network(words: &Words<'_>, found: &mut Finding) -> bool {
    let (Some(darwin), true) = (words.version("Darwin"), words.has("CFNetwork")) else { return false };
    let Some(own) = words.products.first().filter(|product| product.name != "CFNetwork") else {
        return false;
    };
    found.device("Mobile", "Apple", "Apple iOS Device");
    let (major, minor) = darwin.split_once('.').unwrap_or((darwin, ""));
    let minor = minor.split('.').next().unwrap_or_default();
    let version = match major.parse::<u32>() {
        Ok(major @ 22..) => format!("{}.{minor}", major - 6),
        Ok(major @ 18..) => format!("{}.?", major - 6),
        _ => NO_VERSION.to_owned(),
    };
    found.system = Thing::new("Mobile", "iOS", version);
    let version = own.version.unwrap_or(NO_VERSION);
    found.agent = Thing::new("Mobile App", own.name, version);
    found.engine = Thing::new("Mobile App", own.name, version);
    true
}
