//! The check of a schema by draft 4's own schema (`spec/iglu.md` 4.2).

use std::sync::LazyLock;

use serde_json::Value;

use super::{compile, message::Message, report, tree::Tree, verdict};
use crate::schema::SchemaIssue;

static DRAFT_4: LazyLock<Tree> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(include_str!("draft4.json")).expect("draft 4's schema is JSON");
    compile::compile_as_written(&schema).expect("draft 4's schema compiles")
});

/// What is wrong with a schema; empty: nothing.
pub(super) fn issues(schema: &Value) -> Vec<SchemaIssue> {
    if verdict::is_valid(&DRAFT_4, DRAFT_4.root(), schema) {
        return vec![];
    }
    let issue = |message: Message| SchemaIssue { path: message.at, message: message.text };
    report::walk(&DRAFT_4, schema).into_iter().map(issue).collect()
}
