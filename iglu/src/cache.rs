//! Known schemas. Read by many threads without waiting; filled by the client.

use std::sync::Arc;

use event::schema_key::SchemaKey;
use jiff::Timestamp;

use crate::{client_error::ResolutionError, schema::Schema};

/// What the cache knows of a schema.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Here it is.
    Known(Arc<Schema>),
    /// All registries were asked and it is too early to ask again.
    Unknown(Arc<ResolutionError>),
    /// The client must be asked to fetch it.
    Need,
}

/// The cache.
#[derive(Debug)]
pub struct Cache {}

impl Cache {
    /// What is known of `key` at `now`.
    pub fn lookup(&self, _key: &SchemaKey, _now: Timestamp) -> Lookup {
        todo!()
    }
}
