//! `ua_parser_config`: browser, operating system and device by the rules of the User Agent String Parser project
//! (`spec/enrichments-and-adapters.md` 2.7).

use std::fmt::Write as _;

use event::{
    atomic::Field,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value, json};
use ua_parser::{Extractor, Regexes};

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind { assets, ..Kind::new("ua_parser_config", (1, 0), build) };

/// The rules that are built in; see `build.rs`.
static RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/regexes.yaml"));

/// User agents whose answers are kept.
const REMEMBERED: usize = 5_000;

/// What no rule matches.
const OTHER: &str = "Other";

/// Where other rules are.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    uri: Option<String>,
    database: Option<String>,
}

struct UaParser {
    rules: Extractor<'static>,
    remembered: Cache<Box<str>, Value>,
}

impl Parameters {
    fn asset(&self) -> Option<Asset> {
        Some(Asset::new(self.uri.as_deref()?, self.database.as_deref()?))
    }
}

fn read(configuration: &Configuration) -> Result<Parameters, String> {
    if configuration.parameters().is_null() { Ok(Parameters::default()) } else { configuration.read() }
}

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    Ok(read(configuration)?.asset().into_iter().collect())
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let failed = |why: String| format!("Failed to initialize ua parser: [{why}]");
    let regexes: Regexes<'static> = match read(configuration)?.asset() {
        None => yaml_serde::from_str(RULES),
        Some(asset) => yaml_serde::from_slice(assets.get(&asset)?),
    }
    .map_err(|e| failed(e.to_string()))?;
    let rules = Extractor::try_from(regexes).map_err(|e| failed(e.to_string()))?;
    Ok(Box::new(UaParser { rules, remembered: Cache::new(REMEMBERED) }))
}

impl Enrichment for UaParser {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        // An empty header is a user agent too, if an unknown one.
        let empty = working.request.payload.user_agent.is_some().then_some("");
        if let Some(agent) = working.event.get(Field::Useragent).or(empty) {
            let key = SchemaKey::new(
                "com.snowplowanalytics.snowplow",
                "ua_parser_context",
                "jsonschema",
                SchemaVersion::new(1, 0, 0),
            );
            let data = self.remembered.get(agent).unwrap_or_else(|| {
                let data = self.parse(agent);
                self.remembered.insert(agent.into(), data.clone());
                data
            });
            working.derive(SelfDescribing::new(key, data));
        }
        Ok(())
    }
}

impl UaParser {
    fn parse(&self, agent: &str) -> Value {
        let (browser, system, device) = self.rules.extract(agent);
        let browser = browser.unwrap_or_else(|| ua_parser::user_agent::ValueRef {
            family: OTHER.into(),
            ..Default::default()
        });
        let (family, [major, minor, patch, patch_minor]) = match &system {
            Some(os) => (&*os.os, [&os.major, &os.minor, &os.patch, &os.patch_minor].map(Option::as_deref)),
            None => (OTHER, [None; 4]),
        };
        let device = device.as_ref().map_or(OTHER, |device| &*device.device);
        json!({
            "useragentFamily": browser.family,
            "useragentMajor": browser.major,
            "useragentMinor": browser.minor,
            "useragentPatch": browser.patch,
            "useragentVersion": version(&browser.family, &[browser.major, browser.minor, browser.patch]),
            "osFamily": family,
            "osMajor": major,
            "osMinor": minor,
            "osPatch": patch,
            "osPatchMinor": patch_minor,
            "osVersion": version(family, &[major, minor, patch, patch_minor]),
            "deviceFamily": device,
        })
    }
}

/// The family, a space and the parts that there are, with dots between.
fn version(family: &str, parts: &[Option<&str>]) -> String {
    let mut text = family.to_owned();
    for (n, part) in parts.iter().enumerate() {
        if let Some(part) = part {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{part}", if n == 0 { ' ' } else { '.' });
        }
    }
    text
}
