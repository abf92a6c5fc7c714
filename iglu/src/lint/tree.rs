//! A schema as the linters see it (`spec/iglu.md` 6.1): known keywords that are not understood make it no schema, unknown
//! ones are not there.

use serde_json::{Map, Number, Value};

use super::bound::Bound;
use crate::table::keywords::Kind;

/// A schema or a part of one.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) types: Option<Vec<Kind>>,
    pub(super) has_members: bool,
    pub(super) multiple_of: bool,
    pub(super) minimum: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) min_length: Option<Bound>,
    pub(super) max_length: Option<Bound>,
    pub(super) pattern: bool,
    pub(super) format: Option<String>,
    pub(super) meta_schema: Option<String>,
    pub(super) items: Option<Items>,
    pub(super) additional_items: Option<Additional>,
    pub(super) min_items: Option<Bound>,
    pub(super) max_items: Option<Bound>,
    pub(super) properties: Option<Vec<(String, Node)>>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) required: Option<Vec<String>>,
    pub(super) pattern_properties: Option<Vec<(String, Node)>>,
    pub(super) one_of: Option<Vec<Node>>,
    pub(super) has_description: bool,
}

/// `items`
#[derive(Debug)]
pub(super) enum Items {
    All(Box<Node>),
    Each(Vec<Node>),
}

/// `additionalItems`, `additionalProperties`
#[derive(Debug)]
pub(super) enum Additional {
    Allowed(bool),
    Are(Box<Node>),
}

impl Node {
    /// Reads a schema; `None`: it is none.
    pub(super) fn read(json: &Value) -> Option<Self> {
        let object = json.as_object()?;
        any_of(object)?;
        Some(Self {
            types: read(object, "type", types)?,
            has_members: read(object, "enum", |v| v.as_array().map(|_| ()))?.is_some(),
            multiple_of: read(object, "multipleOf", decimal_or_text)?.is_some(),
            minimum: read(object, "minimum", decimal)?,
            maximum: read(object, "maximum", decimal)?,
            min_length: read(object, "minLength", integer_or_text)?,
            max_length: read(object, "maxLength", integer_or_text)?,
            pattern: read(object, "pattern", text)?.is_some(),
            format: read(object, "format", text)?,
            meta_schema: read(object, "$schema", text)?,
            items: read(object, "items", items)?,
            additional_items: read(object, "additionalItems", additional)?,
            min_items: read(object, "minItems", integer)?,
            max_items: read(object, "maxItems", integer)?,
            properties: read(object, "properties", members)?,
            additional_properties: read(object, "additionalProperties", additional)?,
            required: read(object, "required", texts)?,
            pattern_properties: read(object, "patternProperties", members)?,
            one_of: read(object, "oneOf", nodes)?,
            has_description: read(object, "description", text)?.is_some(),
        })
    }

    /// Whether `type` is this type or holds it.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.types.as_ref().is_some_and(|types| types.contains(&kind))
    }

    /// Whether there is a `type` and this one is not in it.
    pub(super) fn lacks(&self, kind: Kind) -> bool {
        self.types.as_ref().is_some_and(|types| !types.contains(&kind))
    }
}

/// What stands under a keyword: nothing, or something that must be understood.
fn read<T>(object: &Map<String, Value>, keyword: &str, read: fn(&Value) -> Option<T>) -> Option<Option<T>> {
    match object.get(keyword) {
        None | Some(Value::Null) => Some(None),
        Some(value) => read(value).map(Some),
    }
}

/// `anyOf` must be understood, and then nothing looks at it.
fn any_of(object: &Map<String, Value>) -> Option<()> {
    read(object, "anyOf", nodes).map(drop)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(text).collect()
}

fn nodes(value: &Value) -> Option<Vec<Node>> {
    value.as_array()?.iter().map(Node::read).collect()
}

fn members(value: &Value) -> Option<Vec<(String, Node)>> {
    value.as_object()?.iter().map(|(name, node)| Some((name.clone(), Node::read(node)?))).collect()
}

fn items(value: &Value) -> Option<Items> {
    match value {
        Value::Array(_) => nodes(value).map(Items::Each),
        other => Node::read(other).map(|node| Items::All(Box::new(node))),
    }
}

fn additional(value: &Value) -> Option<Additional> {
    match value {
        Value::Bool(allowed) => Some(Additional::Allowed(*allowed)),
        other => Node::read(other).map(|node| Additional::Are(Box::new(node))),
    }
}

fn types(value: &Value) -> Option<Vec<Kind>> {
    match value {
        Value::Array(all) => all.iter().map(Kind::named).collect(),
        one => Kind::named(one).map(|kind| vec![kind]),
    }
}

fn decimal(value: &Value) -> Option<Bound> {
    value.as_number().map(Number::as_str).map(Bound::of_number)
}

fn integer(value: &Value) -> Option<Bound> {
    decimal(value).filter(Bound::is_integer)
}

fn integer_or_text(value: &Value) -> Option<Bound> {
    match value {
        Value::String(text) => Bound::of_integer_text(text),
        other => integer(other),
    }
}

fn decimal_or_text(value: &Value) -> Option<Bound> {
    match value {
        Value::String(text) => Bound::of_text(text),
        other => decimal(other),
    }
}
