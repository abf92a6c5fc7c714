//! What a schema is compiled into: nodes in one list, children by index, so that recursive `$ref`s are plain cycles.

use std::{collections::HashMap, hash::BuildHasherDefault, hash::Hasher};

use serde_json::Value;

use super::{decimal::Decimal, format::Format};
use crate::pattern::Pattern;

/// Place of a node in [`Tree::nodes`].
pub(super) type NodeId = usize;

/// A compiled schema; node 0 is its root.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Holds both `oneOf` and `not`: there the original's verdict depends on the order of the walk, and only the walk
    /// of [`super::report`] gives it.
    pub(super) stateful: bool,
}

/// One schema object.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// As the original names the place; part of a message's identity.
    pub(super) path: String,
    /// The keywords it has, in the order in which they report: `properties`, then the others by name.
    pub(super) order: Vec<Keyword>,
    /// `type`, and the non-standard `unionType`.
    pub(super) types: Option<Types>,
    pub(super) union_types: Option<Types>,
    pub(super) enumeration: Option<Enumeration>,
    pub(super) string: Option<Box<StringRules>>,
    pub(super) number: Option<Box<NumberRules>>,
    pub(super) array: Option<Box<ArrayRules>>,
    pub(super) object: Option<Box<ObjectRules>>,
    pub(super) reference: Option<NodeId>,
    pub(super) all_of: Vec<NodeId>,
    pub(super) any_of: Option<Vec<NodeId>>,
    pub(super) one_of: Option<OneOf>,
    pub(super) not: Option<Not>,
}

/// A keyword that can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    AdditionalProperties,
    AllOf,
    AnyOf,
    Dependencies,
    Enum,
    Format,
    Items,
    MaxItems,
    MaxLength,
    MaxProperties,
    Maximum,
    MinItems,
    MinLength,
    MinProperties,
    Minimum,
    MultipleOf,
    Not,
    NotAllowed,
    OneOf,
    Pattern,
    PatternProperties,
    Properties,
    ReadOnly,
    Ref,
    Required,
    Type,
    UnionType,
    UniqueItems,
}

/// The seven types as bits.
pub(super) mod kind {
    pub(in super::super) const OBJECT: u8 = 1;
    pub(in super::super) const ARRAY: u8 = 2;
    pub(in super::super) const STRING: u8 = 4;
    pub(in super::super) const INTEGER: u8 = 8;
    pub(in super::super) const NUMBER: u8 = 16;
    pub(in super::super) const BOOLEAN: u8 = 32;
    pub(in super::super) const NULL: u8 = 64;
    pub(in super::super) const ANY: u8 = 127;
}

/// `type`.
#[derive(Debug)]
pub(super) struct Types {
    /// Accepted kinds, `nullable` included.
    pub(super) accepted: u8,
    /// `string`, or `[string, null]`.
    pub(super) text: String,
    /// Given as an array.
    pub(super) union: bool,
}

/// `enum`.
#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) values: Vec<Value>,
    /// `[a, 1, null]`
    pub(super) text: String,
}

/// What strings must fulfil.
#[derive(Debug, Default)]
pub(super) struct StringRules {
    /// In code points.
    pub(super) min_length: Option<usize>,
    /// In code points.
    pub(super) max_length: Option<usize>,
    pub(super) pattern: Option<Pattern>,
    pub(super) format: Option<Format>,
}

/// What numbers must fulfil.
#[derive(Debug, Default)]
pub(super) struct NumberRules {
    pub(super) minimum: Option<Threshold>,
    pub(super) maximum: Option<Threshold>,
    pub(super) multiple_of: Option<Divisor>,
}

/// `minimum` or `maximum`.
#[derive(Debug)]
pub(super) struct Threshold {
    pub(super) value: Decimal,
    /// Set where it fits.
    pub(super) integer: Option<i64>,
    pub(super) exclusive: bool,
    /// The original compares whole parts when the schema's type is `integer` and the threshold is one.
    pub(super) truncates: bool,
    pub(super) text: String,
}

/// `multipleOf`; zero divides everything.
#[derive(Debug)]
pub(super) struct Divisor {
    pub(super) value: Decimal,
    pub(super) text: String,
}

/// What arrays must fulfil.
#[derive(Debug, Default)]
pub(super) struct ArrayRules {
    pub(super) items: Option<NodeId>,
    pub(super) tuple: Vec<NodeId>,
    pub(super) additional: Additional,
    pub(super) min_items: Option<usize>,
    pub(super) max_items: Option<usize>,
    /// Holds for the values of objects too, as in the original.
    pub(super) unique: bool,
}

/// What objects must fulfil.
#[derive(Debug, Default)]
pub(super) struct ObjectRules {
    /// In the order of the reports.
    pub(super) properties: Vec<(String, NodeId)>,
    /// In the order of the schema.
    pub(super) required: Vec<String>,
    pub(super) patterns: Vec<(Pattern, NodeId)>,
    pub(super) additional: Additional,
    /// Every name of `properties` and `required`.
    pub(super) table: HashMap<Box<str>, Slot, BuildHasherDefault<Fnv>>,
    /// Distinct names of `required`.
    pub(super) required_names: usize,
    pub(super) min_properties: Option<usize>,
    pub(super) max_properties: Option<usize>,
    pub(super) dependencies: Vec<(String, Dependency)>,
    /// `{a=[b, c]}`
    pub(super) dependencies_text: String,
    pub(super) not_allowed: Vec<String>,
    /// The original complains of each name wherever the keyword is an array.
    pub(super) read_only: Vec<String>,
}

/// What a name of an object means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    pub(super) node: Option<NodeId>,
    pub(super) required: bool,
}

/// `additionalProperties`, `additionalItems`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Additional {
    #[default]
    Allowed,
    Refused,
    Judged(NodeId),
}

/// What the presence of a property asks for.
#[derive(Debug)]
pub(super) enum Dependency {
    Names(Vec<String>),
    Schema(NodeId),
}

/// `oneOf`.
#[derive(Debug)]
pub(super) struct OneOf {
    pub(super) branches: Vec<NodeId>,
    /// The branches as JSON, one after the other.
    pub(super) text: String,
}

/// `not`.
#[derive(Debug)]
pub(super) struct Not {
    pub(super) node: NodeId,
    /// `"not" : {…}`
    pub(super) text: String,
}

/// FNV-1a: names come from the schema, so nobody can choose collisions.
#[derive(Debug)]
pub(super) struct Fnv(u64);

impl Tree {
    pub(super) fn root(&self) -> &Node {
        &self.nodes[0]
    }
}

impl Keyword {
    /// The keyword as reports name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Keyword::AdditionalProperties => "additionalProperties",
            Keyword::AllOf => "allOf",
            Keyword::AnyOf => "anyOf",
            Keyword::Dependencies => "dependencies",
            Keyword::Enum => "enum",
            Keyword::Format => "format",
            Keyword::Items => "items",
            Keyword::MaxItems => "maxItems",
            Keyword::MaxLength => "maxLength",
            Keyword::MaxProperties => "maxProperties",
            Keyword::Maximum => "maximum",
            Keyword::MinItems => "minItems",
            Keyword::MinLength => "minLength",
            Keyword::MinProperties => "minProperties",
            Keyword::Minimum => "minimum",
            Keyword::MultipleOf => "multipleOf",
            Keyword::Not => "not",
            Keyword::NotAllowed => "notAllowed",
            Keyword::OneOf => "oneOf",
            Keyword::Pattern => "pattern",
            Keyword::PatternProperties => "patternProperties",
            Keyword::Properties => "properties",
            Keyword::ReadOnly => "readOnly",
            Keyword::Ref => "$ref",
            Keyword::Required => "required",
            Keyword::Type => "type",
            Keyword::UnionType => "unionType",
            Keyword::UniqueItems => "uniqueItems",
        }
    }
}

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
