//! What the loader would change in a database: every statement, without executing any.

use std::collections::HashSet;

use event::{schema_key::SchemaKey, utf8};
use iglu::{
    client::Client,
    table::{migration::plan, model::Table},
};
use jiff::Timestamp;

use super::{
    atomic::EVENTS,
    client::{Session, SessionError},
    config::{PostgresConfig, Purpose},
    statement,
    target::Entities,
};
use crate::{
    entity,
    family::{self, Family},
    line::Line,
};

/// A change that would be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// With the start, or with the first record of the schema.
    Now(String),
    /// Only when a record has a value that the table does not take.
    OnDemand(String),
    /// No change: what cannot be said, and why.
    Remark(String),
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The database is not reached, or does not show its catalog.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A registry does not answer.
    #[error("a schema registry is away, {0} is needed")]
    Away(SchemaKey),
}

/// URIs of the schemas that a record names; none where it cannot be read.
pub fn schemas(purpose: Purpose, record: &[u8]) -> Vec<String> {
    let text = utf8::decode(record);
    let mut entities = Vec::new();
    if !purpose.has_events() {
        entities.extend(entity::record(&text));
    } else if let Some(line) = Line::split(&text) {
        entity::entities(&line, &mut entities);
    }
    entities.into_iter().map(|entity| entity.uri.into_owned()).collect()
}

/// The changes for tables that are there, and for those of `wanted`. The session only reads.
///
/// # Errors
/// The database or a registry is away.
pub async fn preview(
    config: &PostgresConfig,
    iglu: &Client,
    wanted: &[SchemaKey],
    now: fn() -> Timestamp,
) -> Result<Vec<Proposed>, PreviewError> {
    let session = Session::look(config).await?;
    let missing = session.missing(&config.checkpoints, config.purpose.has_events()).await?;
    let mut proposed: Vec<Proposed> = missing.into_iter().map(Proposed::Now).collect();
    if config.purpose.has_events() && session.existing(EVENTS).await?.is_some() {
        let table = statement::table_in(&config.schema, EVENTS);
        let changes = session.events().await?.on_demand();
        proposed.extend(changes.iter().map(|change| Proposed::OnDemand(change.sql(&table))));
    }
    let mut seen = HashSet::new();
    let existing = session.commented().await?;
    let of_tables = existing.iter().filter_map(|(_, comment)| comment.parse::<SchemaKey>().ok());
    for key in of_tables.chain(wanted.iter().cloned()) {
        let model = (key.vendor.clone(), key.name.clone(), key.format.clone(), key.version.model);
        // Versions may be named that only the registry's list leads to: each is looked for once.
        if seen.insert((model, key.version)) {
            propose(config, iglu, &session, &key, now, &mut proposed).await?;
        }
    }
    Ok(proposed)
}

async fn propose(
    config: &PostgresConfig,
    iglu: &Client,
    session: &Session,
    key: &SchemaKey,
    now: fn() -> Timestamp,
    proposed: &mut Vec<Proposed>,
) -> Result<(), PreviewError> {
    let mut asked = HashSet::new();
    let versions = loop {
        match family::known(iglu.cache(), key, &asked, now()) {
            Family::Ask(next) => {
                iglu.fetch(&next).await;
                asked.insert(next);
            }
            Family::Away(_) => return Err(PreviewError::Away(key.clone())),
            Family::Missing(_) => {
                proposed.push(Proposed::Remark(format!(
                    "no registry has {key}: such data would become bad rows"
                )));
                return Ok(());
            }
            Family::Versions(versions) => break versions,
        }
    };
    let documents: Vec<_> = versions.iter().map(|schema| (schema.key.clone(), &schema.json)).collect();
    let wanted = match Table::of(&documents, config.purpose.has_events()) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return Ok(()),
        Err(error) => {
            proposed.push(Proposed::Remark(format!("{key} cannot be parsed as JSON Schema: {error}")));
            return Ok(());
        }
    };
    let (name, existing) = session.find(&wanted).await?;
    let table = statement::table_in(&config.schema, &name);
    let mut changes: Vec<Proposed> =
        plan(&wanted, existing.as_ref()).iter().map(|change| Proposed::Now(change.sql(&table))).collect();
    if let Some(existing) = existing {
        let on_demand = Entities::new(&config.schema, name, wanted, &existing).on_demand();
        changes.extend(on_demand.iter().map(|change| Proposed::OnDemand(change.sql(&table))));
    }
    for change in changes {
        if !proposed.contains(&change) {
            proposed.push(change);
        }
    }
    Ok(())
}
