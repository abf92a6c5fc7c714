//! Finds the schemas of a batch of events.

use std::collections::HashMap;

use event::schema_key::SchemaKey;
use iglu::{cache::Lookup, client::Client};

use super::{super::buffer::Buffer, Loader, Schemas};
use crate::{
    family::{self, Family, is_away},
    parquet::schemas::highest,
};

impl Loader {
    /// The schemas of the events of a batch: of each model all versions up to the highest that the batch has. Waits while a
    /// registry that may have one is away. `None`: the process is to end meanwhile; the batch is left to a successor.
    pub(super) async fn schemas_of(&self, buffer: &Buffer) -> Option<Schemas> {
        let mut schemas = Schemas::default();
        let wanted = buffer.schemas();
        let Some(iglu) = self.iglu.as_deref().filter(|_| !wanted.is_empty()) else { return Some(schemas) };
        schemas.skip(&wanted, &self.config.skip);
        let wanted = wanted.into_iter().filter(|key| !schemas.skips(key)).collect();
        for key in highest(&wanted) {
            self.add_model(iglu, &key, &mut schemas).await?;
        }
        for key in wanted.iter().filter(|key| !schemas.has(key)).cloned().collect::<Vec<_>>() {
            self.add_missing(iglu, &key, &mut schemas).await?;
        }
        self.fact.well();
        Some(schemas)
    }

    async fn add_model(&self, iglu: &Client, key: &SchemaKey, schemas: &mut Schemas) -> Option<()> {
        // What was said counts for as long as the model is looked at, however short the cache keeps it.
        let mut answers = HashMap::new();
        let mut attempt = 0;
        loop {
            let lookup =
                |key: &SchemaKey| answers.get(key).cloned().unwrap_or_else(|| Self::known(iglu, key));
            match family::of(key, lookup) {
                Family::Ask(next) => match self.fetch(iglu, &next).await {
                    Lookup::Need => self.wait(&mut attempt, key).await?,
                    answer => drop(answers.insert(next, answer)),
                },
                Family::Away(_) => {
                    answers.clear();
                    self.wait(&mut attempt, key).await?;
                }
                Family::Missing(error) => {
                    schemas.add_missing(key, &error);
                    return Some(());
                }
                Family::Versions(versions) => {
                    // What is above the highest version of the batch is left out: it would tell one attempt from another.
                    for schema in versions.iter().filter(|schema| schema.key.version <= key.version) {
                        schemas.add(&schema.key, &schema.json);
                    }
                    return Some(());
                }
            }
        }
    }

    /// A version that is not among those of its model.
    async fn add_missing(&self, iglu: &Client, key: &SchemaKey, schemas: &mut Schemas) -> Option<()> {
        let mut attempt = 0;
        loop {
            let answer = match Self::known(iglu, key) {
                Lookup::Need => self.fetch(iglu, key).await,
                known => known,
            };
            match answer {
                Lookup::Known(schema) => schemas.add(key, &schema.json),
                Lookup::Unknown(error) if !is_away(&error) => schemas.add_missing(key, &error),
                Lookup::Unknown(_) | Lookup::Need => {
                    self.wait(&mut attempt, key).await?;
                    continue;
                }
            }
            return Some(());
        }
    }

    /// A pause before the next attempt; `None`: the process is to end.
    async fn wait(&self, attempt: &mut u32, key: &SchemaKey) -> Option<()> {
        if self.drain.is_requested() {
            return None;
        }
        self.fact.trouble(format!("a schema registry is away, {key} is needed"));
        if *attempt == 0 {
            tracing::warn!(stream = self.stream, %key, "a schema registry is away; waiting for it");
        }
        self.pause(attempt).await;
        Some(())
    }
}
