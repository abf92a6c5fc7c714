//! The schemas that schemas are checked with (`spec/iglu.md` 2.10, 4.2).

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{META_SCHEMA, compile, message::Message, report, tree::Tree, verdict};
use crate::schema::SchemaIssue;

/// What a version is.
const VERSION: &str = "^[1-9][0-9]*(-(0|[1-9][0-9]*)){2}$";

/// A schema of schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetaSchema {
    /// Draft 4's own.
    Draft4,
    /// Draft 4 without the keywords that no table understands, and closed: it finds misspelled ones.
    Strict,
    /// `$schema`, `self`, `$supersedes` and `$supersededBy` are what Iglu knows.
    SelfDescribing,
}

static DRAFT_4: LazyLock<Tree> = LazyLock::new(|| compiled(&draft_4()));
static STRICT: LazyLock<Tree> = LazyLock::new(|| compiled(&strict()));
static SELF: LazyLock<Tree> = LazyLock::new(|| compiled(&self_describing()));

impl MetaSchema {
    /// What is wrong with a schema; empty: nothing.
    pub(crate) fn issues(self, schema: &Value) -> Vec<SchemaIssue> {
        let tree: &Tree = match self {
            Self::Draft4 => &DRAFT_4,
            Self::Strict => &STRICT,
            Self::SelfDescribing => &SELF,
        };
        if verdict::is_valid(tree, tree.root(), schema) {
            return vec![];
        }
        let issue = |message: Message| SchemaIssue { path: message.at, message: message.text };
        report::walk(tree, schema).into_iter().map(issue).collect()
    }
}

fn compiled(schema: &Value) -> Tree {
    compile::compile_as_written(schema).expect("schemas of schemas compile")
}

fn draft_4() -> Value {
    serde_json::from_str(include_str!("draft4.json")).expect("draft 4's schema is JSON")
}

fn strict() -> Value {
    let mut schema = draft_4();
    schema["additionalProperties"] = Value::Bool(false);
    let text = json!({"type": "string"});
    if let Some(known) = schema["properties"].as_object_mut() {
        for keyword in ["dependencies", "exclusiveMaximum", "exclusiveMinimum"] {
            known.shift_remove(keyword);
        }
        known.insert("format".into(), text.clone());
        known.insert("multipleOf".into(), json!({"type": "number", "minimum": 0}));
        known.insert("$supersededBy".into(), text.clone());
        known.insert("$supersedes".into(), json!({"type": "array", "items": text}));
        let parts = ["vendor", "name", "format", "version"];
        let of_self: serde_json::Map<_, _> =
            parts.map(|part| (part.to_owned(), text.clone())).into_iter().collect();
        let of_self = json!({"required": parts, "properties": of_self, "additionalProperties": false});
        known.insert("self".into(), of_self);
    }
    schema
}

fn self_describing() -> Value {
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    let name = "^[a-zA-Z0-9-_]+$";
    json!({
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "enum": [META_SCHEMA]},
            "$supersededBy": text(VERSION),
            "$supersedes": {"type": "array", "items": text(VERSION)},
            "self": {
                "required": ["vendor", "name", "format", "version"],
                "properties": {
                    "vendor": text("^[a-zA-Z0-9-_\\.]+$"),
                    "name": text(name),
                    "format": text(name),
                    "version": text(VERSION),
                },
            },
        },
    })
}
