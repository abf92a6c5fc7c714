//! Each enrichment of the current line: what its configuration and its files may be, and what it makes of events. No
//! recordings of that line exist; the expected values are those of `spec/enrichments-and-adapters.md`.

pub mod all_on;
pub mod anon_ip;
pub mod api_request;
pub mod asn_lookups;
pub mod bots;
pub mod campaign_attribution;
pub mod configurations;
pub mod cookie_extractor;
pub mod cross_navigation;
pub mod currency_conversion;
pub mod event_fingerprint;
pub mod event_spec;
pub mod http_header_extractor;
pub mod ip_lookups;
pub mod javascript;
pub mod pii;
pub mod reference;
pub mod referer_parser;
pub mod service;
pub mod services;
pub mod sql_query;
pub mod ua_parser;

use enrich::{
    compatibility::Compatibility,
    enrichments::{Enrichments, assets::Assets, configuration::Configuration},
    lookup::{self, client::Client as Services},
    output::{Kind, Output},
    settings::Settings,
};
use event::{
    atomic::Field, bad_row::Processor, enriched::EnrichedEvent, json, self_describing::SelfDescribing,
};
use iglu::{client::Client, resolver_config::ResolverConfig};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::registry::Registry;

pub const SNOWPLOW: &str = "com.snowplowanalytics.snowplow";
pub const ENRICHMENTS: &str = "com.snowplowanalytics.snowplow.enrichments";

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The configuration of an enrichment that is enabled. `schema` is the name and the version: `anon_ip/1-0-1`.
pub fn configuration(vendor: &str, schema: &str, parameters: Value) -> Value {
    let (name, version) = schema.split_once('/').unwrap();
    json!({
        "schema": format!("iglu:{vendor}/{name}/jsonschema/{version}"),
        "data": {"vendor": vendor, "name": name, "enabled": true, "parameters": parameters},
    })
}

/// What the built-in schema says against a configuration.
pub fn judged(configuration: &Value) -> Option<String> {
    let data = SelfDescribing::from_json(configuration.clone()).unwrap();
    let config = ResolverConfig { cache_size: 10, cache_ttl: None, repositories: Vec::new() };
    let client = Client::new(config, || NOW);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(client.judge(&data)).err().map(|error| json::to_compact(&error.to_json()))
}

/// The enrichments of configurations that are valid by their schemas, with files by their names.
pub fn build(configurations: &[Value], files: &[(&str, &[u8])]) -> Result<Enrichments, String> {
    for configuration in configurations {
        assert_eq!(judged(configuration), None, "{configuration}");
    }
    let configurations: Vec<_> =
        configurations.iter().map(|json| Configuration::from_json("it", json.clone()).unwrap()).collect();
    let mut assets = Assets::default();
    for asset in Enrichments::assets(&configurations).map_err(|e| e.to_string())? {
        if let Some((_, content)) = files.iter().find(|(name, _)| *name == asset.file_name()) {
            assets.put(asset, content.to_vec().into());
        }
    }
    Enrichments::build(&configurations, &assets).map_err(|e| e.to_string())
}

/// An enricher.
pub struct Enricher {
    settings: Settings,
    services: Services,
    now: Timestamp,
}

impl Enricher {
    /// With these configurations and files, which must be right.
    pub fn with(configurations: &[Value], files: &[(&str, &[u8])]) -> Self {
        let processor = Processor { artifact: "test".into(), version: "1".into() };
        let enrichments = build(configurations, files).unwrap();
        let settings =
            Settings { enrichments: enrichments.into(), ..Settings::new(Compatibility::Current, processor) };
        Self { settings, services: Services::new(Default::default()), now: NOW }
    }

    /// The same in the Apache line.
    pub fn apache(self) -> Self {
        let Settings { enrichments, processor, .. } = self.settings;
        let settings = Settings { enrichments, ..Settings::new(Compatibility::Apache, processor) };
        Self { settings, ..self }
    }

    /// The same, asking services so.
    pub fn asking(self, settings: lookup::client::Settings) -> Self {
        Self { services: Services::new(settings), ..self }
    }

    /// The same at another time.
    pub fn at(self, now: &str) -> Self {
        Self { now: now.parse().unwrap(), ..self }
    }

    /// What comes out of a record.
    pub fn outputs(&self, record: &[u8]) -> Vec<Output> {
        thread_local! {
            static REGISTRY: Registry = Registry::at(NOW);
        }
        let made = REGISTRY.with(|registry| {
            registry.process_asking(record, &self.settings, self.now, &mut Uuid::nil, &self.services)
        });
        made.expect("no foreign schema is needed")
    }

    /// The one event of a record, which is good.
    #[track_caller]
    pub fn event(&self, record: &[u8]) -> EnrichedEvent {
        let outputs = self.outputs(record);
        let [output] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
        let line = std::str::from_utf8(&output.data).unwrap();
        assert_eq!(output.kind, Kind::Good, "{line}");
        EnrichedEvent::parse_tsv(line).unwrap()
    }

    /// The bad row of a record that gives nothing else.
    #[track_caller]
    pub fn bad(&self, record: &[u8]) -> Value {
        let outputs = self.outputs(record);
        let [output] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
        let row = std::str::from_utf8(&output.data).unwrap();
        assert!(matches!(output.kind, Kind::Bad(_)), "{row}");
        json::parse(row).unwrap()
    }

    /// The derived entities of the good event of a record: their schemas and data, as text.
    #[track_caller]
    pub fn derived(&self, record: &[u8]) -> Vec<String> {
        derived(&self.event(record))
    }
}

/// Derived entities, each as `vendor/name/version data`.
pub fn derived(event: &EnrichedEvent) -> Vec<String> {
    let Some(text) = event.get(Field::DerivedContexts) else { return Vec::new() };
    let entities = json::parse(text).unwrap();
    let entity = |entity: &Value| {
        let schema = entity["schema"].as_str().unwrap().strip_prefix("iglu:").unwrap();
        format!("{} {}", schema.replace("/jsonschema/", "/"), json::to_compact(&entity["data"]))
    };
    entities["data"].as_array().unwrap().iter().map(entity).collect()
}

/// `%XX` for every byte.
pub fn escaped(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// A page view of this address.
pub fn page_view(url: &str) -> Vec<u8> {
    super::samples::get(&format!("e=pv&p=web&url={}", escaped(url)))
}

/// A self-describing event of one of our schemas.
pub fn unstruct(name: &str, data: &str) -> String {
    let inner = format!(r#"{{"schema":"iglu:com.acme.piste/{name}/jsonschema/1-0-0","data":{data}}}"#);
    format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{inner}}}"#
    )
}

/// An envelope of entities of one of our schemas.
pub fn contexts(name: &str, data: &[&str]) -> String {
    let item =
        |data: &&str| format!(r#"{{"schema":"iglu:com.acme.piste/{name}/jsonschema/1-0-0","data":{data}}}"#);
    let items: Vec<_> = data.iter().map(item).collect();
    let schema = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1";
    format!(r#"{{"schema":"{schema}","data":[{}]}}"#, items.join(","))
}
