//! A schema as far as columns depend on it (`spec/iglu.md` 6.1), with everything that the hash of recovery columns is made from
//! (`spec/loaders-and-leases.md` 4.6). Keywords that are not listed are invisible; one that is null is not there.

pub(crate) mod number;

use serde_json::{Map, Value};

use self::number::Number;
use crate::table::keywords::{Kind, NotASchema};

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

/// `items`
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Items {
    /// One schema for all.
    Each(Box<Syntax>),
    /// One schema for each place.
    Places(Vec<Syntax>),
}

/// `additionalProperties`, `additionalItems`
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Additional {
    Allowed(bool),
    Like(Box<Syntax>),
}

/// `type`: each once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Types {
    pub(crate) kinds: Vec<Kind>,
}

impl Types {
    pub(crate) fn of(kinds: Vec<Kind>) -> Self {
        Self { kinds }
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// This type, or a union of it and null.
    pub(crate) fn is(&self, kind: Kind) -> bool {
        let mut others = self.kinds.iter().filter(|k| **k != Kind::Null);
        others.next() == Some(&kind) && others.next().is_none()
    }
}

impl Syntax {
    /// Reads a schema.
    ///
    /// # Errors
    /// A known keyword whose value has no meaning: such a document has no columns in the original either.
    pub fn decode(schema: &Value) -> Result<Self, NotASchema> {
        decode(schema, &mut String::new())
    }
}

/// A keyword's value that has no meaning.
struct Meaningless;

fn decode(schema: &Value, at: &mut String) -> Result<Syntax, NotASchema> {
    let Value::Object(object) = schema else {
        return Err(NotASchema { keyword: "schema", pointer: at.clone() });
    };
    let plain = |keyword: &'static str| NotASchema { keyword, pointer: at.clone() };
    macro_rules! read {
        ($keyword:literal, $read:expr) => {
            given(object, $keyword).map($read).transpose().map_err(|Meaningless| plain($keyword))?
        };
    }
    let mut syntax = Syntax {
        multiple_of: read!("multipleOf", number),
        minimum: read!("minimum", number),
        maximum: read!("maximum", number),
        max_length: read!("maxLength", length).flatten(),
        min_length: read!("minLength", length).flatten(),
        pattern: read!("pattern", text),
        format: read!("format", text),
        schema_uri: read!("$schema", text),
        min_items: read!("minItems", length).flatten(),
        max_items: read!("maxItems", length).flatten(),
        required: read!("required", texts),
        types: read!("type", types),
        members: read!("enum", |value| value.as_array().cloned().ok_or(Meaningless)),
        description: read!("description", text),
        ..Syntax::default()
    };
    syntax.items = match given(object, "items") {
        None => None,
        Some(Value::Array(places)) => Some(Items::Places(list(places, at, "items")?)),
        Some(one) if one.is_object() => Some(Items::Each(Box::new(nested(one, at, &["items"])?))),
        Some(_) => return Err(NotASchema { keyword: "items", pointer: at.clone() }),
    };
    syntax.additional_items = additional(object, "additionalItems", at)?;
    syntax.additional_properties = additional(object, "additionalProperties", at)?;
    syntax.properties = named(object, "properties", at)?;
    syntax.pattern_properties = named(object, "patternProperties", at)?;
    syntax.one_of = alternatives(object, "oneOf", at)?;
    syntax.any_of = alternatives(object, "anyOf", at)?;
    Ok(syntax)
}

/// What stands under a keyword.
fn given<'a>(object: &'a Map<String, Value>, keyword: &str) -> Option<&'a Value> {
    object.get(keyword).filter(|value| !value.is_null())
}

fn nested(value: &Value, at: &mut String, steps: &[&str]) -> Result<Syntax, NotASchema> {
    let before = at.len();
    for step in steps {
        at.push('/');
        at.push_str(step);
    }
    let decoded = decode(value, at);
    at.truncate(before);
    decoded
}

fn list(values: &[Value], at: &mut String, keyword: &str) -> Result<Vec<Syntax>, NotASchema> {
    values.iter().map(|value| nested(value, at, &[keyword])).collect()
}

fn named(
    object: &Map<String, Value>,
    keyword: &'static str,
    at: &mut String,
) -> Result<Option<Members>, NotASchema> {
    match given(object, keyword) {
        None => Ok(None),
        Some(Value::Object(all)) => {
            let decoded =
                all.iter().map(|(name, value)| Ok((name.clone(), nested(value, at, &[keyword, name])?)));
            decoded.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(NotASchema { keyword, pointer: at.clone() }),
    }
}

fn alternatives(
    object: &Map<String, Value>,
    keyword: &'static str,
    at: &mut String,
) -> Result<Option<Vec<Syntax>>, NotASchema> {
    match given(object, keyword) {
        None => Ok(None),
        Some(Value::Array(all)) => list(all, at, keyword).map(Some),
        Some(_) => Err(NotASchema { keyword, pointer: at.clone() }),
    }
}

fn additional(
    object: &Map<String, Value>,
    keyword: &'static str,
    at: &mut String,
) -> Result<Option<Additional>, NotASchema> {
    match given(object, keyword) {
        None => Ok(None),
        Some(Value::Bool(allowed)) => Ok(Some(Additional::Allowed(*allowed))),
        Some(like @ Value::Object(_)) => Ok(Some(Additional::Like(Box::new(nested(like, at, &[keyword])?)))),
        Some(_) => Err(NotASchema { keyword, pointer: at.clone() }),
    }
}

fn number(value: &Value) -> Result<Number, Meaningless> {
    match value {
        Value::Number(n) => Ok(Number::bound(&n.to_string())),
        _ => Err(Meaningless),
    }
}

/// Also a number in a string, as the original takes it; negative ones count as absent.
fn length(value: &Value) -> Result<Option<Number>, Meaningless> {
    let text = match value {
        Value::Number(n) => n.to_string(),
        Value::String(s) if !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) => s.clone(),
        _ => return Err(Meaningless),
    };
    let number = Number::bound(&text);
    if !number.is_integer() {
        return Err(Meaningless);
    }
    Ok((!text.starts_with('-')).then_some(number))
}

fn text(value: &Value) -> Result<String, Meaningless> {
    value.as_str().map(str::to_owned).ok_or(Meaningless)
}

fn texts(value: &Value) -> Result<Vec<String>, Meaningless> {
    value.as_array().ok_or(Meaningless)?.iter().map(text).collect()
}

fn types(value: &Value) -> Result<Types, Meaningless> {
    let kind = |value| Kind::named(value).ok_or(Meaningless);
    let Value::Array(all) = value else { return Ok(Types { kinds: vec![kind(value)?] }) };
    let mut kinds = Vec::new();
    for one in all {
        let kind = kind(one)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(Types { kinds })
}
