//! `user_agent_utils_config`: browser, system and device in columns, as a library of 2018 saw them
//! (`spec/enrichments-and-adapters.md` 2.6).
//!
//! What came later it takes for what it knew: Chrome 120 is `Chrome 12`, and Android 14 is `Android 1.x`. Who has the columns
//! filled by it relies on that.

mod browser;
mod system;

use std::sync::Arc;

use event::atomic::Field;
use quick_cache::sync::Cache;

use self::{browser::Browser, system::System};
use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("user_agent_utils_config", (1, 0), build);

/// User agents whose answers are kept.
const REMEMBERED: usize = 5_000;

struct UserAgentUtils {
    remembered: Cache<Box<str>, Arc<(Browser, System)>>,
}

fn build(_: &Configuration, _: &Assets) -> Built {
    Ok(Box::new(UserAgentUtils { remembered: Cache::new(REMEMBERED) }))
}

impl Enrichment for UserAgentUtils {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        // An empty header is a user agent too, if an unknown one.
        let empty = working.request.payload.user_agent.is_some().then_some("");
        let Some(agent) = working.event.get(Field::Useragent).or(empty) else { return Ok(()) };
        let known = self.remembered.get(agent).unwrap_or_else(|| {
            let known = Arc::new(analyse(agent));
            self.remembered.insert(agent.into(), Arc::clone(&known));
            known
        });
        let (browser, system) = &*known;
        let event = &mut working.event;
        event.set(Field::BrName, &browser.name);
        event.set(Field::BrFamily, browser.family);
        if let Some(version) = &browser.version {
            event.set(Field::BrVersion, version);
        }
        event.set(Field::BrType, browser.kind);
        event.set(Field::BrRenderengine, browser.engine);
        event.set(Field::OsName, &system.name);
        event.set(Field::OsFamily, system.family);
        event.set(Field::OsManufacturer, system.manufacturer);
        event.set(Field::DvceType, system.device);
        let is_mobile = matches!(system.device, "Mobile" | "Tablet" | "Wearable computer");
        event.set(Field::DvceIsmobile, if is_mobile { "1" } else { "0" });
        Ok(())
    }
}

fn analyse(agent: &str) -> (Browser, System) {
    let small = agent.to_lowercase();
    let browser = browser::of(&small);
    // A robot's system says nothing.
    let system = if browser.kind == "Robot" { System::unknown() } else { system::of(&small) };
    (browser, system)
}

/// The text behind a mark, up to what cannot be part of a version.
fn version_behind<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = text.get(text.find(mark)? + mark.len()..)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// The highest of the numbers with which a version begins: 120 begins with 12, and with 1.
fn beginning(version: &str, numbers: &[std::ops::RangeInclusive<u32>]) -> Option<u32> {
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    let of_length = |length: usize| version.get(..length).and_then(|text| text.parse().ok());
    [2, 1]
        .into_iter()
        .filter(|length| *length <= digits)
        .filter_map(of_length)
        .find(|number| numbers.iter().any(|range| range.contains(number)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn as_the_library_says() {
        let mut differences = String::new();
        let mut lines = 0;
        // Those by which the rules were made, and those that were written down afterwards.
        let made = include_str!("../../../tests/golden/user_agents/known.jsonl").lines();
        let unseen = include_str!("../../../tests/golden/user_agents/unseen.jsonl").lines();
        for line in made.chain(unseen) {
            let line: Value = serde_json::from_str(line).unwrap();
            let agent = line["headers"]["User-Agent"].as_str().unwrap();
            let (browser, system) = analyse(agent);
            let version = browser.version.as_deref();
            let ours = [
                Some(browser.name.as_str()),
                Some(browser.family),
                version,
                Some(browser.kind),
                Some(browser.engine),
                Some(&system.name),
                Some(system.family),
                Some(system.manufacturer),
                Some(system.device),
            ];
            let expect: Vec<_> = line["utils"].as_array().unwrap().iter().map(Value::as_str).collect();
            if expect != ours {
                differences.push_str(&format!("{agent}\n  {ours:?}\n  {expect:?}\n"));
            }
            lines += 1;
        }
        assert_eq!(lines, 345 + 108);
        assert!(differences.is_empty(), "{differences}");
    }
}
