//! An event while a script has it: what scripts read and write (`spec/enrichments-and-adapters.md` 2.18.2).

use event::{
    atomic::{FIELDS, Field, Kind},
    enriched::EnrichedEvent,
    json, number,
    self_describing::SelfDescribing,
};
use serde_json::Value;

use crate::{conversion, entities, java::text::tsv_safe, transform::JsonRules};

/// What a script is given, and gives back.
#[derive(Debug)]
pub(crate) struct Scripted {
    pub(crate) event: EnrichedEvent,
    pub(crate) unstruct: Option<SelfDescribing>,
    pub(crate) contexts: Vec<SelfDescribing>,
    /// Entities that steps have made, the latest first.
    pub(crate) derived: Vec<SelfDescribing>,
    /// Whether the self-describing event, and the tracker's entities, are others than before.
    pub(crate) changed: (bool, bool),
    /// Whether the entities are to be those that the script returns.
    pub(crate) erased: bool,
    pub(crate) rules: JsonRules,
}

/// What a field is to a script, as a number that the prelude knows.
pub(crate) fn kind(field: Field) -> u8 {
    match (field, field.definition().kind) {
        (Field::DerivedContexts, _) => 6,
        (_, Kind::Json) => 5,
        (_, Kind::Decimal) => 4,
        (_, Kind::Float) => 3,
        (_, Kind::Bool) => 2,
        (_, Kind::Int) => 1,
        (_, Kind::Text | Kind::Uuid | Kind::Timestamp) => 0,
    }
}

impl Scripted {
    /// Nothing.
    pub(crate) fn empty(rules: JsonRules) -> Self {
        let event = EnrichedEvent::default();
        let (unstruct, contexts, derived) = (None, Vec::new(), Vec::new());
        Self { event, unstruct, contexts, derived, changed: (false, false), erased: false, rules }
    }

    /// The text of a field that the script reads as a text or as a number.
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        let field = FIELDS[number];
        let text = self.event.get(field);
        text.or_else(|| self.event.is_empty(field).then_some(""))
    }

    /// Sets a field to a text that the prelude has judged.
    pub(crate) fn set(&mut self, number: usize, text: Option<&str>) {
        let field = FIELDS[number];
        let Some(text) = text else { return self.event.clear(field) };
        match field.definition().kind {
            Kind::Decimal => match conversion::decimal(text) {
                Ok(decimal) => self.event.set(field, decimal.as_deref().unwrap_or_default()),
                // What a number of a script prints is always a decimal.
                Err(_) => self.event.set(field, text),
            },
            Kind::Float => match number::parse_double(text) {
                Some(double) => self.event.set(field, &number::float(double as f32)),
                None => self.event.clear(field),
            },
            _ if text.is_empty() => self.event.set_empty(field),
            _ => self.event.set(field, &tsv_safe(text)),
        }
    }

    /// The entities that steps have made; `None`: there are none.
    pub(crate) fn derived_text(&self) -> Option<String> {
        if self.derived.is_empty() {
            return None;
        }
        let mut text = String::new();
        entities::write_contexts(&self.derived, &mut text);
        Some(text)
    }

    /// Sets the self-describing event or the tracker's entities.
    ///
    /// # Errors
    /// What the original throws.
    pub(crate) fn set_entities(&mut self, number: usize, text: Option<&str>) -> Result<(), &'static str> {
        let rules = self.rules;
        if FIELDS[number] == Field::UnstructEvent {
            let wrong = "invalid unstruct_event json";
            let new = match text {
                Some(text) => {
                    let inner = envelope(rules, text).ok_or(wrong)?;
                    Some(rules.compatibility.take_apart(inner).map_err(|_| wrong)?)
                }
                None => None,
            };
            self.changed.0 |= new != self.unstruct;
            match &new {
                Some(new) => {
                    self.event.set_with(Field::UnstructEvent, |out| entities::write_unstruct(new, out))
                }
                None => self.event.clear(Field::UnstructEvent),
            }
            self.unstruct = new;
            return Ok(());
        }
        let new = match text {
            Some(text) => list(rules, text).ok_or("invalid contexts json")?,
            None => Vec::new(),
        };
        self.changed.1 |= new != self.contexts;
        if new.is_empty() {
            self.event.clear(Field::Contexts);
        } else {
            self.event.set_with(Field::Contexts, |out| entities::write_contexts(&new, out));
        }
        self.contexts = new;
        Ok(())
    }
}

/// Whether a text is a list of entities in its envelope.
pub(crate) fn is_list(rules: JsonRules, text: &str) -> bool {
    list(rules, text).is_some()
}

fn list(rules: JsonRules, text: &str) -> Option<Vec<SelfDescribing>> {
    let Value::Array(items) = envelope(rules, text)? else { return None };
    items.into_iter().map(|item| rules.compatibility.take_apart(item).ok()).collect()
}

/// What stands in an envelope: `data` beside a `schema`.
fn envelope(rules: JsonRules, text: &str) -> Option<Value> {
    let json = json::parse_within(text, rules.max_depth).ok()?;
    Some(rules.compatibility.take_apart(json).ok()?.data)
}
