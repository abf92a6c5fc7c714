//! Fetches schemas from registries into the cache.

use std::sync::Arc;

use event::schema_key::SchemaKey;

use crate::{cache::Cache, resolver_config::ResolverConfig};

/// The client. Share it in an `Arc`.
#[derive(Debug)]
pub struct Client {
    cache: Arc<Cache>,
}

impl Client {
    /// A client of these registries; the built-in schemas are always there, under the name `Iglu Client Embedded`.
    pub fn new(_config: ResolverConfig) -> Self {
        todo!()
    }

    /// What is known so far.
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Asks the registries for `key` and puts the answer, good or bad, into the cache. Concurrent calls for one key
    /// share one fetch. Never fails: a failure is an answer.
    pub async fn fetch(&self, _key: &SchemaKey) {
        todo!()
    }
}
