//! What schema authors are told (`spec/iglu.md` 2.10, 5.2): what the schemas of schemas say, and what linters find in a schema
//! that is one.

mod bound;
mod linter;
pub mod report;
mod tree;

use event::schema_key::SchemaKey;
use serde_json::Value;

pub use self::linter::{ALL, Level, Linter};
use self::tree::Node;
use crate::{
    syntax::part::{self, Additional, Items},
    validator::{META_SCHEMA, meta_schema::MetaSchema},
};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part of the schema, for example `/properties/sku`; the whole is `/`.
    pub pointer: String,
    /// In the original's words.
    pub message: String,
    /// How bad it is.
    pub level: Level,
    /// The linter that found it; `None`: a schema of schemas.
    pub linter: Option<&'static str>,
}

/// The linters that may be left out: those whose findings are no errors.
pub fn optional() -> impl Iterator<Item = &'static Linter> {
    ALL.iter().filter(|linter| linter.level < Level::Error)
}

/// What linters find, the last part of the schema first.
///
/// # Errors
/// The document is no schema as linters understand it.
pub fn linted(schema: &Value) -> Result<Vec<Finding>, NotASchema> {
    let root: Node = part::whole(schema).map_err(|_| NotASchema)?;
    let mut parts = Vec::new();
    visit(&root, &mut String::new(), &mut parts);
    let mut found = Vec::new();
    for (pointer, node) in parts.into_iter().rev() {
        let pointer = if pointer.is_empty() { "/".to_owned() } else { pointer };
        let is_root = std::ptr::eq(node, &raw const root);
        found.extend(ALL.iter().filter_map(|linter| {
            let message = linter.check(node, is_root)?;
            Some(Finding {
                pointer: pointer.clone(),
                message,
                level: linter.level,
                linter: Some(linter.name),
            })
        }));
    }
    Ok(found)
}

/// The document is no schema as linters understand it: a known keyword has a value without meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Cannot extract JSON Schema")]
pub struct NotASchema;

/// What the schemas of schemas say: unknown keywords are warnings, the rest are errors.
pub fn of_meta_schemas(schema: &Value) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for (meta, level) in [
        (MetaSchema::Strict, Level::Warning),
        (MetaSchema::Draft4, Level::Error),
        (MetaSchema::SelfDescribing, Level::Error),
    ] {
        for issue in meta.issues(schema) {
            let pointer = pointer_of(&issue.path);
            match found.iter_mut().find(|known| known.pointer == pointer && known.message == issue.message) {
                Some(known) => known.level = known.level.max(level),
                None => found.push(Finding { pointer, message: issue.message, level, linter: None }),
            }
        }
    }
    found
}

/// All that is to be said of a document that should be a self-describing schema, and what it calls itself.
pub fn judged(schema: &Value) -> (Vec<Finding>, Option<SchemaKey>) {
    let whole = |message: String| Finding { pointer: "/".into(), message, level: Level::Error, linter: None };
    let mut found = of_meta_schemas(schema);
    match linted(schema) {
        Ok(linted) => found.extend(linted),
        Err(error) => found.push(whole(error.to_string())),
    }
    let key = self_of(schema);
    if key.is_none() {
        found.push(whole("JSON Schema is not self-describing".into()));
    }
    (found, key)
}

/// What a schema calls itself, where it is a self-describing one (`spec/iglu.md` 1.2). Names are taken as they are.
pub fn self_of(schema: &Value) -> Option<SchemaKey> {
    if schema.get("$schema").and_then(Value::as_str) != Some(META_SCHEMA) {
        return None;
    }
    let of_self = schema.get("self")?.as_object()?;
    let part = |name: &str| of_self.get(name).and_then(Value::as_str);
    let version = part("version")?.parse().ok()?;
    Some(SchemaKey::new(part("vendor")?, part("name")?, part("format")?, version))
}

/// `$.a.b[0]` as `/a/b/0`.
fn pointer_of(path: &str) -> String {
    let path = path.strip_prefix('$').unwrap_or(path);
    if path.is_empty() {
        return "/".to_owned();
    }
    path.replace(']', "").replace(['.', '['], "/")
}

fn visit<'a>(node: &'a Node, at: &mut String, parts: &mut Vec<(String, &'a Node)>) {
    parts.push((at.clone(), node));
    match &node.items {
        Some(Items::Each(all)) => below(all, at, &["items"], parts),
        Some(Items::Places(each)) => {
            for (place, node) in each.iter().enumerate() {
                below(node, at, &["items", &place.to_string()], parts);
            }
        }
        None => {}
    }
    if let Some(Additional::Like(node)) = &node.additional_items {
        below(node, at, &["additionalItems"], parts);
    }
    for (name, node) in node.properties.iter().flatten() {
        below(node, at, &["properties", name], parts);
    }
    if let Some(Additional::Like(node)) = &node.additional_properties {
        below(node, at, &["additionalProperties"], parts);
    }
    for (name, node) in node.pattern_properties.iter().flatten() {
        below(node, at, &["patternProperties", name], parts);
    }
    for (place, node) in node.one_of.iter().flatten().enumerate() {
        below(node, at, &["oneOf", &place.to_string()], parts);
    }
}

fn below<'a>(node: &'a Node, at: &mut String, path: &[&str], parts: &mut Vec<(String, &'a Node)>) {
    let length = at.len();
    for step in path {
        at.push('/');
        at.push_str(step);
    }
    visit(node, at, parts);
    at.truncate(length);
}
