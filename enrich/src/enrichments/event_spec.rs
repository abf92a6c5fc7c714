//! `event_spec_enrichment_config`: which event specifications an event follows, by a file of them
//! (`spec/enrichments-and-adapters.md` 2.24).

use event::{
    atomic::{self, Field},
    enriched::EnrichedEvent,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use iglu::validator::Validator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind { assets, ..Kind::new("event_spec_enrichment_config", (1, 0), build) };

const VENDOR: &str = "com.snowplowanalytics.snowplow";

#[derive(Deserialize)]
struct Parameters {
    uri: String,
    database: String,
}

/// The file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    event_specs: Vec<SpecInFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecInFile {
    id: String,
    name: String,
    version: Option<i64>,
    schema_key: String,
    constraint: Option<Value>,
    #[serde(default)]
    entities: Vec<EntityInFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntityInFile {
    schema_key: String,
    min_cardinality: Option<usize>,
    max_cardinality: Option<usize>,
    constraint: Option<Value>,
}

struct EventSpecs(Vec<Spec>);

struct Spec {
    id: String,
    name: String,
    version: Option<i64>,
    schema: SchemaKey,
    constraint: Option<Validator>,
    entities: Vec<Entity>,
}

struct Entity {
    schema: SchemaKey,
    min: usize,
    max: usize,
    constraint: Option<Validator>,
}

impl Parameters {
    fn asset(&self) -> Asset {
        Asset::new(&self.uri, &self.database)
    }
}

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    Ok(vec![configuration.read::<Parameters>()?.asset()])
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let asset = configuration.read::<Parameters>()?.asset();
    let file: File = serde_json::from_slice(assets.get(&asset)?)
        .map_err(|e| format!("{asset}: Failed to parse event specs file: {e}"))?;
    let mut specs = Vec::new();
    for spec in latest(file.event_specs) {
        let id = spec.id.clone();
        let compiled = spec.compile();
        specs.push(compiled.map_err(|e| format!("{asset}: Could not compile event spec {id}: {e}"))?);
    }
    Ok(Box::new(EventSpecs(specs)))
}

/// Those without a version, and of each id the latest version.
fn latest(specs: Vec<SpecInFile>) -> Vec<SpecInFile> {
    let is_latest = |spec: &SpecInFile, others: &[SpecInFile]| {
        spec.version.is_none() || !others.iter().any(|o| o.id == spec.id && o.version > spec.version)
    };
    let keep: Vec<bool> = specs.iter().map(|spec| is_latest(spec, &specs)).collect();
    specs.into_iter().zip(keep).filter_map(|(spec, keep)| keep.then_some(spec)).collect()
}

fn key(uri: &str) -> Result<SchemaKey, String> {
    uri.parse().map_err(|_| format!("{uri} is no schema key"))
}

fn constraint(schema: Option<&Value>) -> Result<Option<Validator>, String> {
    schema.map(Validator::compile).transpose().map_err(|issue| issue.message)
}

impl SpecInFile {
    fn compile(self) -> Result<Spec, String> {
        let entities = self.entities.into_iter().map(|entity| {
            Ok(Entity {
                schema: key(&entity.schema_key)?,
                min: entity.min_cardinality.unwrap_or(0),
                max: entity.max_cardinality.unwrap_or(usize::MAX),
                constraint: constraint(entity.constraint.as_ref())?,
            })
        });
        Ok(Spec {
            schema: key(&self.schema_key)?,
            constraint: constraint(self.constraint.as_ref())?,
            entities: entities.collect::<Result<_, String>>()?,
            id: self.id,
            name: self.name,
            version: self.version,
        })
    }
}

impl Enrichment for EventSpecs {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let told = working
            .contexts
            .iter()
            .any(|e| e.schema.vendor == VENDOR && e.schema.name == "event_specification");
        if told {
            return Ok(());
        }
        let synthetic;
        let document = match &working.unstruct {
            Some(event) => event,
            None => match page_event(&working.event) {
                Some(made) => {
                    synthetic = made;
                    &synthetic
                }
                None => return Ok(()),
            },
        };
        let entities: Vec<&SelfDescribing> = working.derived.iter().chain(&working.contexts).collect();
        let matching = self.0.iter().filter(|spec| spec.matches(document, &entities));
        let found = matching.map(Spec::entity).collect();
        working.derive_all(found);
        Ok(())
    }
}

impl Spec {
    fn matches(&self, document: &SelfDescribing, entities: &[&SelfDescribing]) -> bool {
        self.schema == document.schema
            && self.constraint.as_ref().is_none_or(|constraint| constraint.is_valid(&document.data))
            && self.entities.iter().all(|listed| {
                let mut there = entities.iter().filter(|entity| entity.schema == listed.schema);
                let count = there.clone().count();
                let valid =
                    |data| listed.constraint.as_ref().is_none_or(|constraint| constraint.is_valid(data));
                (listed.min..=listed.max).contains(&count) && there.all(|entity| valid(&entity.data))
            })
    }

    fn entity(&self) -> SelfDescribing {
        let key = SchemaKey::new(VENDOR, "event_specification", "jsonschema", SchemaVersion::new(1, 0, 4));
        let mut data = json!({"id": self.id, "name": self.name});
        if let (Some(version), Value::Object(members)) = (self.version, &mut data) {
            members.insert("version".into(), version.into());
        }
        SelfDescribing::new(key, data)
    }
}

/// Page views and pings have no data of their own: these stand for them.
fn page_event(event: &EnrichedEvent) -> Option<SelfDescribing> {
    const PAGE: [Field; 9] = [
        Field::PageUrl,
        Field::PageTitle,
        Field::PageReferrer,
        Field::PageUrlscheme,
        Field::PageUrlhost,
        Field::PageUrlport,
        Field::PageUrlpath,
        Field::PageUrlquery,
        Field::PageUrlfragment,
    ];
    const PING: [Field; 4] =
        [Field::PpXoffsetMin, Field::PpXoffsetMax, Field::PpYoffsetMin, Field::PpYoffsetMax];
    let (name, more): (_, &[Field]) = match event.get(Field::Event)? {
        "page_view" => ("page_view", &[]),
        "page_ping" => ("page_ping", &PING),
        _ => return None,
    };
    let members: Map<String, Value> =
        PAGE.iter().chain(more).map(|field| (field.name().to_owned(), value(event, *field))).collect();
    let key = SchemaKey::new(VENDOR, name, "jsonschema", SchemaVersion::new(1, 0, 0));
    Some(SelfDescribing::new(key, Value::Object(members)))
}

fn value(event: &EnrichedEvent, field: Field) -> Value {
    match (event.get(field), field.definition().kind) {
        (None, _) => Value::Null,
        (Some(text), atomic::Kind::Int) => text.parse::<i64>().map_or(Value::Null, Value::from),
        (Some(text), _) => Value::String(text.to_owned()),
    }
}
