//! What the server is told (`spec/iglu.md` 2.2).

use std::time::Duration;

use uuid::Uuid;

/// The key of a server with `dummy` storage.
pub const DUMMY_KEY: Uuid = Uuid::from_u128(0x48b2_67d7_cd2b_4f22_bae4_0f00_2008_b5ad);

/// Which line of the original is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// The Apache line: 0.11. Validating needs no key, and bodies are not limited in depth.
    Apache,
    /// The current line: 0.14.
    #[default]
    Current,
}

/// The settings of the core.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which line is spoken.
    pub line: Line,
    /// Whether `/api/debug` is there.
    pub debug: bool,
    /// Whether versions may be overwritten and deleted.
    pub patches_allowed: bool,
    /// Written in front of the paths in the documents of the API.
    pub swagger_base: String,
    /// A key that may do everything and is not in the store.
    pub super_key: Option<Uuid>,
    /// Levels that a body may have.
    pub max_json_depth: usize,
    /// A body of so many bytes is refused, and larger ones.
    pub max_payload: usize,
    /// Where HSTS is on: how long browsers shall remember it.
    pub hsts: Option<Duration>,
    /// Unknown keys that an address may try in a minute; `None`: any number.
    pub failed_keys: Option<u32>,
    /// Who is told of what is published.
    pub webhooks: Vec<Webhook>,
    /// What happens to a version that has not grown enough for what changes in it.
    pub version_check: VersionCheck,
}

/// What happens to a version that has not grown enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionCheck {
    /// Nothing, as in the original.
    #[default]
    Off,
    /// It is published, and the publisher told.
    Warn,
    /// It is refused.
    Enforce,
}

/// Somebody who is told of what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where.
    pub uri: String,
    /// Of which vendors, by how their names begin; empty: all.
    pub vendor_prefixes: Vec<String>,
    /// By POST; else by GET, as the original does.
    pub use_post: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            line: Line::Current,
            debug: false,
            patches_allowed: false,
            swagger_base: String::new(),
            super_key: None,
            max_json_depth: 40,
            max_payload: 100_000,
            hsts: None,
            failed_keys: Some(60),
            webhooks: Vec::new(),
            version_check: VersionCheck::Off,
        }
    }
}

impl Line {
    /// The version of the original that the server says it is.
    pub fn version(self) -> &'static str {
        match self {
            Self::Apache => "0.11.0",
            Self::Current => "0.14.0",
        }
    }
}
