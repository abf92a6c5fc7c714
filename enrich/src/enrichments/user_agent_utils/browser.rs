//! The browser of a user agent in small letters.

use super::{beginning, version_behind};

/// A browser.
pub(super) struct Browser {
    pub(super) name: String,
    pub(super) family: &'static str,
    pub(super) version: Option<String>,
    pub(super) kind: &'static str,
    pub(super) engine: &'static str,
}

const BROWSER: &str = "Browser";
const MOBILE: &str = "Browser (mobile)";

/// What programs write that are no browsers.
const ROBOTS: [&str; 13] = [
    "bot",
    "spider",
    "crawler",
    "slurp",
    "mediapartners",
    "facebookexternalhit",
    "python-requests",
    "go-http-client",
    "java/",
    "phantomjs",
    "archiver",
    "feedfetcher",
    "bingpreview",
];

/// Programs of other kinds: what they write, the name, the kind and the engine.
const OTHERS: [(&str, &str, &str, &str); 7] = [
    ("konqueror/", "Konqueror", BROWSER, "KHTML"),
    ("lotus-notes/", "Lotus Notes", "Email Client", "OTHER"),
    ("camino/", "Camino", BROWSER, "GECKO"),
    ("lynx/", "Lynx", "Browser (text only)", "OTHER"),
    ("evolution/", "Evolution", "Email Client", "OTHER"),
    ("netfront/", "NetFront", MOBILE, "OTHER"),
    ("cfnetwork/", "CFNetwork", "unknown", "OTHER"),
];

/// The browser. The order is that of the library.
pub(super) fn of(agent: &str) -> Browser {
    explorer(agent)
        .or_else(|| edge(agent))
        .or_else(|| chrome(agent))
        .or_else(|| firefox(agent))
        .or_else(|| thunderbird(agent))
        .or_else(|| safari(agent))
        .or_else(|| opera(agent))
        .unwrap_or_else(|| other(agent))
}

fn new(name: impl Into<String>, family: &'static str, kind: &'static str, engine: &'static str) -> Browser {
    Browser { name: name.into(), family, version: None, kind, engine }
}

impl Browser {
    fn with(self, version: Option<&str>) -> Self {
        Self { version: version.map(str::to_owned), ..self }
    }
}

fn explorer(agent: &str) -> Option<Browser> {
    if agent.contains("opera") {
        return None;
    }
    let is_new = agent.contains("trident/7") && agent.contains("rv:11");
    let version =
        version_behind(agent, "msie ").or_else(|| version_behind(agent, "rv:").filter(|_| is_new))?;
    let (family, engine) = ("Internet Explorer", "TRIDENT");
    if let Some(mobile) = version_behind(agent, "iemobile/").or_else(|| version_behind(agent, "iemobile ")) {
        let number = beginning(mobile, &[6..=7, 9..=11]);
        let name = number.map_or_else(|| family.to_owned(), |number| format!("IE Mobile {number}"));
        return Some(new(name, family, MOBILE, engine).with(Some(mobile)));
    }
    let name = match beginning(version, &[5..=11]) {
        _ if version.starts_with("5.5") => format!("{family} 5.5"),
        Some(number) => format!("{family} {number}"),
        None => family.to_owned(),
    };
    Some(new(name, family, BROWSER, engine).with(Some(version)))
}

fn edge(agent: &str) -> Option<Browser> {
    let version = version_behind(agent, "edge/")?;
    let is_mobile = agent.contains("windows phone") || agent.contains("mobile safari");
    let (name, kind) =
        if is_mobile { ("Microsoft Edge Mobile", MOBILE) } else { ("Microsoft Edge", BROWSER) };
    let last = if is_mobile { 15 } else { 16 };
    let name = match beginning(version, &[12..=last]) {
        Some(number) => format!("{name} (layout engine {number})"),
        None => name.to_owned(),
    };
    Some(new(name, "Microsoft Edge", kind, "EDGE_HTML").with(Some(version)))
}

fn chrome(agent: &str) -> Option<Browser> {
    let (family, engine) = ("Chrome", "WEBKIT");
    if let Some(version) = version_behind(agent, "crios/") {
        return Some(new("Chrome Mobile", family, MOBILE, engine).with(Some(version)));
    }
    if !agent.contains("chrome/") || agent.contains("phantomjs") {
        return None;
    }
    let version = version_behind(agent, "chrome/");
    let number = version.and_then(|version| beginning(version, &[8..=65]));
    let opera = version_behind(agent, "opr/");
    if agent.contains("mobile safari") && opera.is_none() {
        return Some(new("Chrome Mobile", family, MOBILE, engine).with(version));
    }
    // The rules for the first versions do not look for Opera.
    if let (Some(opera), false) = (opera, number.is_some_and(|number| number < 14)) {
        let number = beginning(opera, &[15..=20, 23..=34, 42..=51]);
        let (name, engine) =
            number.map_or(("Opera".to_owned(), "PRESTO"), |n| (format!("Opera {n}"), "WEBKIT"));
        return Some(new(name, "Opera", BROWSER, engine).with(Some(opera)));
    }
    let name = number.map_or_else(|| family.to_owned(), |number| format!("{family} {number}"));
    Some(new(name, family, BROWSER, engine).with(version))
}

fn firefox(agent: &str) -> Option<Browser> {
    let family = "Firefox";
    if agent.contains("fxios/") {
        return Some(new("Firefox Mobile (iOS)", family, MOBILE, "WEBKIT"));
    }
    let version = version_behind(agent, "firefox/")?;
    if agent.contains("mobile;") {
        let name = if version.starts_with("23") { "Firefox Mobile 23" } else { "Firefox Mobile" };
        return Some(new(name, family, MOBILE, "GECKO").with(Some(version)));
    }
    let name = match beginning(version, &[2..=59]) {
        // The sixth is the only one that is read up to the dot.
        Some(6) if !version.starts_with("6.") => family.to_owned(),
        Some(number) => format!("{family} {number}"),
        None => family.to_owned(),
    };
    Some(new(name, family, BROWSER, "GECKO").with(Some(version)))
}

fn thunderbird(agent: &str) -> Option<Browser> {
    let version = version_behind(agent, "thunderbird/")?;
    let number = beginning(version, &[2..=3, 6..=8, 10..=12]);
    let name = number.map_or_else(|| "Thunderbird".to_owned(), |number| format!("Thunderbird {number}"));
    Some(new(name, "Thunderbird", "Email Client", "GECKO").with(Some(version)))
}

fn safari(agent: &str) -> Option<Browser> {
    let is_robot = ["spider", "crawler", "phantomjs"].iter().any(|name| agent.contains(name));
    let is_bot = agent.contains("bot");
    let is_mobile =
        agent.contains("mobile safari") || (agent.contains("mobile/") && agent.contains("safari"));
    if !agent.contains("safari") || is_bot || (is_robot && !is_mobile) {
        return None;
    }
    let (family, engine) = ("Safari", "WEBKIT");
    let version = version_behind(agent, "version/");
    if agent.contains("bb10") {
        // Three numbers of it are read.
        let short = version.map(|version| version.splitn(4, '.').take(3).collect::<Vec<_>>().join("."));
        return Some(new("BlackBerry", family, MOBILE, engine).with(short.as_deref()));
    }
    if is_mobile {
        return Some(new("Mobile Safari", family, MOBILE, engine).with(version));
    }
    let is_fifth =
        ["applewebkit/531", "applewebkit/533", "applewebkit/534"].iter().any(|mark| agent.contains(mark));
    let number = match version.and_then(|version| beginning(version, &[4..=11])) {
        None | Some(4) if is_fifth => Some(5),
        number => number,
    };
    let name = number.map_or_else(|| family.to_owned(), |number| format!("{family} {number}"));
    Some(new(name, family, BROWSER, engine).with(version))
}

fn opera(agent: &str) -> Option<Browser> {
    let own = version_behind(agent, "opera/").or_else(|| version_behind(agent, "opera "))?;
    let (family, engine) = ("Opera", "PRESTO");
    if agent.contains("opera mini") {
        return Some(new("Opera Mini", family, MOBILE, engine).with(Some(own)));
    }
    let version = version_behind(agent, "version/").unwrap_or(own);
    let name = match beginning(version, &[9..=12]) {
        Some(number) => format!("{family} {number}"),
        None => family.to_owned(),
    };
    Some(new(name, family, BROWSER, engine).with(Some(version)))
}

fn other(agent: &str) -> Browser {
    if ROBOTS.iter().any(|name| agent.contains(name)) {
        return new("Robot/Spider", "Robot/Spider", "Robot", "OTHER");
    }
    if let Some((mark, name, kind, engine)) = OTHERS.iter().find(|(mark, ..)| agent.contains(mark)) {
        return new(*name, name, kind, engine).with(version_behind(agent, mark));
    }
    if agent.contains("applewebkit") {
        return new("Apple WebKit", "Apple WebKit", BROWSER, "WEBKIT");
    }
    if ["curl/", "wget/", "apache-httpclient/"].iter().any(|name| agent.contains(name)) {
        return new("Downloading Tool", "Downloading Tool", "Downloading tool", "OTHER");
    }
    if agent.contains("mozilla/") {
        return new("Mozilla", "Mozilla", BROWSER, "OTHER");
    }
    new("Unknown", "Unknown", "unknown", "OTHER")
}
