//! A schema ready to judge data (`spec/iglu.md` 4).

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

use crate::validator::Validator;

/// Levels of nesting, the scalar leaf included, that schemas and data may have where nothing else is said
/// (`spec/enrich.md` 5.1).
pub const DEFAULT_MAX_JSON_DEPTH: usize = 50;

/// What is said of deeper documents.
const TOO_DEEP: &str = "Maximum allowed JSON depth exceeded";

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    /// The name it was asked for by.
    pub key: SchemaKey,
    /// Its source.
    pub json: Value,
    /// The version that was asked for in its place, where it supersedes another (`spec/iglu.md` 3.6): data that named
    /// `key` are judged by this one.
    pub superseded_by: Option<SchemaVersion>,
    validator: Result<Validator, Vec<SchemaIssue>>,
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
    pub fn compile(key: SchemaKey, json: Value) -> Self {
        let validator = if is_deeper_than(&json, DEFAULT_MAX_JSON_DEPTH) {
            Err(vec![SchemaIssue { path: "/".into(), message: TOO_DEEP.into() }])
        } else {
            Validator::checked(&json)
        };
        Self { key, json, superseded_by: None, validator }
    }

    /// The same schema, standing in for the version of its key.
    #[must_use]
    pub fn superseding(self, key: SchemaKey) -> Self {
        Self { superseded_by: Some(self.key.version), key, ..self }
    }

    /// What makes the schema unusable; empty: nothing.
    pub fn issues(&self) -> &[SchemaIssue] {
        self.validator.as_ref().err().map_or(&[], Vec::as_slice)
    }

    /// Judges `data`.
    ///
    /// # Errors
    /// What is wrong with the data, or with the schema.
    #[inline]
    pub fn validate(&self, data: &Value) -> Result<(), Invalid> {
        self.validate_within(data, DEFAULT_MAX_JSON_DEPTH)
    }

    /// [`Schema::validate`] with another limit to the nesting of the data.
    ///
    /// # Errors
    /// What is wrong with the data, or with the schema.
    pub fn validate_within(&self, data: &Value, max_depth: usize) -> Result<(), Invalid> {
        let validator = match &self.validator {
            Ok(validator) => validator,
            Err(issues) => return Err(Invalid::Schema(issues.clone())),
        };
        if is_deeper_than(data, max_depth) {
            let report = DataReport {
                message: TOO_DEEP.into(),
                path: Some("/".into()),
                keyword: None,
                targets: vec![],
            };
            return Err(Invalid::Data(vec![report]));
        }
        if validator.is_valid(data) { Ok(()) } else { Err(Invalid::Data(validator.reports(data))) }
    }
}

/// Whether a value has more levels than this: a scalar and an empty container have one.
fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let Some(inner) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper_than(item, inner)),
        Value::Object(map) => map.values().any(|item| is_deeper_than(item, inner)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::from_str;

    use super::*;

    #[test]
    fn depths() {
        for (json, depth) in
            [("1", 1), ("[]", 1), ("[1]", 2), (r#"{"a":[1]}"#, 3), (r#"{"a":[[]],"b":1}"#, 3)]
        {
            let value = from_str(json).unwrap();
            assert!(!is_deeper_than(&value, depth), "{json}");
            assert!(is_deeper_than(&value, depth - 1), "{json}");
        }
    }
}
