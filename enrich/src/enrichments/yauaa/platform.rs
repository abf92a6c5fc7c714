//! Device and operating system of a browser, by what stands in the first brackets.

use super::{
    finding::{Finding, NO_VERSION, Thing, UNKNOWN, branded, named},
    model,
    words::Words,
};

/// Versions of Windows by those of its kernel.
const WINDOWS: [(&str, &str); 10] = [
    ("10.0", "10.0"),
    ("6.3", "8.1"),
    ("6.2", "8"),
    ("6.1", "7"),
    ("6.0", "Vista"),
    ("5.2", "Server 2003"),
    ("5.1", "XP"),
    ("5.01", "2000"),
    ("5.0", "2000"),
    ("4.0", "4.0"),
];

/// Distributions of Linux that name themselves.
const DISTRIBUTIONS: [&str; 7] = ["Ubuntu", "Fedora", "Debian", "SUSE", "Mint", "Gentoo", "Arch"];

/// Chromecasts, televisions and consoles come first: they name the system of a computer or a phone too.
pub(super) fn find(words: &Words<'_>, found: &mut Finding) {
    if !(embedded(words, found) || console(words, found) || apple(words, found) || android(words, found)) {
        computer(words, found);
    }
}

fn system(found: &mut Finding, class: &str, name: &str, version: &str) {
    found.system = Thing::new(class, name, version);
}

fn embedded(words: &Words<'_>, found: &mut Finding) -> bool {
    if let Some(version) = words.behind("Tizen ") {
        let is_tv = words.details().any(|item| item.starts_with("SMART-TV"));
        if is_tv {
            found.device("TV", "Samsung", "Samsung Smart TV");
        } else {
            found.device("Mobile", "Samsung", "Samsung Tizen Device");
        }
        system(found, "Embedded", "Tizen", version);
    } else if words.details().any(|item| matches!(item, "Web0S" | "webOS" | "WebOS")) {
        found.device("TV", "LG", "LG SmartTv");
        let chrome = words.version("Chrome").and_then(|v| v.split('.').next()?.parse().ok());
        system(found, "Embedded", "WebOS", chrome.map_or(NO_VERSION, web_os));
    } else if let Some(roku) = words.version("Roku") {
        found.device("Set-top box", "Roku", "Roku Digital Video");
        system(found, "Embedded", "Roku OS", roku);
        if let Some(build) = words.details().next() {
            found.set("operatingSystemVersionBuild", build);
        }
    } else if words.text.contains("AppleTV") || words.text.contains("Apple TV") {
        found.device("Set-top box", "Apple", "Apple TV");
        system(found, "Embedded", "tvOS", NO_VERSION);
    } else {
        return false;
    }
    true
}

/// The system of LG's televisions by the major version of its Chrome.
fn web_os(chrome: u32) -> &'static str {
    match chrome {
        0..=37 => "1.x",
        38..=52 => "3.x",
        53..=67 => "4.x",
        68..=78 => "5.x",
        79..=86 => "6.x",
        87..=93 => "22",
        94..=107 => "23",
        108..=119 => "24",
        _ => "25",
    }
}

fn console(words: &Words<'_>, found: &mut Finding) -> bool {
    if let Some(item) = words.details().find(|item| {
        item.strip_prefix("PlayStation ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }) {
        let rest = &item["PlayStation ".len()..];
        let (model, version) = rest.split_once(['/', ' ']).unwrap_or((rest, NO_VERSION));
        found.device("Game Console", "Sony", format!("Sony PlayStation {model}"));
        let name = if model == "4" { "Orbis OS".to_owned() } else { format!("PS{model} OS") };
        system(found, "Game Console", &name, version);
    } else if let Some(item) = words.details().find(|item| item.starts_with("Nintendo ")) {
        let class = if item.contains("DS") { "Handheld Game Console" } else { "Game Console" };
        found.device(class, "Nintendo", item);
        system(found, "Game Console", "Nintendo", item);
    } else if words.says("Xbox") {
        found.device("Game Console", "Microsoft", "Microsoft Xbox");
        windows(words, found);
        "Game Console".clone_into(&mut found.system.class);
        if let Some(model) = words.details().find(|item| item.starts_with("Xbox ")) {
            found.set("deviceVersion", model);
        }
    } else {
        return false;
    }
    true
}

fn apple(words: &Words<'_>, found: &mut Finding) -> bool {
    let device = words.details().find(|item| ["iPhone", "iPad", "iPod", "iPod touch"].contains(item));
    if let Some(device) = device {
        let class = if device == "iPad" { "Tablet" } else { "Phone" };
        let name = if device == "iPod touch" { "iPod Touch" } else { device };
        found.device(class, "Apple", format!("Apple {name}"));
        found.set("deviceVersion", device);
        let version = words.behind("CPU iPhone OS ").or_else(|| words.behind("CPU OS ")).unwrap_or_default();
        let version = version.split(' ').next().unwrap_or_default().replace('_', ".");
        system(found, "Mobile", "iOS", if version.is_empty() { NO_VERSION } else { &version });
        if let Some(firmware) = words.version("Mobile")
            && words.products.iter().all(|product| product.name != "JsSdk")
        {
            found.set("deviceFirmwareVersion", firmware);
        }
        return true;
    }
    let Some(version) = words.behind("Intel Mac OS X ").or_else(|| words.behind("PPC Mac OS X ")) else {
        return false;
    };
    found.device("Desktop", "Apple", "Apple Macintosh");
    let version = version.replace('_', ".");
    let is_wide =
        !(version.starts_with("10.") && version.split('.').nth(1).is_some_and(|n| n.len() == 1 && n <= "6"));
    system(found, "Desktop", "Mac OS", &version);
    found.set("deviceCpu", if words.behind("PPC Mac OS X ").is_some() { "PowerPC" } else { "Intel" });
    found.set("deviceCpuBits", if is_wide { "64" } else { "32" });
    true
}

/// Items that are no model of an Android device.
fn is_plain(item: &str) -> bool {
    ["Linux", "Android", "Mobile", "Tablet", "TV", "U", "wv", "K", "arm", "arm_64", "x86_64"].contains(&item)
        || item.starts_with("Android ")
        || item.starts_with("rv:")
        || item.contains("Core ")
        || (matches!(item.len(), 2 | 5) && super::language::name(item).is_some())
}

fn android(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some(at) = words
        .comments
        .iter()
        .position(|comment| comment.iter().any(|item| *item == "Android" || item.starts_with("Android ")))
    else {
        return false;
    };
    let comment = &words.comments[at];
    let version = comment.iter().find_map(|item| item.strip_prefix("Android ")).unwrap_or(NO_VERSION);
    let model = comment.iter().find(|item| !is_plain(item) && !item.starts_with("Opera Mini"));
    let (model, build) = match model {
        Some(item) => match item.split_once(" Build/") {
            Some((model, build)) => (Some(model), Some(build)),
            None => (Some(*item).filter(|item| !item.starts_with("Build/")), item.strip_prefix("Build/")),
        },
        None => (None, None),
    };
    let is_phone = words.has("Mobile") || comment.contains(&"Mobile");
    let class = if words.has("Dalvik") || words.text.contains("Opera Mini") {
        "Mobile"
    } else if is_phone {
        "Phone"
    } else {
        "Tablet"
    };
    system(found, "Mobile", "Android", version);
    if let Some(build) = build {
        found.set("operatingSystemVersionBuild", build);
    }
    match model {
        Some(model) => model::find(model, class, found),
        None if words.has("SamsungBrowser") => found.device(class, "Samsung", format!("Samsung {class}")),
        None => found.device(class, UNKNOWN, "Android Mobile"),
    }
    true
}

fn computer(words: &Words<'_>, found: &mut Finding) {
    if words.details().any(|item| item.starts_with("Windows")) {
        found.device("Desktop", UNKNOWN, "Desktop");
        windows(words, found);
        return;
    }
    let Some(item) = words.details().find(|item| {
        ["Linux", "CrOS ", "FreeBSD", "OpenBSD", "NetBSD"].iter().any(|name| item.starts_with(name))
    }) else {
        return;
    };
    if let Some(rest) = item.strip_prefix("CrOS ") {
        found.device("Desktop", UNKNOWN, "Chromebook");
        let version = words.version("Chrome").unwrap_or(NO_VERSION);
        system(found, "Desktop", "Chrome OS", super::browser::reduced(version).unwrap_or(version));
        let (cpu, build) = rest.split_once(' ').unwrap_or((rest, NO_VERSION));
        processor(cpu, found);
        found.set("operatingSystemVersionBuild", build);
        return;
    }
    let (name, cpu) = item.split_once(' ').unwrap_or((item, ""));
    processor(cpu, found);
    if words.has("CrKey") {
        found.device("Set-top box", "Google", "Google Chromecast");
        found.set("deviceVersion", words.version("CrKey").unwrap_or(NO_VERSION));
    } else if name == "Linux" {
        found.device("Desktop", UNKNOWN, "Linux Desktop");
    } else {
        found.device("Desktop", UNKNOWN, format!("{} Desktop", name.replace("BSD", "Bsd")));
    }
    let distribution = DISTRIBUTIONS.into_iter().find(|name| words.says(name) || words.has(name));
    system(found, "Desktop", distribution.unwrap_or(name), NO_VERSION);
}

fn processor(cpu: &str, found: &mut Finding) {
    let (name, bits) = match cpu {
        "x86_64" => ("Intel x86_64".to_owned(), "64"),
        "amd64" => ("AMD64".to_owned(), "64"),
        "aarch64" => ("AArch64".to_owned(), "64"),
        "i386" | "i486" | "i586" | "i686" => (format!("Intel {cpu}"), "32"),
        _ if cpu.starts_with("armv") => (format!("ARM{}", &cpu[3..]), "32"),
        _ => return,
    };
    found.set("deviceCpu", name);
    found.set("deviceCpuBits", bits);
}

fn windows(words: &Words<'_>, found: &mut Finding) {
    if let Some(version) = words.behind("Windows Phone ") {
        found.device("Phone", "Microsoft", branded("Microsoft", &named("Windows Phone")));
        system(found, "Mobile", "Windows Phone", version.trim_start_matches("OS "));
        return;
    }
    let kernel = words.behind("Windows NT ").unwrap_or_default();
    let version = WINDOWS.iter().find(|(other, _)| *other == kernel).map_or(kernel, |(_, version)| version);
    system(found, "Desktop", "Windows NT", if version.is_empty() { NO_VERSION } else { version });
    let is_wide = words.details().any(|item| matches!(item, "Win64" | "WOW64" | "x64"));
    if is_wide {
        found.set("deviceCpu", "Intel x86_64");
    }
    found.set("deviceCpuBits", if is_wide { "64" } else { "32" });
}
