//! The validator: draft 4 as the original's library understands it (`spec/iglu.md` 4). A schema is compiled once into a
//! flat tree; valid data, the normal case, costs one walk without allocation ([`verdict`]); only invalid data are
//! walked a second time for the reports ([`report`]), whose texts and order are the original's.
//!
//! Behaviour was checked against networknt json-schema-validator 1.0.76, the version inside iglu-scala-client 4.0.2.

mod compile;
pub(crate) mod decimal;
mod domain;
mod equality;
mod format;
pub(crate) mod java_hash;
mod java_text;
mod map_order;
mod message;
pub(crate) mod meta_schema;
mod report;
mod timestamp;
mod tree;
mod verdict;

use serde_json::Value;

use self::meta_schema::MetaSchema;
use crate::schema::{DataReport, SchemaIssue};

/// The only `$schema` that is accepted (`spec/iglu.md` 4.1).
pub const META_SCHEMA: &str =
    "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

/// A schema that can judge data.
#[derive(Debug)]
pub struct Validator {
    tree: tree::Tree,
}

impl Validator {
    /// Compiles without the self-check: only what cannot be made sense of is refused.
    ///
    /// # Errors
    /// What keeps the schema from being used: an unknown `$schema`, an unresolvable `$ref`, an invalid pattern.
    pub fn compile(schema: &Value) -> Result<Self, SchemaIssue> {
        match schema.get("$schema") {
            None | Some(Value::Null) => (),
            Some(Value::String(uri)) if uri == META_SCHEMA || uri.is_empty() => (),
            Some(Value::String(uri)) => return Err(issue(format!("Unknown MetaSchema: {uri}"))),
            Some(other) => return Err(issue(format!("Unknown MetaSchema: {other}"))),
        }
        compile::compile(schema).map(|tree| Self { tree }).map_err(|error| issue(error.to_string()))
    }

    /// Compiles after checking the schema against draft 4's own schema (`spec/iglu.md` 4.2).
    ///
    /// # Errors
    /// The issues found; never empty.
    pub fn checked(schema: &Value) -> Result<Self, Vec<SchemaIssue>> {
        let issues = MetaSchema::Draft4.issues(schema);
        if !issues.is_empty() {
            return Err(issues);
        }
        Self::compile(schema).map_err(|issue| vec![issue])
    }

    /// Whether `data` are valid.
    #[inline]
    pub fn is_valid(&self, data: &Value) -> bool {
        if self.tree.stateful {
            self.reports(data).is_empty()
        } else {
            verdict::is_valid(&self.tree, self.tree.root(), data)
        }
    }

    /// What is wrong with `data`, in the original's order; empty: nothing.
    pub fn reports(&self, data: &Value) -> Vec<DataReport> {
        report::walk(&self.tree, data).into_iter().map(message::Message::into_report).collect()
    }
}

fn issue(message: String) -> SchemaIssue {
    SchemaIssue { path: "$".into(), message }
}

#[cfg(test)]
mod tests;
