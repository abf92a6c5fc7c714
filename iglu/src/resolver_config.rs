//! The resolver configuration: `iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-*` (`spec/iglu.md` 3.1).

use std::{path::PathBuf, time::Duration};

/// Where schemas come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverConfig {
    /// Schemas kept at most; 0: none.
    pub cache_size: usize,
    /// How long a schema stays fresh; `None`: for ever.
    pub cache_ttl: Option<Duration>,
    /// The registries.
    pub repositories: Vec<Repository>,
}

/// One registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Unique, shown in errors.
    pub name: String,
    /// Lower is asked first.
    pub priority: i32,
    /// Vendors it is preferred for.
    pub vendor_prefixes: Vec<String>,
    /// How to reach it.
    pub connection: Connection,
}

/// How a registry is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// An Iglu server or static registry.
    Http {
        /// Without trailing slash.
        uri: String,
        /// Sent as header `apikey`.
        apikey: Option<String>,
    },
    /// A folder with `schemas/vendor/name/format/version`, or its `schemas` folder.
    Folder(PathBuf),
    /// The schemas compiled into the executable.
    BuiltIn,
}

/// Why a configuration is refused: key and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}")]
pub struct ResolverConfigError {
    /// Path of the key, for example `data.repositories[0].connection`.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl ResolverConfig {
    /// Reads the self-describing JSON.
    pub fn from_json(_json: &serde_json::Value) -> Result<Self, ResolverConfigError> {
        todo!()
    }
}
