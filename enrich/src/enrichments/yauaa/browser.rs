//! Browsers, web views and apps, with their layout engines.

use super::{
    finding::{Finding, NO_VERSION, Thing, UNKNOWN, named},
    language,
    words::{Product, Words},
};

/// Browsers by the product that tells them from the one whose engine they use, and what they are called. The first that is
/// there counts.
const BROWSERS: [(&str, &str); 31] = [
    ("SamsungBrowser", "SamsungBrowser"),
    ("YaBrowser", "Yandex Browser"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("Vivaldi", "Vivaldi"),
    ("Whale", "Whale"),
    ("coc_coc_browser", "Coc Coc Browser"),
    ("QQBrowser", "QQ Browser"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("Ddg", "DuckDuckGo"),
    ("Silk", "Silk"),
    ("PaleMoon", "PaleMoon"),
    ("SeaMonkey", "SeaMonkey"),
    ("NintendoBrowser", "NintendoBrowser"),
    ("Brave", "Brave"),
    ("Maxthon", "Maxthon"),
    ("Puffin", "Puffin"),
    ("Epiphany", "Epiphany"),
    ("Falkon", "Falkon"),
    ("Iron", "Iron"),
    ("Waterfox", "Waterfox"),
    ("K-Meleon", "K-Meleon"),
    ("Focus", "Firefox Focus"),
    ("Klar", "Firefox Klar"),
    ("OPT", "Opera Touch"),
    ("OPiOS", "Opera Mini"),
    ("CriOS", "Chrome"),
    ("FxiOS", "Firefox"),
    ("EdgiOS", "Edge"),
    ("Chromium", "Chromium"),
    ("HeadlessChrome", "Chrome"),
    ("Firefox", "Firefox"),
];

/// Sets the engine and the agent.
pub(super) fn find(words: &Words<'_>, found: &mut Finding) {
    let is_code = |item: &&&str| matches!(item.len(), 2 | 5) && language::name(item).is_some();
    if let Some(code) = words.comments.first().and_then(|items| items.iter().find(is_code)) {
        speaks(code, found);
    }
    if words.says("U") {
        found.set("agentSecurity", "Strong security");
    }
    engine(words, found);
    if !(old(words, found) || chromium(words, found) || webkit(words, found) || other(words, found)) {
        plain(words, found);
    }
}

/// Sets the language.
pub(super) fn speaks(code: &str, found: &mut Finding) {
    if let Some(name) = language::name(code) {
        found.set("agentLanguage", name);
        found.set("agentLanguageCode", code.to_ascii_lowercase().replace('_', "-"));
    }
}

fn engine(words: &Words<'_>, found: &mut Finding) {
    let mut is = |name: &str, version: &str| found.engine = Thing::new("Browser", name, version);
    if let Some(version) = words.behind("Trident/") {
        is("Trident", version);
    } else if let Some(version) = words.behind("MSIE ") {
        is("Internet Explorer", version);
    } else if let Some(version) = words.version("Edge") {
        is("EdgeHTML", version.split('.').next().unwrap_or_default());
    } else if let Some(version) = words.version("Presto") {
        is("Presto", version);
    } else if let (Some(chrome), false) = (chrome(words), words.has("Silk")) {
        is("Blink", &engine_version(words, chrome));
    } else if let Some(version) = words.version("AppleWebKit") {
        is("AppleWebKit", version);
    } else if let Some(gecko) = words.version("Gecko") {
        let goanna = words.version("Goanna");
        let version = words.behind("rv:").filter(|_| goanna.is_none() && !words.has("Mobile"));
        let version = if gecko.contains('.') { Some(gecko) } else { version.or(words.version("Firefox")) };
        is(if goanna.is_some() { "Goanna" } else { "Gecko" }, version.unwrap_or(NO_VERSION));
        found.set("layoutEngineBuild", goanna.unwrap_or(gecko));
    } else if let Some(version) = words.version("Mozilla") {
        is("Mozilla", version);
    }
}

/// The product that says which Chrome it is.
pub(super) fn chrome<'a>(words: &Words<'a>) -> Option<Product<'a>> {
    let is_chrome = |product: &&Product<'_>| {
        product.version.is_some() && matches!(product.name, "Chrome" | "HeadlessChrome")
    };
    words.products.iter().find(is_chrome).copied()
}

/// The major version of a Chrome that says no more than this: `120.0.0.0`.
pub(super) fn reduced(version: &str) -> Option<&str> {
    version.strip_suffix(".0.0.0")
}

/// Whether the Chrome comes right behind the brackets of its engine.
fn is_first(words: &Words<'_>, chrome: Product<'_>) -> bool {
    let behind = words.products.iter().position(|product| product.name == "AppleWebKit");
    behind.is_some_and(|at| words.products.get(at + 1) == Some(&chrome))
}

fn engine_version(words: &Words<'_>, chrome: Product<'_>) -> String {
    let version = chrome.version.unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    if found_in_television(words) || (reduced(version).is_some() && is_first(words, chrome)) {
        return major.to_owned();
    }
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

fn found_in_television(words: &Words<'_>) -> bool {
    words.details().any(|item| item == "Web0S")
}

fn agent(found: &mut Finding, class: &str, name: &str, version: &str) {
    found.agent = Thing::new(class, name, version);
}

/// Internet Explorer, the first Edge, and Opera with an engine of its own.
fn old(words: &Words<'_>, found: &mut Finding) -> bool {
    if let Some(version) = words.behind("MSIE ") {
        agent(found, "Browser", "Internet Explorer", version);
    } else if words.behind("Trident/").is_some() {
        agent(found, "Browser", "Internet Explorer", words.behind("rv:").unwrap_or(NO_VERSION));
    } else if let Some(version) = words.version("Edge") {
        let (major, build) = version.split_once('.').unwrap_or((version, ""));
        // Until 18 the browser had numbers of its own.
        let own = match major {
            "12" => "20",
            "13" => "25",
            "14" => "38",
            "15" => "40",
            "16" => "41",
            "17" => "42",
            "18" => "44",
            other => other,
        };
        agent(found, "Browser", "Edge", &format!("{own}.{build}"));
        found.set("operatingSystemVersionBuild", build);
    } else if let Some(mini) = words.behind("Opera Mini/") {
        agent(found, "Browser", "Opera Mini", mini.split('/').next().unwrap_or_default());
    } else if words.has("Presto") || words.has("Opera") {
        let version = words.version("Version").or(words.version("Opera"));
        agent(found, "Browser", "Opera", version.unwrap_or(NO_VERSION));
    } else {
        return false;
    }
    true
}

/// What is made of Chrome.
fn chromium(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some(chrome) = chrome(words).filter(|_| words.has("AppleWebKit")) else { return false };
    let version = chrome.version.unwrap_or_default();
    if found_in_television(words) {
        let system = found.system.version.clone();
        agent(found, "Browser", "LG Browser", &system);
    } else if words.has("Electron") {
        let app = words.products.iter().find(|product| {
            product.comments > 1
                && product.version.is_some()
                && !matches!(product.name, "Chrome" | "Electron")
        });
        let app = app.unwrap_or(&chrome);
        agent(found, "Desktop App", &named(app.name), app.version.unwrap_or(NO_VERSION));
    } else if words.says("wv") || (words.has("UCBrowser") && words.has("Version")) {
        super::app::around_chrome(words, version, found);
    } else if let Some(edge) = words.version("Edg").or(words.version("EdgA")) {
        agent(found, "Browser", "Edge", reduced(version).unwrap_or(edge));
    } else if let Some(opera) = words.version("OPR") {
        let name = if found.system.name == "Android" { "Opera Mobile" } else { "Opera" };
        agent(found, "Browser", name, opera);
    } else if words.has("MetaSr") {
        agent(found, "Browser", "Sogou Explorer", "2.X");
    } else if words.has("360SE") || words.has("360EE") {
        agent(found, "Browser", "Qihoo 360 Safe Browser", if words.has("360SE") { "360SE" } else { "360EE" });
    } else if let Some(version) = words.version("XiaoMi").and_then(|v| v.strip_prefix("MiuiBrowser/")) {
        agent(found, "Browser", "Mi Browser", version);
        found.app = ("XiaoMi Mi Browser".to_owned(), version.to_owned());
    } else if let Some((name, version)) = known(words) {
        agent(found, "Browser", name, version);
        if words.has("Silk") {
            found.set("deviceCpu", UNKNOWN);
            found.set("deviceCpuBits", UNKNOWN);
        }
        if words.has("HeadlessChrome") {
            "Robot".clone_into(&mut found.agent.class);
        }
    } else {
        agent(found, "Browser", "Chrome", reduced(version).unwrap_or(version));
    }
    frozen(words, version, found);
    true
}

/// The first of the known browsers.
fn known<'a>(words: &Words<'a>) -> Option<(&'static str, &'a str)> {
    BROWSERS.iter().find_map(|(product, name)| Some((*name, words.version(product)?)))
}

/// A Chrome that says little of its version says little of its system too, and always the same.
fn frozen(words: &Words<'_>, version: &str, found: &mut Finding) {
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let is_reduced = reduced(version).is_some() && !words.says("wv");
    let is_edge = found.agent.name == "Edge";
    let system = words.comments.first().map(|items| items.join("; ")).unwrap_or_default();
    let says_nothing = match system.as_str() {
        "Windows NT 10.0; Win64; x64" if is_reduced && !is_edge => NO_VERSION,
        "Macintosh; Intel Mac OS X 10_15_7" if is_reduced && !is_edge => ">=10.15.7",
        "X11; Linux x86_64" | "X11; CrOS x86_64 14541.0.0" if is_reduced && !is_edge => "",
        "Linux; Android 10; K" if is_reduced => NO_VERSION,
        _ => {
            let is_new = is_reduced || (found.agent.name == "Chrome" && major >= 95);
            if is_new && system.starts_with("Windows NT 10.0") {
                ">=10".clone_into(&mut found.system.version);
            } else if is_new && system == "Macintosh; Intel Mac OS X 10_15_7" && !is_edge {
                ">=10.15.7".clone_into(&mut found.system.version);
            }
            return;
        }
    };
    if !says_nothing.is_empty() {
        says_nothing.clone_into(&mut found.system.version);
    }
    found.set("operatingSystemVersionBuild", NO_VERSION);
}

/// Safari, what is made of it, and what shows pages in apps.
fn webkit(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some(webkit) = words.version("AppleWebKit").filter(|_| chrome(words).is_none()) else { return false };
    if found.system.name == "iOS" && super::app::around_webkit(words, webkit, found) {
        return true;
    }
    if let Some((name, version)) = known(words) {
        agent(found, "Browser", name, version);
    } else if let Some(version) = words.version("Version").filter(|_| words.has("Safari")) {
        let is_stock = found.system.name == "Android";
        agent(found, "Browser", if is_stock { "Stock Android Browser" } else { "Safari" }, version);
    } else if let Some(odd) = words.products.iter().find(|product| {
        product.comments > 1 && product.version.is_some() && !matches!(product.name, "Safari" | "Mobile")
    }) {
        agent(found, "Browser", &named(odd.name), odd.version.unwrap_or(NO_VERSION));
    } else {
        agent(found, "Browser", "AppleWebKit", webkit);
    }
    if found.system.name == "Mac OS" && found.system.version == "10.15.7" {
        ">=10.15.7".clone_into(&mut found.system.version);
    }
    true
}

/// Firefox and its kin.
fn other(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some((name, version)) = known(words).filter(|_| words.has("Gecko")) else { return false };
    agent(found, "Browser", name, version);
    let major: u32 = words.behind("rv:").and_then(|v| v.split('.').next()?.parse().ok()).unwrap_or(0);
    if major >= 87 && found.system.name == "Windows NT" && found.system.version == "10.0" {
        ">=10".clone_into(&mut found.system.version);
    }
    if major >= 87 && found.system.name == "Mac OS" && found.system.version == "10.15" {
        ">=10.15.7".clone_into(&mut found.system.version);
    }
    true
}

/// Nothing but `Mozilla`.
fn plain(words: &Words<'_>, found: &mut Finding) {
    if let Some(version) = words.version("Mozilla") {
        agent(found, "Browser", "Netscape", version);
    }
}
