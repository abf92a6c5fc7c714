//! The keywords of a schema that decide about columns (`spec/iglu.md` 6.1); all others are invisible here.

use std::cmp::Ordering;

use serde_json::Value;

use crate::syntax::{Additional, Kind, NotASchema, Syntax, number::Number};

/// A schema or a part of one, as far as columns depend on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keywords {
    /// `type`; a single one is a list of one.
    pub types: Option<Vec<Kind>>,
    /// `enum`
    pub members: Option<Vec<Value>>,
    /// `format`
    pub format: Option<String>,
    /// `minLength`; negative numbers, and those beyond 64 bits, count as absent.
    pub min_length: Option<u64>,
    /// `maxLength`; likewise.
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

impl Keywords {
    /// Reads a schema.
    ///
    /// # Errors
    /// A known keyword whose value has no meaning: such a document has no table in the original either.
    pub fn decode(schema: &Value) -> Result<Self, NotASchema> {
        Syntax::decode(schema).map(keywords)
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

/// What tables see of a schema.
fn keywords(syntax: Syntax) -> Keywords {
    let like = |additional: Option<Additional>| match additional {
        Some(Additional::Like(schema)) => Some(Box::new(keywords(*schema))),
        Some(Additional::Allowed(_)) | None => None,
    };
    let properties = syntax
        .properties
        .map(|all| all.into_iter().map(|(name, property)| (name, keywords(property))).collect());
    Keywords {
        types: syntax.types.map(|types| types.kinds),
        members: syntax.members,
        format: syntax.format,
        min_length: syntax.min_length.as_ref().and_then(Number::to_u64),
        max_length: syntax.max_length.as_ref().and_then(Number::to_u64),
        maximum: syntax.maximum.as_ref().map(bound),
        integer_multiple: syntax.multiple_of.as_ref().is_some_and(Number::is_integer),
        properties,
        required: syntax.required.unwrap_or_default(),
        additional_properties: like(syntax.additional_properties),
        additional_items: like(syntax.additional_items),
    }
}

fn bound(maximum: &Number) -> Bound {
    let largest = Number::bound(&i32::MAX.to_string());
    match maximum.order(&largest) {
        _ if !maximum.is_integer() => Bound::Fraction,
        Ordering::Greater => Bound::LargeInteger,
        Ordering::Less | Ordering::Equal => Bound::SmallInteger,
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
