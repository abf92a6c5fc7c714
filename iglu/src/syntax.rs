//! A schema as far as columns depend on it (`spec/iglu.md` 6.1), with everything that the hash of recovery columns is made from
//! (`spec/loaders-and-leases.md` 4.6). Keywords that are not listed are invisible; one that is null is not there.

pub(crate) mod number;
pub(crate) mod part;

use serde_json::Value;

pub(crate) use self::part::{Additional, Items, Types};
pub use self::part::{Kind, NotASchema};
use self::{
    number::Number,
    part::{Given, Part},
};

/// A schema or a part of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Syntax {
    pub(crate) multiple_of: Option<Number>,
    pub(crate) minimum: Option<Number>,
    pub(crate) maximum: Option<Number>,
    pub(crate) max_length: Option<Number>,
    pub(crate) min_length: Option<Number>,
    pub(crate) pattern: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) schema_uri: Option<String>,
    pub(crate) items: Option<Items>,
    pub(crate) additional_items: Option<Additional>,
    pub(crate) min_items: Option<Number>,
    pub(crate) max_items: Option<Number>,
    pub(crate) properties: Option<Members>,
    pub(crate) additional_properties: Option<Additional>,
    pub(crate) required: Option<Vec<String>>,
    pub(crate) pattern_properties: Option<Members>,
    pub(crate) types: Option<Types>,
    pub(crate) members: Option<Vec<Value>>,
    pub(crate) one_of: Option<Vec<Syntax>>,
    pub(crate) any_of: Option<Vec<Syntax>>,
    pub(crate) description: Option<String>,
}

/// Schemas by name, in the order of the document.
pub(crate) type Members = Vec<(String, Syntax)>;

impl Syntax {
    /// Reads a schema.
    ///
    /// # Errors
    /// A known keyword whose value has no meaning: such a document has no columns in the original either.
    pub fn decode(schema: &Value) -> Result<Self, NotASchema> {
        part::whole(schema)
    }
}

impl Part for Syntax {
    fn of(given: &mut Given<'_>) -> Result<Self, NotASchema> {
        Ok(Self {
            multiple_of: given.read("multipleOf", number)?,
            minimum: given.read("minimum", number)?,
            maximum: given.read("maximum", number)?,
            max_length: given.read("maxLength", length)?.flatten(),
            min_length: given.read("minLength", length)?.flatten(),
            pattern: given.text("pattern")?,
            format: given.text("format")?,
            schema_uri: given.text("$schema")?,
            items: given.items()?,
            additional_items: given.additional("additionalItems")?,
            min_items: given.read("minItems", length)?.flatten(),
            max_items: given.read("maxItems", length)?.flatten(),
            properties: given.named("properties")?,
            additional_properties: given.additional("additionalProperties")?,
            required: given.texts("required")?,
            pattern_properties: given.named("patternProperties")?,
            types: given.types()?,
            members: given.read("enum", |value| value.as_array().cloned())?,
            one_of: given.list("oneOf")?,
            any_of: given.list("anyOf")?,
            description: given.text("description")?,
        })
    }
}

fn number(value: &Value) -> Option<Number> {
    value.as_number().map(|n| Number::bound(n.as_str()))
}

/// Also a number in a string, as the original takes it; negative ones count as absent.
#[expect(clippy::option_option, reason = "outer: understood or not; inner: there or not")]
fn length(value: &Value) -> Option<Option<Number>> {
    let text = match value {
        Value::Number(n) => n.as_str(),
        Value::String(s) if !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) => s,
        _ => return None,
    };
    let number = Number::bound(text);
    number.is_integer().then(|| (!text.starts_with('-')).then_some(number))
}
