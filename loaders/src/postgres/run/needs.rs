//! Answers what the encoder needs: tables for schemas, room for values.

use std::collections::HashSet;

use event::schema_key::SchemaKey;
use iglu::table::{migration::Change, model::Table};

use super::{
    super::{
        atomic::EVENTS,
        bad_rows,
        encode::{TableId, Unavailable},
        refusal::Meaning,
        target::Entities,
    },
    Loader, Stop, now,
};
use crate::family::{self, Family};

impl Loader {
    /// Finds the versions of a model and makes its table fit them.
    pub(super) async fn need_schema(&mut self, key: SchemaKey) -> Result<(), Stop> {
        let mut asked = HashSet::new();
        let mut attempt = 0;
        let versions = loop {
            match family::known(self.iglu.cache(), &key, &asked, now()) {
                Family::Ask(next) => {
                    self.fetch(&next).await?;
                    asked.insert(next);
                }
                Family::Away(_) => {
                    self.pause(attempt, &format!("a schema registry is away, {key} is needed")).await?;
                    attempt += 1;
                    asked.clear();
                }
                Family::Missing(error) => {
                    let why = bad_rows::no_schema(&key, &error);
                    self.encoder().give_up(&key, Unavailable::Iglu(why));
                    return Ok(());
                }
                Family::Versions(versions) => break versions,
            }
        };
        if attempt > 0 {
            self.fact.well();
        }
        let documents: Vec<_> = versions.iter().map(|schema| (schema.key.clone(), &schema.json)).collect();
        let wanted = match Table::of(&documents, self.config.purpose.has_events()) {
            Ok(Some(wanted)) => wanted,
            Ok(None) => return Ok(()),
            Err(error) => {
                let why =
                    bad_rows::unusable_schema(&key, &format!("cannot be parsed as JSON Schema: {error}"));
                self.encoder().give_up(&key, Unavailable::Iglu(why));
                return Ok(());
            }
        };
        let encoder = self.encoder();
        if encoder.table_of(&key).is_some_and(|table| table.wanted == wanted) {
            encoder.know_version(&key);
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            match self.ready().await?.fit(wanted.clone()).await {
                Ok(table) => {
                    self.fact.well();
                    self.has_table(&key, table);
                    return Ok(());
                }
                Err(error) if error.meaning() == Meaning::Row => {
                    tracing::error!(schema = %key, %error, "no table can be made for this schema");
                    self.encoder().give_up(&key, Unavailable::Runtime(error.text()));
                    return Ok(());
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
    }

    fn has_table(&mut self, key: &SchemaKey, table: Entities) {
        if !self.encoder().add_table(key, table) {
            self.batch.begin_again();
        }
    }

    /// Changes a table that does not take valid data.
    pub(super) async fn need_change(&mut self, id: TableId, change: Change) -> Result<(), Stop> {
        let (name, wanted) = match self.encoder().table(id) {
            Some(table) => (table.name.clone(), Some(table.wanted.clone())),
            None => (EVENTS.to_owned(), None),
        };
        let mut attempt = 0;
        loop {
            let changed = self.ready().await?.change(&name, &change).await;
            match changed {
                Ok(()) => break,
                // Not ours to change, or something stands on it: the rows become bad rows, as without the attempt.
                Err(error) if error.meaning() != Meaning::Wait || error.code() == "42501" => {
                    tracing::warn!(table = name, %change, %error, "the table cannot be changed");
                    self.encoder().refuse(id, change);
                    return Ok(());
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
        loop {
            let schema = self.config.schema.clone();
            let session = self.ready().await?;
            let reread = match &wanted {
                Some(wanted) => session.existing(&name).await.map(|existing| {
                    let existing = existing.unwrap_or_default();
                    Ok(Entities::new(&schema, name.clone(), wanted.clone(), &existing))
                }),
                None => session.events().await.map(Err),
            };
            match reread {
                Ok(Ok(table)) => {
                    let key = table.wanted.latest.clone();
                    self.has_table(&key, table);
                    break;
                }
                Ok(Err(events)) => {
                    if !self.encoder().replace_events(events) {
                        self.batch.begin_again();
                    }
                    break;
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
        self.fact.well();
        Ok(())
    }
}
