//! Names of schemas: `iglu:com.acme/click/jsonschema/1-0-0` (`spec/iglu.md` 1.1).

use std::{fmt, str::FromStr};

/// The full name of one schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaKey {
    /// `com.acme`
    pub vendor: String,
    /// `click`
    pub name: String,
    /// `jsonschema` or `thrift`
    pub format: String,
    /// `1-0-0`
    pub version: SchemaVersion,
}

/// MODEL-REVISION-ADDITION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaVersion {
    /// Breaks readers.
    pub model: u32,
    /// May break some.
    pub revision: u32,
    /// Breaks none.
    pub addition: u32,
}

/// A pattern over schema keys: `iglu:com.acme/click/jsonschema/1-*-*`. `None` is `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaCriterion {
    /// Exact vendor.
    pub vendor: String,
    /// Exact name.
    pub name: String,
    /// Exact format.
    pub format: String,
    /// Model or any.
    pub model: Option<u32>,
    /// Revision or any.
    pub revision: Option<u32>,
    /// Addition or any.
    pub addition: Option<u32>,
}

/// Why a text is no schema key: the code that bad rows carry (`INVALID_IGLUURI`, `INVALID_SCHEMAVER`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct InvalidSchemaKey {
    /// The code.
    pub code: &'static str,
}

impl SchemaCriterion {
    /// Whether the key falls under this pattern.
    pub fn matches(&self, key: &SchemaKey) -> bool {
        let _ = key;
        todo!()
    }
}

impl fmt::Display for SchemaKey {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl fmt::Display for SchemaCriterion {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl FromStr for SchemaKey {
    type Err = InvalidSchemaKey;
    fn from_str(_uri: &str) -> Result<Self, Self::Err> {
        todo!()
    }
}

impl FromStr for SchemaCriterion {
    type Err = InvalidSchemaKey;
    fn from_str(_uri: &str) -> Result<Self, Self::Err> {
        todo!()
    }
}
