//! A schema as the linters see it (`spec/iglu.md` 6.1): known keywords that are not understood make it no schema, unknown
//! ones are not there.

use serde_json::{Number, Value};

use super::bound::Bound;
use crate::syntax::{
    Kind, NotASchema,
    part::{Additional, Given, Items, Part, Types},
};

/// A schema or a part of one.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) types: Option<Types>,
    pub(super) has_members: bool,
    pub(super) multiple_of: bool,
    pub(super) minimum: Option<Bound>,
    pub(super) maximum: Option<Bound>,
    pub(super) min_length: Option<Bound>,
    pub(super) max_length: Option<Bound>,
    pub(super) pattern: bool,
    pub(super) format: Option<String>,
    pub(super) meta_schema: Option<String>,
    pub(super) items: Option<Items<Node>>,
    pub(super) additional_items: Option<Additional<Node>>,
    pub(super) min_items: Option<Bound>,
    pub(super) max_items: Option<Bound>,
    pub(super) properties: Option<Vec<(String, Node)>>,
    pub(super) additional_properties: Option<Additional<Node>>,
    pub(super) required: Option<Vec<String>>,
    pub(super) pattern_properties: Option<Vec<(String, Node)>>,
    pub(super) one_of: Option<Vec<Node>>,
    pub(super) has_description: bool,
}

impl Node {
    /// Whether `type` is this type or holds it.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.types.as_ref().is_some_and(|types| types.has(kind))
    }

    /// Whether there is a `type` and this one is not in it.
    pub(super) fn lacks(&self, kind: Kind) -> bool {
        self.types.as_ref().is_some_and(|types| !types.has(kind))
    }
}

impl Part for Node {
    fn of(given: &mut Given<'_>) -> Result<Self, NotASchema> {
        // It must be understood, and then nothing looks at it.
        given.list::<Self>("anyOf")?;
        Ok(Self {
            types: given.types()?,
            has_members: given.read("enum", |value| value.as_array().map(|_| ()))?.is_some(),
            multiple_of: given.read("multipleOf", decimal_or_text)?.is_some(),
            minimum: given.read("minimum", decimal)?,
            maximum: given.read("maximum", decimal)?,
            min_length: given.read("minLength", integer_or_text)?,
            max_length: given.read("maxLength", integer_or_text)?,
            pattern: given.text("pattern")?.is_some(),
            format: given.text("format")?,
            meta_schema: given.text("$schema")?,
            items: given.items()?,
            additional_items: given.additional("additionalItems")?,
            min_items: given.read("minItems", integer)?,
            max_items: given.read("maxItems", integer)?,
            properties: given.named("properties")?,
            additional_properties: given.additional("additionalProperties")?,
            required: given.texts("required")?,
            pattern_properties: given.named("patternProperties")?,
            one_of: given.list("oneOf")?,
            has_description: given.text("description")?.is_some(),
        })
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
