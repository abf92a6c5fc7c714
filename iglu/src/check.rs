//! Judging self-describing data by what the cache knows (`spec/iglu.md` 3.9). Pure: what is missing is named, not fetched.

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use jiff::Timestamp;

use crate::{
    cache::{Cache, Lookup},
    client_error::{ClientError, ResolutionError},
    schema::{DEFAULT_MAX_JSON_DEPTH, Schema},
};

/// The verdict.
#[derive(Debug)]
pub enum Verdict {
    /// Valid by the schema it names.
    Valid,
    /// Valid by a newer version that supersedes the one it names.
    ValidBySuperseding(SchemaKey),
    /// Not valid, or no such schema.
    Invalid(ClientError),
    /// This schema must be fetched first.
    Need(SchemaKey),
}

/// Judges `data` at `now`.
pub fn check(cache: &Cache, data: &SelfDescribing, now: Timestamp) -> Verdict {
    check_within(cache, data, DEFAULT_MAX_JSON_DEPTH, now)
}

/// [`check`] with another limit to the nesting of the data.
pub fn check_within(cache: &Cache, data: &SelfDescribing, max_depth: usize, now: Timestamp) -> Verdict {
    match cache.lookup(&data.schema, now) {
        Lookup::Known(schema) => judge(&schema, data, max_depth),
        Lookup::Unknown(error) => Verdict::Invalid(ClientError::Resolution(ResolutionError::clone(&error))),
        Lookup::Need => Verdict::Need(data.schema.clone()),
    }
}

fn judge(schema: &Schema, data: &SelfDescribing, max_depth: usize) -> Verdict {
    match (schema.validate_within(&data.data, max_depth), schema.superseded_by) {
        (Ok(()), None) => Verdict::Valid,
        (Ok(()), Some(version)) => Verdict::ValidBySuperseding(SchemaKey { version, ..data.schema.clone() }),
        (Err(invalid), superseded_by) => Verdict::Invalid(ClientError::Validation { invalid, superseded_by }),
    }
}
