//! What bad rows say when a schema is not to be had or data do not follow it (`spec/enrich.md` 5.6, `spec/iglu.md` 3.8).

use std::collections::BTreeMap;

use event::schema_key::SchemaVersion;
use jiff::Timestamp;
use serde_json::Value;

use crate::schema::Invalid;

/// The original's client error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// No registry has the schema.
    Resolution(ResolutionError),
    /// Invalid data or schema.
    Validation {
        /// Why.
        invalid: Invalid,
        /// The version the data were judged by, where it superseded the one asked for.
        superseded_by: Option<SchemaVersion>,
    },
}

/// What each registry answered, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolutionError {
    /// In order of the names.
    pub lookup_history: BTreeMap<String, LookupHistory>,
}

/// What one registry answered over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupHistory {
    /// Distinct errors, oldest first.
    pub errors: Vec<RegistryError>,
    /// How often it was asked.
    pub attempts: u32,
    /// When it was asked last.
    pub last_attempt: Timestamp,
}

/// One registry's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryError {
    /// It does not have it.
    NotFound,
    /// It failed.
    RepoFailure(String),
    /// We failed to ask, or did not understand.
    ClientFailure(String),
}

impl ClientError {
    /// The JSON that goes into `error` of bad rows.
    pub fn to_json(&self) -> Value {
        todo!()
    }
}
