//! `yauaa_enrichment_config`: device, system, layout engine and agent, in the words of YAUAA
//! (`spec/enrichments-and-adapters.md` 2.8).
//!
//! The rules are our own, made to say what that library says of the user agents that there are; how far they do is in
//! `docs/compatibility.md` and held by a test.

mod app;
mod browser;
mod finding;
mod hints;
mod language;
mod model;
mod platform;
mod robot;
mod words;

use event::{
    atomic::Field,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};

use self::{finding::Finding, hints::Hints, words::Words};
use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("yauaa_enrichment_config", (1, 0), build);

/// User agents whose answers are kept, unless the configuration says otherwise.
const REMEMBERED: usize = 10_000;
/// Longest user agent that is read to its end, in bytes.
const LONGEST: usize = 8 << 10;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Parameters {
    cache_size: Option<i64>,
}

struct Yauaa {
    /// By the user agent and the headers that count, joined.
    remembered: Option<Cache<Box<str>, Value>>,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let parameters: Parameters =
        if configuration.parameters().is_null() { Parameters::default() } else { configuration.read()? };
    let size = parameters.cache_size.map_or(REMEMBERED, |size| usize::try_from(size).unwrap_or(0));
    Ok(Box::new(Yauaa { remembered: (size > 0).then(|| Cache::new(size)) }))
}

impl Enrichment for Yauaa {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let is_apache = working.compatibility.is_apache();
        let addition = if is_apache { 4 } else { 5 };
        let key =
            SchemaKey::new("nl.basjes", "yauaa_context", "jsonschema", SchemaVersion::new(1, 0, addition));
        let mut data = match working.event.get(Field::Useragent) {
            None | Some("") => json!({"deviceClass": finding::UNKNOWN}),
            Some(agent) => {
                let mut hints = Hints::default();
                for header in working.request.payload.headers.iter().flatten() {
                    if let Some((name, value)) = header.split_once(": ") {
                        hints.take(name, value.trim_start());
                    }
                }
                self.analyse(agent, &hints)
            }
        };
        if let (true, Value::Object(members)) = (is_apache, &mut data) {
            // Version 1-0-4 forgets it.
            members.shift_remove("webviewAppNameVersion");
        }
        working.derive(SelfDescribing::new(key, data));
        Ok(())
    }
}

impl Yauaa {
    fn analyse(&self, agent: &str, hints: &Hints<'_>) -> Value {
        let Some(remembered) = &self.remembered else { return analyse(agent, hints) };
        let joined;
        let key = if *hints == Hints::default() {
            agent
        } else {
            let Hints { brands, full_versions, platform, platform_version, architecture, model } = hints;
            joined =
                [agent, brands, full_versions, platform, platform_version, architecture, model].join("\n");
            &joined
        };
        remembered.get(key).unwrap_or_else(|| {
            let data = analyse(agent, hints);
            remembered.insert(key.into(), data.clone());
            data
        })
    }
}

/// The data of the entity.
fn analyse(agent: &str, hints: &Hints<'_>) -> Value {
    let words = Words::of(agent.get(..LONGEST).unwrap_or(agent));
    let mut found = Finding::default();
    if !(robot::find(&words, &mut found) || app::network(&words, &mut found)) {
        platform::find(&words, &mut found);
        browser::find(&words, &mut found);
        robot::unknown(&words, &mut found);
        hints.apply(&mut found);
    }
    found.into_json()
}

#[cfg(test)]
mod tests;
