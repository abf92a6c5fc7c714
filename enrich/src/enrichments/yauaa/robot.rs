//! Robots: libraries that programs ask with, crawlers, and what is no honest user agent.

use super::{
    finding::{Finding, NO_VERSION, Thing, UNKNOWN, branded, named},
    words::Words,
};

/// A library by its product, with the names of the agent, the engine, the brand and the device.
struct Library(&'static str, [&'static str; 4]);

const LIBRARIES: [Library; 16] = [
    Library("curl", ["Curl", "curl", "Curl", "Curl"]),
    Library("Wget", ["Wget", "Wget", "Wget", "Wget"]),
    Library("python-requests", ["Python-Requests", "python-requests", "Python", "Python Requests"]),
    Library("Go-http-client", ["Go http client", "Go http client", "GO", "GO Http Client"]),
    Library("Java", ["Java", "Java", "Oracle", "Oracle Java"]),
    Library("Apache-HttpClient", ["Apache-HttpClient", "Apache-HttpClient", "Apache", "Apache HttpClient"]),
    Library("axios", ["Axios", "axios", "Axios", "Axios"]),
    Library("okhttp", ["Okhttp", "okhttp", "Square", "Square Okhttp"]),
    Library("PostmanRuntime", ["Postman Runtime", "Postman Runtime", "Postman", "Postman Runtime"]),
    Library("libwww-perl", ["Libwww-Perl", "libwww-perl", "Libwww-Perl", "Libwww-Perl"]),
    Library("GuzzleHttp", ["Guzzle", "Guzzle", "Guzzle", "Guzzle"]),
    Library("Dart", ["Dart", "Dart", "Dart", "Dart"]),
    Library("node-fetch", ["Node Fetch", "Node Fetch", "Node Fetch", "Node Fetch"]),
    Library("PhantomJS", ["PhantomJS", "PhantomJS", "PhantomJs", "PhantomJs"]),
    Library(
        "Mediapartners-Google",
        ["Google AdSense crawler", "Google AdSense crawler", "Google", "Google Adsense Crawler"],
    ),
    Library("AdsBot-Google", ["Google AdsBot", "Google AdsBot", "Google", "Google Adsbot-Google"]),
];

/// What names of crawlers hold, in small letters.
const CRAWLERS: [&str; 6] = ["bot", "spider", "crawler", "slurp", "archiver", "scraper"];

/// What only those write who attack what reads it.
const ATTACKS: [&str; 8] =
    ["<script", "javascript:", "' or ", "union select", "${jndi:", "../..", "sleep(", "<?php"];

/// Sets what there is to say of a robot. `false`: it is none.
pub(super) fn find(words: &Words<'_>, found: &mut Finding) -> bool {
    attack(words, found) || library(words, found) || crawler(words, found)
}

fn attack(words: &Words<'_>, found: &mut Finding) -> bool {
    const HACKER: &str = "Hacker";
    let small = words.text.to_lowercase();
    let is_code = ATTACKS.iter().any(|attack| small.contains(attack));
    let is_word = words.comments.is_empty()
        && words.products.len() <= 4
        && words.products.iter().all(|product| product.version.is_none())
        && !small.contains(|c: char| c.is_ascii_digit())
        && !small.contains("google")
        && !CRAWLERS.iter().any(|name| small.contains(name));
    if !is_code && !is_word {
        return false;
    }
    found.device(HACKER, HACKER, HACKER);
    for thing in [&mut found.system, &mut found.engine, &mut found.agent] {
        *thing = Thing::new(HACKER, HACKER, HACKER);
    }
    found.set("deviceVersion", HACKER);
    if is_code {
        found.set("hackerAttackVector", "Code Injection");
        found.set("agentInformationUrl", UNKNOWN);
    } else {
        found.set("hackerAttackVector", UNKNOWN);
        found.set("hackerToolkit", UNKNOWN);
    }
    true
}

fn library(words: &Words<'_>, found: &mut Finding) -> bool {
    let known = LIBRARIES.iter().find_map(|library| {
        let product = words.products.iter().find(|product| product.name == library.0)?;
        Some((product, library.1))
    });
    let Some((product, [agent, engine, brand, device])) = known else { return false };
    // Others name the library that they use behind themselves.
    if product.name != "PhantomJS" && words.products.first() != Some(product) {
        return false;
    }
    let version = product.version.unwrap_or(NO_VERSION);
    found.device("Robot", brand, device);
    found.engine = Thing::new("Robot", engine, version);
    found.agent = Thing::new("Robot", agent, version);
    match product.name {
        "PhantomJS" => found.system = Thing::new("Desktop", "Linux", NO_VERSION),
        "AdsBot-Google" | "Mediapartners-Google" => {
            found.system = Thing::new("Cloud", "Google Cloud", NO_VERSION)
        }
        _ => found.system = Thing::new("Cloud", "Cloud", NO_VERSION),
    }
    if words.url().is_some() || product.name == "PhantomJS" {
        nothing_of_the_device(words, found);
    }
    if product.name == "Mediapartners-Google" {
        for (field, value) in
            [("deviceVersion", NO_VERSION), ("hackerAttackVector", UNKNOWN), ("hackerToolkit", UNKNOWN)]
        {
            found.set(field, value);
        }
    }
    true
}

/// What is said of the device of one who says where he is from.
fn nothing_of_the_device(words: &Words<'_>, found: &mut Finding) {
    found.set("deviceCpu", UNKNOWN);
    found.set("deviceCpuBits", UNKNOWN);
    if found.agent.name == "PhantomJS" {
        return;
    }
    found.set("deviceVersion", NO_VERSION);
    if let Some(email) = words.email() {
        found.set("agentInformationEmail", email);
    }
    if let Some(url) = words.url() {
        found.set("agentInformationUrl", url);
    } else if words.email().is_some() {
        found.set("agentInformationUrl", UNKNOWN);
    }
}

/// The crawler's name and version.
fn crawling<'a>(words: &Words<'a>) -> Option<(String, Option<&'a str>)> {
    let is_crawler = |name: &str| {
        let small = name.to_ascii_lowercase();
        !small.starts_with("cubot") && CRAWLERS.iter().any(|part| small.contains(part))
    };
    if let Some(at) = words.products.iter().position(|product| is_crawler(product.name)) {
        let product = words.products[at];
        let behind = words.products.get(at + 1).map(|next| next.name);
        let version = product.version.or(behind.filter(|v| v.starts_with(|c: char| c.is_ascii_digit())));
        let words_before = if at > 0 && words.products[..at].iter().all(|product| product.version.is_none()) {
            words.products[..=at].iter().map(|product| product.name).collect::<Vec<_>>().join(" ")
        } else {
            product.name.to_owned()
        };
        return Some((words_before, version));
    }
    let is_item = |item: &&str| {
        let name = item.split('/').next().unwrap_or_default();
        !item.contains("://") && !item.contains('@') && !item.starts_with('+') && is_crawler(name)
    };
    // One who says where he is from and calls himself compatible is one too, whatever his name.
    let is_other = |item: &&str| item.contains('/') && !item.contains("://");
    let is_from = |items: &&Vec<&str>| {
        items.contains(&"compatible") && items.iter().any(|item| item.starts_with("+http"))
    };
    let of_comment = || words.comments.iter().find(is_from)?.iter().copied().find(is_other);
    let item = words.details().find(is_item).or_else(of_comment)?;
    Some(match item.split_once('/') {
        Some((name, version)) => (name.to_owned(), Some(version)),
        None => (item.to_owned(), None),
    })
}

fn crawler(words: &Words<'_>, found: &mut Finding) -> bool {
    let Some((name, version)) = crawling(words) else { return false };
    let version = version.unwrap_or(NO_VERSION);
    let small = name.to_ascii_lowercase();
    let agent = if small == "bingbot" { "Bingbot" } else { &name };
    found.agent = Thing::new("Robot", agent, version);
    found.engine = Thing::new("Robot", agent, version);
    found.system = Thing::new("Cloud", "Cloud", NO_VERSION);
    let home = words.url().and_then(|url| owner(url.split("//").nth(1)?));
    let home = home.or_else(|| owner(words.email()?.split('@').nth(1)?));
    if small.starts_with("googlebot") {
        let is_mobile = words.has("Mobile") && words.details().any(|item| item.starts_with("Android"));
        let is_in_comment = words.products.iter().all(|product| !product.name.starts_with("Googlebot"));
        let device = if is_in_comment { "Google".to_owned() } else { branded("Google", &name) };
        found.device(if is_mobile { "Robot Mobile" } else { "Robot" }, "Google", device);
        found.system = Thing::new("Cloud", "Google Cloud", NO_VERSION);
        found.engine = Thing::new("Robot", "Googlebot", NO_VERSION);
        if is_mobile {
            "Robot Mobile".clone_into(&mut found.agent.class);
            found.set("operatingSystemVersionBuild", NO_VERSION);
        }
    } else if small == "bingbot" {
        found.device("Robot", "Microsoft", "Microsoft BingBot");
        found.system = Thing::new("Cloud", "Microsoft Cloud", "Microsoft Azure");
    } else {
        let brand = home.map(named).unwrap_or_else(|| of_name(&name));
        let device = branded(&brand, &name);
        found.device("Robot", &brand, device);
    }
    nothing_of_the_device(words, found);
    if words.url().is_none() && name.contains(' ') {
        found.set("agentInformationUrl", UNKNOWN);
    }
    if small == "yandexbot" {
        found.set("deviceFirmwareVersion", NO_VERSION);
    }
    true
}

/// A crawler's name without what says that it is one.
fn of_name(name: &str) -> String {
    let small = name.to_ascii_lowercase();
    let end = CRAWLERS.iter().filter_map(|part| small.find(part)).filter(|at| *at > 0).min();
    let first = name.get(..end.unwrap_or(name.len())).unwrap_or(name);
    named(first.split([' ', '.', '_']).next().unwrap_or(first))
}

/// The name that somebody has registered: `b` of `a.b.com` and of `a.b.co.uk`.
fn owner(address: &str) -> Option<&str> {
    let host = address.split(['/', ':', '?']).next()?;
    let labels: Vec<_> = host.split('.').filter(|label| !label.is_empty()).collect();
    let second = labels.len().checked_sub(2)?;
    let is_common = matches!(labels[second], "co" | "com" | "org" | "net" | "ac" | "gov") && second > 0;
    labels.get(if is_common { second - 1 } else { second }).copied()
}

/// A product that nobody knows, which stands alone.
pub(super) fn unknown(words: &Words<'_>, found: &mut Finding) {
    if words.has("Dalvik") {
        found.agent.class = "Browser".to_owned();
        return;
    }
    let Some(own) = words.products.iter().find(|product| product.name != "Mozilla") else { return };
    let Some(version) = own.version else { return };
    if !found.agent.is_unknown() {
        return;
    }
    found.agent = Thing::new("Special", named(own.name), version);
    if let Some(url) = words.url() {
        let brand = url.split("//").nth(1).and_then(owner).map(named).unwrap_or_else(|| UNKNOWN.to_owned());
        let device = format!("{brand} Robot");
        found.device("Robot", &brand, device);
        found.system = Thing::new("Cloud", "Cloud", NO_VERSION);
        found.set("agentInformationUrl", url);
    }
}
