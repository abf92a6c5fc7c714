//! `javascript_script_config`: scripts that change events and make entities (`spec/enrichments-and-adapters.md` 2.18).

mod event;
mod java;
mod run;
mod source;

use std::sync::Arc;

use ::event::{
    atomic::Field, bad_row::Message, json, schema_key::SchemaKey, self_describing::SelfDescribing,
};
use serde::Deserialize;
use serde_json::Value;

use self::{
    event::Scripted,
    run::{Ending, Script},
    source::Source,
};
use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{
    entities,
    problem::{StepFailure, StepProblem},
    steps::Working,
    transform::JsonRules,
};

pub(crate) static KIND: Kind = Kind { many: true, ..Kind::new("javascript_script_config", (1, 0), build) };

/// `parameters`.
#[derive(Deserialize)]
struct Parameters {
    script: String,
    config: Option<Value>,
}

/// A script, and how failures name it.
struct Javascript {
    script: Arc<Script>,
    /// The file that configures it.
    name: String,
    key: SchemaKey,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { script, config } = configuration.read()?;
    let bytes = java::decoded(&script).map_err(|why| format!("parameters.script: no Base64: {why}"))?;
    let text = String::from_utf8(bytes).map_err(|why| format!("parameters.script: {why}"))?;
    if text.trim().is_empty() {
        return Err("Provided script for JS enrichment is empty".to_owned());
    }
    let parameters = config.map_or_else(|| "{}".to_owned(), |config| json::to_compact(&config));
    let name = configuration.origin.rsplit('/').next().unwrap_or_default().to_owned();
    let script = |source: Source| Arc::new(Script { source, parameters: parameters.clone() });
    let mut ready = script(Source::marked(&text));
    if run::compile(&ready, &name).is_err() {
        // What is wrong is said of the source as it was written. Where that compiles, there are no marks.
        ready = script(Source::plain(&text));
        run::compile(&ready, &name)?;
    }
    Ok(Box::new(Javascript { script: ready, name, key: configuration.key.clone() }))
}

impl Enrichment for Javascript {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let rules = working.rules;
        if rules.compatibility.is_apache() && !working.derived.is_empty() {
            // There a bad row shows what was made before the first script.
            let derived = &working.derived;
            working.event.set_with(Field::DerivedContexts, |out| entities::write_contexts(derived, out));
        }
        let taken = Scripted {
            event: std::mem::take(&mut working.event),
            unstruct: working.unstruct.take(),
            contexts: std::mem::take(&mut working.contexts),
            derived: std::mem::take(&mut working.derived),
            changed: (false, false),
            erased: false,
            rules,
        };
        let headers = working.request.payload.headers.as_deref().unwrap_or_default();
        let name = if rules.compatibility.is_apache() { "<eval>" } else { &self.name };
        let (given, ending) = run::run(&self.script, name, taken, headers);
        working.event = given.event;
        working.unstruct = given.unstruct;
        working.contexts = given.contexts;
        working.derived = given.derived;
        working.scripted.0 |= given.changed.0;
        working.scripted.1 |= given.changed.1;
        if given.erased {
            working.event.clear(Field::DerivedContexts);
        }
        match ending {
            Ending::Returned(None) if given.erased => working.derived.clear(),
            Ending::Returned(None) => {}
            Ending::Returned(Some(text)) => {
                let entities = returned(&text, rules).map_err(|error| self.failure(error))?;
                if given.erased {
                    working.derived.clear();
                }
                working.derive_all(entities);
            }
            Ending::Dropped => working.is_dropped = true,
            Ending::Failed(error) => return Err(self.failure(error)),
        }
        Ok(())
    }
}

impl Javascript {
    fn failure(&self, error: String) -> Box<StepFailure> {
        let enrichment = Some((self.key.clone(), "Javascript enrichment".to_owned()));
        Box::new(StepFailure { enrichment, what: StepProblem::Message(Message::Simple { error }) })
    }
}

/// The entities that a script returned.
///
/// # Errors
/// What else it returned, in the original's words.
fn returned(text: &str, rules: JsonRules) -> Result<Vec<SelfDescribing>, String> {
    let value = json::parse_within(text, rules.max_depth).map_err(|why| {
        format!("Could not parse output JSON of Javascript function. Error: [invalid json: {why}]")
    })?;
    let Value::Array(items) = value else {
        let printed = json::to_indented(&value);
        return Err(format!(
            "Output of JavaScript function [{printed}] could be parsed as JSON but is not read as an array"
        ));
    };
    let (mut entities, mut wrong) = (Vec::new(), Vec::new());
    for item in items {
        match rules.compatibility.take_apart(item) {
            Ok(entity) => entities.push(entity),
            Err((item, code)) => {
                wrong.push(format!("error code:[{code}],json:[{}]", json::to_compact(&item)));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(entities);
    }
    Err(format!("Resulting contexts are not self-desribing. Error(s): [{}]", wrong.join(";")))
}
