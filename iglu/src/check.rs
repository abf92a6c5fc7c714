//! Judging self-describing data by what the cache knows (`spec/iglu.md` 3.9). Pure: what is missing is named, not fetched.

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use jiff::Timestamp;

use crate::{cache::Cache, client_error::ClientError};

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
pub fn check(_cache: &Cache, _data: &SelfDescribing, _now: Timestamp) -> Verdict {
    todo!()
}
