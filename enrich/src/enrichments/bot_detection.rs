//! `bot_detection_enrichment_config`: whether a bot sent the event, by what other enrichments and the tracker say
//! (`spec/enrichments-and-adapters.md` 2.4).

use event::{
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("bot_detection_enrichment_config", (1, 0), build);

/// Whom to believe.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BotDetection {
    use_yauaa: bool,
    use_iab: bool,
    use_asn_lookups: bool,
    #[serde(default)]
    use_client_side_detection: bool,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    Ok(Box::new(configuration.read::<BotDetection>()?))
}

impl Enrichment for BotDetection {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let tracker = working.contexts.iter().filter(|entity| self.client_side(entity));
        let tracker = tracker.map(|_| "clientSideDetection");
        // The oldest first.
        let derived = working.derived.iter().rev().filter_map(|entity| self.derived(entity));
        let indicators: Vec<_> = tracker.chain(derived).collect();
        let key = SchemaKey::new(
            "com.snowplowanalytics.snowplow",
            "bot_detection",
            "jsonschema",
            SchemaVersion::new(1, 0, 1),
        );
        let data = json!({"bot": !indicators.is_empty(), "indicators": indicators});
        working.derive(SelfDescribing::new(key, data));
        Ok(())
    }
}

impl BotDetection {
    /// Whether the tracker says so.
    fn client_side(&self, entity: &SelfDescribing) -> bool {
        let name = ("com.snowplowanalytics.snowplow", "client_side_bot_detection", (1, 0, 0));
        self.use_client_side_detection && is(entity, name) && is_true(entity, "bot")
    }

    /// The name of the enrichment that says so.
    fn derived(&self, entity: &SelfDescribing) -> Option<&'static str> {
        let has = |name: &str, classes: &[&str]| {
            entity.data.get(name).and_then(Value::as_str).is_some_and(|class| classes.contains(&class))
        };
        if self.use_yauaa && is(entity, ("nl.basjes", "yauaa_context", (1, 0, 5))) {
            let is_bot = has("deviceClass", &["Robot", "Robot Mobile", "Robot Imitator"])
                || has("agentClass", &["Robot", "Robot Mobile"]);
            return is_bot.then_some("yauaa");
        }
        if self.use_iab && is(entity, ("com.iab.snowplow", "spiders_and_robots", (1, 0, 0))) {
            return is_true(entity, "spiderOrRobot").then_some("iab");
        }
        if self.use_asn_lookups && is(entity, ("com.snowplowanalytics.snowplow", "asn", (1, 0, 1))) {
            return is_true(entity, "likelyBot").then_some("asnLookups");
        }
        None
    }
}

fn is(entity: &SelfDescribing, (vendor, name, version): (&str, &str, (u32, u32, u32))) -> bool {
    let key = &entity.schema;
    key.vendor == vendor
        && key.name == name
        && key.format == "jsonschema"
        && (key.version.model, key.version.revision, key.version.addition) == version
}

fn is_true(entity: &SelfDescribing, name: &str) -> bool {
    entity.data.get(name).and_then(Value::as_bool) == Some(true)
}
