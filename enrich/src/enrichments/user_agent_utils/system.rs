//! The operating system of a user agent in small letters, with who makes it and what it runs on.

use super::{beginning, version_behind};

/// An operating system.
pub(super) struct System {
    pub(super) name: String,
    pub(super) family: &'static str,
    pub(super) manufacturer: &'static str,
    pub(super) device: &'static str,
}

impl System {
    fn new(
        name: impl Into<String>,
        family: &'static str,
        manufacturer: &'static str,
        device: &'static str,
    ) -> Option<Self> {
        Some(Self { name: name.into(), family, manufacturer, device })
    }

    /// One that is not known.
    pub(super) fn unknown() -> Self {
        Self { name: "Unknown".to_owned(), family: "Unknown", manufacturer: "Other", device: "Unknown" }
    }
}

const COMPUTER: &str = "Computer";
const MOBILE: &str = "Mobile";
const TABLET: &str = "Tablet";
const RECEIVER: &str = "Digital media receiver";
const APPLE: &str = "Apple Inc.";
const GOOGLE: &str = "Google Inc.";

/// The system. The order is that of the library.
pub(super) fn of(agent: &str) -> System {
    windows(agent)
        .or_else(|| android(agent))
        .or_else(|| apple(agent))
        .or_else(|| tizen(agent))
        .or_else(|| linux(agent))
        .or_else(|| other(agent))
        .unwrap_or_else(System::unknown)
}

fn windows(agent: &str) -> Option<System> {
    let new = |name: &str, device| System::new(name, "Windows", "Microsoft Corporation", device);
    if let Some(version) =
        version_behind(agent, "windows phone ").or_else(|| version_behind(agent, "windows phone os "))
    {
        let name = match version {
            _ if version.starts_with("10") => "Windows 10 Mobile",
            _ if version.starts_with("8.1") => "Windows Phone 8.1",
            _ if version.starts_with('8') => "Windows Phone 8",
            _ if version.starts_with('7') => "Windows Phone 7",
            _ => "Windows Mobile",
        };
        return new(name, MOBILE);
    }
    if !agent.contains("windows") {
        return None;
    }
    if agent.contains("windows ce") {
        return new("Windows Mobile", MOBILE);
    }
    let name = match version_behind(agent, "windows nt ").unwrap_or_default() {
        "10.0" | "6.4" => "Windows 10",
        "6.3" => "Windows 8.1",
        "6.2" => "Windows 8",
        "6.1" => "Windows 7",
        version if version.starts_with('6') => "Windows Vista",
        version if version.starts_with("5.0") => "Windows 2000",
        version if version.starts_with('5') => "Windows XP",
        _ if agent.contains("windows 98") => "Windows 98",
        _ => "Windows",
    };
    new(name, COMPUTER)
}

fn android(agent: &str) -> Option<System> {
    let new = |name: String, device| System::new(name, "Android", GOOGLE, device);
    if agent.contains("cros ") {
        return System::new("Chrome OS", "Chrome OS", GOOGLE, COMPUTER);
    }
    if !agent.contains("android") {
        return None;
    }
    let is_mobile = agent.contains("mobile");
    // One digit is looked at.
    let first = version_behind(agent, "android ").and_then(|version| beginning(version.get(..1)?, &[1..=8]));
    match first {
        Some(number @ 4..=8) if !is_mobile => new(format!("Android {number}.x Tablet"), TABLET),
        Some(2) if agent.contains("gt-p1000") => new("Android 2.x Tablet".to_owned(), TABLET),
        Some(3) => new("Android 3.x Tablet".to_owned(), TABLET),
        Some(number) => new(format!("Android {number}.x"), MOBILE),
        None if is_mobile => new("Android Mobile".to_owned(), MOBILE),
        None if agent.contains("tablet") => new("Android Tablet".to_owned(), TABLET),
        None => new("Android".to_owned(), MOBILE),
    }
}

fn apple(agent: &str) -> Option<System> {
    // The parts of a version are told apart by low lines.
    let is = |mark: &str, number: &str| agent.contains(&format!("{mark}{number}"));
    let known = |mark: &str, oldest: u32| {
        let exact = ["8_4", "8_3", "8_2", "8_1"].into_iter().find(|number| is(mark, number));
        exact.map(|number| number.replace('_', ".")).or_else(|| {
            (oldest..=11)
                .rev()
                .find(|number| is(mark, &format!("{number}_")))
                .map(|number| number.to_string())
        })
    };
    if agent.contains("iphone") {
        let name = known("iphone os ", 4).map(|version| format!("iOS {version} (iPhone)"));
        return System::new(name.unwrap_or_else(|| "Mac OS X (iPhone)".to_owned()), "iOS", APPLE, MOBILE);
    }
    if agent.contains("ipad") {
        let name = known("cpu os ", 6).map(|version| format!("iOS {version} (iPad)"));
        return System::new(name.unwrap_or_else(|| "Mac OS X (iPad)".to_owned()), "iOS", APPLE, TABLET);
    }
    if agent.contains("ipod") {
        return System::new("Mac OS X (iPod)", "iOS", APPLE, MOBILE);
    }
    if agent.contains("mac os x") || agent.contains("cfnetwork") {
        return System::new("Mac OS X", "Mac OS X", APPLE, COMPUTER);
    }
    agent.contains("mac").then(|| System::new("Mac OS", "Mac OS", APPLE, COMPUTER)).flatten()
}

fn tizen(agent: &str) -> Option<System> {
    if !agent.contains("tizen") {
        return None;
    }
    let new = |name: String, device| System::new(name, "Tizen", "Linux Foundation", device);
    let version = version_behind(agent, "tizen ").and_then(|version| beginning(version.get(..1)?, &[2..=3]));
    match version {
        Some(number) if agent.contains("mobile") => new(format!("Tizen {number} (Mobile)"), MOBILE),
        Some(number) if agent.contains("smart-tv") => new(format!("Tizen {number} (SmartTV)"), RECEIVER),
        Some(number) => new(format!("Tizen {number}"), "Unknown"),
        None if agent.contains("mobile") => new("Tizen (mobile)".to_owned(), MOBILE),
        None => new("Tizen".to_owned(), "Unknown"),
    }
}

fn linux(agent: &str) -> Option<System> {
    if agent.contains("kindle") {
        return System::new("Linux (Kindle)", "Linux (Kindle)", "Amazon.com, Inc.", TABLET);
    }
    if agent.contains("ubuntu") {
        return System::new("Ubuntu", "Linux", "Canonical Ltd.", COMPUTER);
    }
    if !agent.contains("linux") {
        return None;
    }
    if agent.contains("smarttv") {
        return System::new("Linux (SmartTV)", "Linux", "Other", RECEIVER);
    }
    System::new("Linux", "Linux", "Other", COMPUTER)
}

fn other(agent: &str) -> Option<System> {
    let find = |mark: &str| agent.contains(mark);
    if find("symbianos/9") {
        System::new("Symbian OS 9.x", "Symbian OS", "Symbian Ltd.", MOBILE)
    } else if find("symbian") {
        System::new("Symbian OS", "Symbian OS", "Symbian Ltd.", MOBILE)
    } else if find("webos") {
        System::new("WebOS", "WebOS", "Hewlett Packard", MOBILE)
    } else if find("sunos") {
        System::new("SunOS", "SunOS", "Sun Microsystems, Inc.", COMPUTER)
    } else if find("playstation") {
        System::new(
            "Sony Playstation",
            "Sony Playstation",
            "Sony Computer Entertainment, Inc.",
            "Game console",
        )
    } else if find("nintendo wii") {
        System::new("Nintendo Wii", "Nintendo Wii", "Nintendo", "Game console")
    } else if find("blackberry") {
        System::new("BlackBerryOS", "BlackBerryOS", "Research In Motion Limited", MOBILE)
    } else if find("roku") {
        System::new("Roku OS", "Roku OS", "Roku, Inc.", RECEIVER)
    } else if find("mobile") {
        System::new("Unknown mobile", "Unknown mobile", "Other", MOBILE)
    } else if find("tablet") {
        System::new("Unknown tablet", "Unknown tablet", "Other", TABLET)
    } else {
        None
    }
}
