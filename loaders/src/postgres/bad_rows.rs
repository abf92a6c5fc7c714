//! What cannot be loaded (`spec/loaders-and-leases.md` 3.7 and 5).

use event::schema_key::SchemaKey;
use event::{
    bad_row::{BadRow, Failure, Processor},
    enriched::{EnrichedEvent, ParseError, Sdk},
};
use iglu::client_error::{ClientError, ResolutionError};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::config::Purpose;

/// Who gives up, as the original names itself.
pub const ARTIFACT: &str = "snowplow-postgres-loader";

/// The processor of all bad rows of this loader.
pub fn processor() -> Processor {
    Processor { artifact: ARTIFACT.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// A line that is no enriched event.
pub fn parsing(line: &str, error: &ParseError) -> BadRow {
    // The original has the Analytics SDK 2.1.
    let error = error.to_json_of(Sdk::Two);
    BadRow {
        processor: processor(),
        failure: Failure::LoaderParsingError { error, payload: line.to_owned() },
    }
}

/// An event whose schemas are not to be had, or whose data do not fit them.
pub fn iglu(line: &str, errors: Vec<Value>) -> BadRow {
    with_payload(line, |payload| Failure::LoaderIgluError { errors, payload })
}

/// An event that Postgres refuses.
pub fn runtime(line: &str, error: String) -> BadRow {
    with_payload(line, |payload| Failure::LoaderRuntimeError { error, payload })
}

/// A self-describing record that cannot be loaded; `payload` is its text.
pub fn generic(payload: String, errors: Vec<String>, now: Timestamp) -> BadRow {
    BadRow { processor: processor(), failure: Failure::GenericError { timestamp: now, errors, payload } }
}

/// A record that Postgres refuses.
pub fn refused(purpose: Purpose, record: &str, error: String, now: Timestamp) -> BadRow {
    if purpose.has_events() {
        return runtime(record, error);
    }
    let payload =
        event::json::parse(record).map_or_else(|_| record.to_owned(), |json| event::json::to_compact(&json));
    generic(payload, vec![cannot_insert(&error)], now)
}

/// The original's words in front of an error of the database.
pub fn cannot_insert(error: &str) -> String {
    format!("Cannot insert: {error}")
}

/// A bad row that is larger than a record may be: its beginning.
pub fn oversized(json: &str, max: usize, now: Timestamp) -> BadRow {
    let cut = (0..=(max / 10).min(json.len())).rev().find(|&at| json.is_char_boundary(at)).unwrap_or(0);
    let failure = Failure::SizeViolation {
        timestamp: now,
        maximum_allowed_size_bytes: max as u64,
        actual_size_bytes: json.len() as u64,
        expectation: "bad row must fit the stream's record size".to_owned(),
        payload: json[..cut].to_owned(),
    };
    BadRow { processor: processor(), failure }
}

/// No registry has any schema of the model.
pub fn no_schema(key: &SchemaKey, error: &ResolutionError) -> Value {
    let error = ClientError::Resolution(error.clone()).to_json();
    let criterion = format!("iglu:{}/{}/{}/{}-*-*", key.vendor, key.name, key.format, key.version.model);
    json!({"schemaCriterion": criterion, "error": error})
}

/// The schema is no schema as tables understand it.
pub fn unusable_schema(key: &SchemaKey, why: &str) -> Value {
    json!({"schemaKey": key.to_string(), "message": why})
}

/// A value that is none of its column's type. The value is missing, as in the original.
pub fn wrong_type(uri: &str, expected: &str) -> Value {
    json!({"schemaKey": uri, "value": null, "expected": expected})
}

fn with_payload(line: &str, failure: impl FnOnce(Value) -> Failure) -> BadRow {
    let payload = EnrichedEvent::split_tsv(line).and_then(|event| event.to_loader_payload());
    match payload {
        Ok(payload) => BadRow { processor: processor(), failure: failure(payload) },
        // Something that only the loader could read; the line itself keeps everything.
        Err(error) => parsing(line, &error),
    }
}
