//! Self-describing data: `{"schema": "iglu:...", "data": ...}` (`spec/iglu.md` 1.2).

use serde_json::Value;

use crate::schema_key::SchemaKey;

/// Data with the name of its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfDescribing {
    /// The schema that `data` follows.
    pub schema: SchemaKey,
    /// The data.
    pub data: Value,
}

/// Why a JSON value is not self-describing: the code that bad rows carry (`INVALID_DATA_PAYLOAD`, `INVALID_IGLUURI` ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct NotSelfDescribing {
    /// The code.
    pub code: &'static str,
}

impl SelfDescribing {
    /// Takes the two keys apart (extra keys are dropped).
    pub fn from_json(_json: Value) -> Result<Self, NotSelfDescribing> {
        todo!()
    }

    /// `{"schema":...,"data":...}`
    pub fn to_json(&self) -> Value {
        todo!()
    }
}
