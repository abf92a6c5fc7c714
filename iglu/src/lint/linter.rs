//! The linters (`spec/iglu.md` 5.2).

use std::collections::BTreeSet;

use super::{bound::Bound, tree::Node};
use crate::{
    syntax::{Additional, Kind},
    validator::META_SCHEMA,
};

/// Longest text that Redshift keeps.
const VARCHAR_MAX: &str = "65535";

/// Formats that have a meaning; by a typo of the original `ipv6` is not among them, and nobody shall be told so.
const KNOWN_FORMATS: [&str; 9] =
    ["uri", "ipv4", "ivp6", "email", "date-time", "date", "hostname", "uuid", "ipv6"];

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Info,
    /// Should be changed.
    Warning,
    /// Keeps the schema from being published.
    Error,
}

/// One linter.
#[derive(Debug)]
pub struct Linter {
    /// What it is called by, for example `stringLength`.
    pub name: &'static str,
    /// How bad what it finds is.
    pub level: Level,
    check: fn(&Node, bool) -> Option<String>,
}

impl Level {
    /// `INFO`, `WARNING`, `ERROR`
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

impl Linter {
    /// What it says of a part of a schema.
    pub(super) fn check(&self, node: &Node, is_root: bool) -> Option<String> {
        (self.check)(node, is_root)
    }
}

/// All, in the order in which the original asks them.
pub const ALL: [Linter; 18] = [
    linter("numericMinimumMaximum", Level::Error, |node, _| {
        crossed(node.minimum.as_ref(), node.maximum.as_ref()).map(|(min, max)| {
            format!(
                "A field with numeric type has a minimum value [{min}] greater than the maximum value [{max}]"
            )
        })
    }),
    linter("objectProperties", Level::Error, |node, _| {
        let keys = [
            ("properties", node.properties.is_some()),
            ("additionalProperties", node.additional_properties.is_some()),
            ("required", node.required.is_some()),
            ("patternProperties", node.pattern_properties.is_some()),
        ];
        misplaced("Object", &keys, node.lacks(Kind::Object), "object")
    }),
    linter("description", Level::Info, |node, _| {
        (!node.has_description).then(|| "The schema is missing the \"description\" property".to_owned())
    }),
    linter("stringMinMaxLength", Level::Error, |node, _| {
        crossed(node.min_length.as_ref(), node.max_length.as_ref()).map(|(min, max)| {
            format!(
                "A string type with \"minLength\" and \"maxLength\" property values has a minimum value [{min}] higher than \
                 the maximum [{max}]"
            )
        })
    }),
    linter("stringMaxLengthRange", Level::Warning, |node, _| {
        let longest = node.max_length.as_ref().filter(|max| **max > Bound::of_number(VARCHAR_MAX))?;
        node.has(Kind::String).then(|| {
            format!(
                "A string property has a \"maxLength\" [{longest}] greater than the Redshift VARCHAR maximum of \
                 {VARCHAR_MAX}"
            )
        })
    }),
    linter("arrayMinMaxItems", Level::Error, |node, _| {
        crossed(node.min_items.as_ref(), node.max_items.as_ref()).map(|(min, max)| {
            format!("A field of array type has a \"minItems\" value [{min}] with a greater value than the \"maxItems\" [{max}]")
        })
    }),
    linter("stringProperties", Level::Error, |node, _| {
        let keys = [
            ("maxLength", node.max_length.is_some()),
            ("minLength", node.min_length.is_some()),
            ("pattern", node.pattern),
            ("format", node.format.is_some()),
        ];
        misplaced("String", &keys, node.lacks(Kind::String), "string")
    }),
    linter("numericMinMax", Level::Warning, |node, _| {
        let is_number = node.has(Kind::Number) || node.has(Kind::Integer);
        let is_open = node.minimum.is_none() || node.maximum.is_none();
        (is_number && is_open)
            .then(|| "A numeric property should have \"minimum\" and \"maximum\" properties".to_owned())
    }),
    linter("bqIllegalStart", Level::Warning, |node, _| {
        let starts = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let names = names_where(node, |name| !starts(name))?;
        Some(format!("Following properties start with illegal character for BigQuery column name: [{names}]"))
    }),
    linter("stringLength", Level::Warning, |node, _| {
        let is_open = node.has(Kind::String) && !node.has_members && node.max_length.is_none();
        // The original does not know `ipv6`, which bounds the length all the same.
        let is_bounded = node.format.as_deref().is_some_and(|format| KNOWN_FORMATS.contains(&format));
        (is_open && !is_bounded).then(|| {
            "A string type in the schema doesn't contain \"maxLength\" or format which is required".to_owned()
        })
    }),
    linter("optionalNull", Level::Info, |node, _| {
        let required: BTreeSet<&String> = node.required.as_ref()?.iter().collect();
        let optional = node.properties.as_ref()?.iter().filter(|(name, _)| !required.contains(name));
        let names: BTreeSet<&str> =
            optional.filter(|(_, node)| !node.has(Kind::Null)).map(|(name, _)| name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        (!names.is_empty()).then(|| {
            format!("Use \"type: null\" to indicate a field as optional for properties {}", names.join(","))
        })
    }),
    linter("unknownFormats", Level::Warning, |node, _| {
        let format = node.format.as_deref().filter(|format| !KNOWN_FORMATS.contains(format))?;
        Some(format!(
            "Unknown format [{format}] detected. Known formats are: date-time, date, email, hostname, ipv4, ipv6 or uri"
        ))
    }),
    linter("bqDisallowedCharacters", Level::Warning, |node, _| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = names_where(node, |name| !name.chars().all(allowed))?;
        Some(format!(
            "Following properties contain disallowed characters for BigQuery column name: [{names}]"
        ))
    }),
    linter("numericProperties", Level::Error, |node, _| {
        let keys = [
            ("multipleOf", node.multiple_of),
            ("minimum", node.minimum.is_some()),
            ("maximum", node.maximum.is_some()),
        ];
        let lacks = node.lacks(Kind::Number) && node.lacks(Kind::Integer);
        misplaced("Numeric", &keys, lacks, "a number, integer")
    }),
    linter("requiredPropertiesExist", Level::Error, |node, _| {
        if !matches!(node.additional_properties, Some(Additional::Allowed(false)))
            || node.pattern_properties.is_some()
        {
            return None;
        }
        let properties = node.properties.as_ref()?;
        let is_missing = |name: &&String| !properties.iter().any(|(known, _)| known == *name);
        let mut missing: Vec<&str> = Vec::new();
        for name in node.required.as_ref()?.iter().filter(is_missing) {
            if !missing.contains(&name.as_str()) {
                missing.push(name);
            }
        }
        (!missing.is_empty()).then(|| {
            format!("Elements specified as required [{}] don't exist in schema properties", missing.join(","))
        })
    }),
    linter("arrayProperties", Level::Error, |node, _| {
        let keys = [
            ("items", node.items.is_some()),
            ("additionalItems", node.additional_items.is_some()),
            ("minItems", node.min_items.is_some()),
            ("maxItems", node.max_items.is_some()),
        ];
        misplaced("Array", &keys, node.lacks(Kind::Array), "array")
    }),
    linter("rootObject", Level::Warning, |node, is_root| {
        let is_object = node.types.as_ref().is_some_and(|types| types.kinds == [Kind::Object]);
        (is_root && (node.properties.is_none() || !is_object)).then(|| {
            "At the root level, the schema should have a \"type\" property set to \"object\" and have a \"properties\" \
             property"
                .to_owned()
        })
    }),
    linter("schemaUri", Level::Error, |node, is_root| match &node.meta_schema {
        Some(uri) if is_root && uri != META_SCHEMA => Some(format!("Given $schema is not {META_SCHEMA}")),
        None if is_root => Some("No $schema field in top-level of schema".to_owned()),
        _ => None,
    }),
];

const fn linter(name: &'static str, level: Level, check: fn(&Node, bool) -> Option<String>) -> Linter {
    Linter { name, level, check }
}

/// Two bounds of which the lower one is above the upper one.
fn crossed<'a>(min: Option<&'a Bound>, max: Option<&'a Bound>) -> Option<(&'a Bound, &'a Bound)> {
    min.zip(max).filter(|(min, max)| max < min)
}

/// Keywords that mean nothing for the type.
fn misplaced(kind: &str, keys: &[(&str, bool)], lacks: bool, wanted: &str) -> Option<String> {
    let there: Vec<&str> = keys.iter().filter(|(_, is_there)| *is_there).map(|(key, _)| *key).collect();
    (lacks && !there.is_empty())
        .then(|| format!("{kind} properties [{}] require either {wanted} or absent values", there.join(",")))
}

/// The names of properties for which it is so.
fn names_where(node: &Node, is_so: impl Fn(&str) -> bool) -> Option<String> {
    let names = node.properties.iter().flatten().map(|(name, _)| name.as_str());
    let found: Vec<&str> = names.filter(|name| is_so(name)).collect();
    (!found.is_empty()).then(|| found.join(", "))
}
