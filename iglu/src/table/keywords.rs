//! The keywords of a schema that decide about columns (`spec/iglu.md` 6.1); all others are invisible here.

use serde_json::{Map, Value};

/// A schema or a part of one, as far as columns depend on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keywords {
    /// `type`; a single one is a list of one.
    pub types: Option<Vec<Kind>>,
    /// `enum`
    pub members: Option<Vec<Value>>,
    /// `format`
    pub format: Option<String>,
    /// `minLength`; negative numbers count as absent.
    pub min_length: Option<u64>,
    /// `maxLength`; negative numbers count as absent.
    pub max_length: Option<u64>,
    /// `maximum`
    pub maximum: Option<Bound>,
    /// Whether `multipleOf` is an integer.
    pub integer_multiple: bool,
    /// `properties`, in the order of the document.
    pub properties: Option<Vec<(String, Keywords)>>,
    /// `required`
    pub required: Vec<String>,
    /// `additionalProperties` where it is a schema.
    pub additional_properties: Option<Box<Keywords>>,
    /// `additionalItems` where it is a schema.
    pub additional_items: Option<Box<Keywords>>,
}

/// A `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the words of JSON Schema")]
pub enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// What the value of a `type`, or one of its list, names.
    pub(crate) fn named(value: &Value) -> Option<Self> {
        Some(match value.as_str()? {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::String,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }
}

/// A `maximum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An integer of at most 2147483647.
    SmallInteger,
    /// A larger integer.
    LargeInteger,
    /// With a fraction.
    Fraction,
}

/// The document is no schema as tables understand it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{keyword} at {pointer} is not understood")]
pub struct NotASchema {
    /// The keyword.
    pub keyword: &'static str,
    /// Where it stands; empty at the root.
    pub pointer: String,
}

impl Keywords {
    /// Reads a schema.
    ///
    /// # Errors
    /// A known keyword whose value has no meaning: such a document has no table in the original either.
    pub fn decode(schema: &Value) -> Result<Self, NotASchema> {
        decode(schema, &mut String::new())
    }

    /// Whether `null` is among the types or the members.
    pub fn allows_null(&self) -> bool {
        self.types.as_ref().is_some_and(|t| t.contains(&Kind::Null))
            || self.members.as_ref().is_some_and(|m| m.contains(&Value::Null))
    }

    /// The types without null; empty when there is no `type`.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.types.iter().flatten().copied().filter(|k| *k != Kind::Null)
    }

    /// Whether `type` is this type, or a union of it and null.
    pub fn is(&self, kind: Kind) -> bool {
        let mut kinds = self.kinds();
        kinds.next() == Some(kind) && kinds.next().is_none()
    }
}

fn decode(schema: &Value, at: &mut String) -> Result<Keywords, NotASchema> {
    let wrong = |keyword: &'static str, at: &str| NotASchema { keyword, pointer: at.to_owned() };
    let Value::Object(object) = schema else { return Err(wrong("schema", at)) };
    let properties = match object.get("properties") {
        None => None,
        Some(Value::Object(all)) => {
            let mut decoded = Vec::with_capacity(all.len());
            for (name, value) in all {
                decoded.push((name.clone(), nested(value, at, &["properties", name])?));
            }
            Some(decoded)
        }
        Some(_) => return Err(wrong("properties", at)),
    };
    let required = match object.get("required") {
        None => Vec::new(),
        Some(value) => strings(value).ok_or_else(|| wrong("required", at))?,
    };
    match object.get("items") {
        None => {}
        Some(items @ Value::Object(_)) => drop(nested(items, at, &["items"])?),
        Some(Value::Array(all)) => {
            for item in all {
                nested(item, at, &["items"])?;
            }
        }
        Some(_) => return Err(wrong("items", at)),
    }
    Ok(Keywords {
        types: types(object).ok_or_else(|| wrong("type", at))?,
        members: match object.get("enum") {
            None => None,
            Some(Value::Array(members)) => Some(members.clone()),
            Some(_) => return Err(wrong("enum", at)),
        },
        format: match object.get("format") {
            None => None,
            Some(Value::String(format)) => Some(format.clone()),
            Some(_) => return Err(wrong("format", at)),
        },
        min_length: length(object, "minLength").ok_or_else(|| wrong("minLength", at))?,
        max_length: length(object, "maxLength").ok_or_else(|| wrong("maxLength", at))?,
        maximum: match object.get("maximum") {
            None => None,
            Some(Value::Number(n)) => Some(bound(&n.to_string())),
            Some(_) => return Err(wrong("maximum", at)),
        },
        integer_multiple: match object.get("multipleOf") {
            None => false,
            Some(Value::Number(n)) => !n.to_string().contains(['.', 'e', 'E']),
            Some(_) => return Err(wrong("multipleOf", at)),
        },
        properties,
        required,
        additional_properties: schema_or_flag(object, "additionalProperties", at)?,
        additional_items: schema_or_flag(object, "additionalItems", at)?,
    })
}

fn nested(value: &Value, at: &mut String, steps: &[&str]) -> Result<Keywords, NotASchema> {
    let before = at.len();
    for step in steps {
        at.push('/');
        at.push_str(step);
    }
    let decoded = decode(value, at);
    at.truncate(before);
    decoded
}

fn schema_or_flag(
    object: &Map<String, Value>,
    keyword: &'static str,
    at: &mut String,
) -> Result<Option<Box<Keywords>>, NotASchema> {
    match object.get(keyword) {
        None | Some(Value::Bool(_)) => Ok(None),
        Some(value @ Value::Object(_)) => nested(value, at, &[keyword]).map(|k| Some(Box::new(k))),
        Some(_) => Err(NotASchema { keyword, pointer: at.clone() }),
    }
}

/// `None`: no type at all or one that is not known.
#[expect(clippy::option_option, reason = "outer: understood or not; inner: there or not")]
fn types(object: &Map<String, Value>) -> Option<Option<Vec<Kind>>> {
    match object.get("type") {
        None => Some(None),
        Some(Value::Array(all)) => all.iter().map(Kind::named).collect::<Option<Vec<_>>>().map(Some),
        Some(one) => Kind::named(one).map(|k| Some(vec![k])),
    }
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|s| s.as_str().map(str::to_owned)).collect()
}

/// Also a number in a string, as the original takes it.
#[expect(clippy::option_option, reason = "outer: understood or not; inner: there or not")]
fn length(object: &Map<String, Value>, keyword: &str) -> Option<Option<u64>> {
    let text = match object.get(keyword) {
        None => return Some(None),
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::String(s)) => s.clone(),
        Some(_) => return None,
    };
    match super::number::exact_integer(&text) {
        Some(n) => Some(u64::try_from(n).ok()),
        // An integer beyond 64 bits bounds nothing.
        None if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains('.') => Some(None),
        None => None,
    }
}

fn bound(text: &str) -> Bound {
    if text.contains(['.', 'e', 'E']) && super::number::exact_integer(text).is_none() {
        // 1e40 is an integer all the same.
        let whole = text.parse::<f64>().is_ok_and(|n| n.fract() == 0.0 && n > f64::from(i32::MAX));
        return if whole { Bound::LargeInteger } else { Bound::Fraction };
    }
    match super::number::exact_integer(text) {
        Some(n) if n <= i64::from(i32::MAX) => Bound::SmallInteger,
        Some(_) => Bound::LargeInteger,
        None if text.starts_with('-') => Bound::SmallInteger,
        None => Bound::LargeInteger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_schema() {
        for (schema, keyword) in [
            (r#"{"type":"objekt"}"#, "type"),
            (r#"{"items":true}"#, "items"),
            (r#"{"enum":"a"}"#, "enum"),
            (r#"{"properties":{"a":{"required":"a"}}}"#, "required"),
            (r#"{"additionalProperties":"no"}"#, "additionalProperties"),
        ] {
            let error = Keywords::decode(&serde_json::from_str(schema).unwrap()).unwrap_err();
            assert_eq!(error.keyword, keyword, "{schema}");
        }
    }

    #[test]
    fn lengths() {
        for (text, expect) in
            [("12", Some(12)), ("\"12\"", Some(12)), ("-5", None), ("99999999999999999999999", None)]
        {
            let schema = format!(r#"{{"maxLength":{text}}}"#);
            assert_eq!(
                Keywords::decode(&serde_json::from_str(&schema).unwrap()).unwrap().max_length,
                expect,
                "{text}"
            );
        }
    }
}
