//! A schema ready to judge data (`spec/iglu.md` 4).

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    /// Its name.
    pub key: SchemaKey,
    /// Its source.
    pub json: Value,
    /// `$supersededBy`, if there.
    pub superseded_by: Option<SchemaVersion>,
    // The owner of this file adds the compiled validator, or the issues that keep it from being one.
}

/// One complaint about data (`spec/enrich.md` 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataReport {
    /// In the original's words.
    pub message: String,
    /// `$.a.b`
    pub path: Option<String>,
    /// The failing keyword.
    pub keyword: Option<String>,
    /// Its arguments.
    pub targets: Vec<String>,
}

/// One complaint about a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaIssue {
    /// Where in the schema.
    pub path: String,
    /// In the original's words.
    pub message: String,
}

/// Why data is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The data do not follow the schema.
    Data(Vec<DataReport>),
    /// The schema itself is broken.
    Schema(Vec<SchemaIssue>),
}

impl Schema {
    /// Compiles a schema; a broken one compiles too and then fails every `validate` with its issues, as in the original.
    pub fn compile(_key: SchemaKey, _json: Value) -> Self {
        todo!()
    }

    /// Judges `data`.
    pub fn validate(&self, _data: &Value) -> Result<(), Invalid> {
        todo!()
    }
}
