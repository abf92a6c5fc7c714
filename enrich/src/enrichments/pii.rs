//! `pii_enrichment_config`: values that tell who somebody is are replaced by their hashes
//! (`spec/enrichments-and-adapters.md` 2.23).

use std::collections::HashSet;

use event::{atomic::Field, schema_key::SchemaCriterion, self_describing::SelfDescribing};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Built, Enrichment, Kind,
    assets::Assets,
    configuration::Configuration,
    digest::Hash,
    inputs::{Json, Place, Pojo},
};
use crate::{
    java::decimal, json_path::JsonPath, problem::StepFailure, raw::request::Request, steps::Working,
};

pub(crate) static KIND: Kind = Kind::new("pii_enrichment_config", (2, 0), build);

/// Fields that can be hashed.
const FIELDS: [Field; 18] = [
    Field::UserId,
    Field::UserIpaddress,
    Field::UserFingerprint,
    Field::DomainUserid,
    Field::NetworkUserid,
    Field::IpOrganization,
    Field::IpDomain,
    Field::TrOrderid,
    Field::TiOrderid,
    Field::MktTerm,
    Field::MktContent,
    Field::SeCategory,
    Field::SeAction,
    Field::SeLabel,
    Field::SeProperty,
    Field::MktClickid,
    Field::RefrDomainUserid,
    Field::DomainSessionid,
];

#[derive(Deserialize)]
struct Parameters {
    pii: Vec<Value>,
    strategy: Strategy,
}

#[derive(Deserialize)]
struct Strategy {
    pseudonymize: Pseudonymize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pseudonymize {
    hash_function: String,
    salt: String,
}

struct Pii {
    /// Only requests that ask for anonymity.
    anonymous_only: bool,
    fields: Vec<Field>,
    locators: Vec<Locator>,
    hash: Hash,
    salt: String,
}

/// Values inside self-describing data.
struct Locator {
    place: Place,
    criterion: SchemaCriterion,
    path: JsonPath,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { pii, strategy } = configuration.read()?;
    let Pseudonymize { hash_function, salt } = strategy.pseudonymize;
    let hash = Hash::deserialize(Value::String(hash_function.clone()))
        .map_err(|_| format!("parameters.strategy: Unknown function {hash_function}"))?;
    let anonymous_only = configuration.data.get("anonymousOnly").and_then(Value::as_bool).unwrap_or(false);
    let mut made = Pii { anonymous_only, fields: Vec::new(), locators: Vec::new(), hash, salt };
    for (n, item) in pii.into_iter().enumerate() {
        made.add(item).map_err(|what| format!("parameters.pii[{n}]: {what}"))?;
    }
    Ok(Box::new(made))
}

impl Enrichment for Pii {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        if self.anonymous_only && !asks_for_anonymity(working.request) {
            return Ok(());
        }
        for field in &self.fields {
            if let Some(text) = working.event.get(*field) {
                let hashed = self.hashed(text);
                working.event.set(*field, &hashed);
            }
        }
        if working.unstruct.as_mut().is_some_and(|event| self.touch(Place::UnstructEvent, event)) {
            working.write_unstruct();
        }
        let touched =
            working.contexts.iter_mut().filter_map(|e| self.touch(Place::Contexts, e).then_some(()));
        if touched.count() > 0 {
            working.write_contexts();
        }
        for entity in &mut working.derived {
            self.touch(Place::DerivedContexts, entity);
        }
        Ok(())
    }
}

impl Pii {
    fn add(&mut self, item: Value) -> Result<(), String> {
        let read = |e: serde_json::Error| e.to_string();
        if let Some(pojo) = item.get("pojo") {
            let Pojo { field } = Pojo::deserialize(pojo).map_err(read)?;
            let known = FIELDS.into_iter().find(|known| known.name() == field);
            self.fields
                .push(known.ok_or_else(|| format!("The specified pojo field {field} is not supported"))?);
        } else if let Some(json) = item.get("json") {
            let Json { field, schema_criterion, json_path } = Json::deserialize(json).map_err(read)?;
            let criterion =
                schema_criterion.parse().map_err(|_| format!("{schema_criterion} is no criterion"))?;
            let path = JsonPath::compile(&json_path).map_err(|e| e.to_string())?;
            self.locators.push(Locator { place: field, criterion, path });
        } else {
            let item = event::json::to_compact(&item);
            return Err(format!(
                "PII Configuration: pii field does not include 'pojo' nor 'json' fields. Got: [{item}]"
            ));
        }
        Ok(())
    }

    /// Hashes what locators find; `false`: none is about this schema.
    fn touch(&self, place: Place, data: &mut SelfDescribing) -> bool {
        let mut touched = false;
        for locator in self.locators.iter().filter(|l| l.place == place) {
            if locator.criterion.matches(&data.schema) {
                if !touched {
                    reprint_numbers(&mut data.data);
                }
                touched = true;
                let mut hashed = Hashed::new(self);
                locator.path.for_each_mut(&mut data.data, &mut |value| hashed.replace(value));
            }
        }
        touched
    }

    fn hashed(&self, text: &str) -> String {
        self.hash.hex([text.as_bytes(), self.salt.as_bytes()].into_iter())
    }
}

/// What one locator does to one document: a text that it finds twice, as a value and as an element of an array, is hashed
/// once.
struct Hashed<'p> {
    pii: &'p Pii,
    /// Where the hashes are in memory; they stay there as long as the locator walks.
    hashes: HashSet<*const u8>,
}

impl<'p> Hashed<'p> {
    fn new(pii: &'p Pii) -> Self {
        Self { pii, hashes: HashSet::new() }
    }

    /// A text, or the texts that are elements of an array.
    fn replace(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.replace_text(text),
            Value::Array(items) => {
                for item in items {
                    if let Value::String(text) = item {
                        self.replace_text(text);
                    }
                }
            }
            _ => {}
        }
    }

    fn replace_text(&mut self, text: &mut String) {
        if !self.hashes.contains(&text.as_ptr()) {
            *text = self.pii.hashed(text);
            self.hashes.insert(text.as_ptr());
        }
    }
}

fn asks_for_anonymity(request: &Request) -> bool {
    const NAME: &str = "sp-anonymous";
    let mut lines = request.payload.headers.iter().flatten();
    lines.any(|line| line.get(..NAME.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAME)))
}

/// Numbers of data that a locator looked into are printed as Java prints them
/// (`spec/enrichments-and-adapters.md` 1.6).
fn reprint_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let printed = decimal::reprinted(number.as_str()).and_then(|text| text.parse().ok());
            if let Some(printed) = printed {
                *number = printed;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(reprint_numbers),
        Value::Object(members) => members.values_mut().for_each(reprint_numbers),
        _ => {}
    }
}
