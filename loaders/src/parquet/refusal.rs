//! Why a line is no row, in the words of bad rows (`spec/loaders-and-leases.md` 4.7, 5). Only what could not be stored is looked
//! at again here.

use event::{
    atomic::{FIELDS, Field},
    enriched::{Column, EnrichedEvent},
    number,
    self_describing::SelfDescribing,
};
use iglu::field::{
    FieldType,
    column::Place,
    judge::{wrong, wrong_element},
    select::SCHEMA_VERSION,
};
use serde_json::{Number, Value, json};

use super::{
    atomic::{MONEY, is_money},
    rows::Targets,
    schemas::Schemas,
};

/// Why a line is no row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is no enriched event: the `failure` of a `loader_parsing_error`.
    Parsing(Value),
    /// Its schemas are not to be had, or values do not fit their columns: the items of the `failure` of a
    /// `loader_iglu_error`.
    Iglu(Vec<Value>),
}

/// The schema of atomic fields.
const ATOMIC: &str = "iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0";

/// The event as bad rows carry it; the line itself should it be none.
pub fn event_object(line: &str) -> Value {
    let object = EnrichedEvent::split_tsv(line).and_then(|event| event.to_loader_payload());
    object.unwrap_or_else(|_| Value::String(line.to_owned()))
}

/// All that is wrong with a line that the columns of `targets` did not take.
pub(super) fn refusal(line: &str, schemas: &Schemas, targets: &Targets) -> Refusal {
    let event = match EnrichedEvent::parse_tsv(line) {
        Ok(event) => event,
        Err(error) => return Refusal::Parsing(error.to_json()),
    };
    let mut errors = Vec::new();
    for field in FIELDS.into_iter().filter(|field| is_money(*field)) {
        if let Ok(Some(Column::Double(value))) = event.column(field)
            && super::atomic::money(&value.to_string()).is_none()
        {
            let shown = if value.is_finite() {
                Value::Number(Number::from_string_unchecked(number::double(value)))
            } else {
                Value::String(number::double(value))
            };
            errors.push(json!({"schemaKey": ATOMIC, "value": shown, "expected": MONEY.to_string()}));
        }
    }
    for field in [Field::Contexts, Field::DerivedContexts, Field::UnstructEvent] {
        let place = if field == Field::UnstructEvent { Place::Unstruct } else { Place::Contexts };
        for item in event.data(field).unwrap_or_default() {
            judge(place, item, schemas, targets, &mut errors);
        }
    }
    if errors.is_empty() {
        errors.push(json!({"schemaKey": ATOMIC, "message": "the event does not fit its columns"}));
    }
    Refusal::Iglu(errors)
}

fn judge(place: Place, item: SelfDescribing, schemas: &Schemas, targets: &Targets, errors: &mut Vec<Value>) {
    let SelfDescribing { schema, mut data } = item;
    if let Some(trouble) = schemas.trouble(&schema) {
        return errors.push(trouble);
    }
    let uri = schema.to_string();
    let Some(field) = targets.field(place, &schema) else { return };
    let wrong = match (&field.ty, place) {
        (FieldType::Array { element, nullable }, Place::Contexts) => {
            if let Value::Object(members) = &mut data {
                members.insert(SCHEMA_VERSION.to_owned(), schema.version.to_string().into());
            }
            wrong_element(element, *nullable, &data)
        }
        _ => wrong(field, &data),
    };
    errors.extend(
        wrong
            .into_iter()
            .map(|wrong| json!({"schemaKey": uri, "value": wrong.value, "expected": wrong.expected})),
    );
}
