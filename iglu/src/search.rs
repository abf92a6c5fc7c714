//! The search for one schema through the registries: whom to ask next, what the answers mean, what is remembered
//! (`spec/iglu.md` 3.3 to 3.6). Pure: whoever drives it asks and tells the time.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use event::schema_key::{SchemaKey, SchemaVersion};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    cache::{self, Cache, Prior},
    client_error::{LookupHistory, RegistryError, ResolutionError},
    resolver_config::{Connection, Repository},
    schema::Schema,
};

/// No backoff is longer.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);
/// Files are cheap to look at: a schema that was added or changed is seen after this.
pub(crate) const FOLDER_REFRESH: Duration = Duration::from_secs(5);

/// A search under way.
#[derive(Debug)]
pub(crate) struct Search<'r> {
    repositories: &'r [Repository],
    key: SchemaKey,
    follows: bool,
    left: VecDeque<usize>,
    current: Option<Current>,
    error: ResolutionError,
    found: Option<Found>,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask this registry for this schema.
    Ask(usize, SchemaKey),
    /// Keep this in the cache.
    Done(Outcome),
}

/// The end of a search.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The schema is there.
    Found(Found),
    /// No registry has it. After the moment given some may be asked again.
    Failed(ResolutionError, Option<Timestamp>),
}

/// A schema that was found.
#[derive(Debug)]
pub(crate) struct Found {
    json: Value,
    /// It stands in for the version that was asked for.
    superseded_by: Option<SchemaVersion>,
    /// It is a file, and may change any time.
    is_file: bool,
}

#[derive(Debug)]
struct Current {
    registry: usize,
    superseded_by: Option<SchemaVersion>,
}

/// The places of the repositories in the order in which they are asked for this vendor: those with a matching prefix
/// first, then folders before HTTP, then by priority. The built-in schemas come last, so that they never hide those of
/// a user's registry.
pub(crate) fn order(repositories: &[Repository], vendor: &str) -> Vec<usize> {
    let mut places: Vec<usize> = (0..repositories.len()).collect();
    places.sort_by_key(|place| {
        let repository = &repositories[*place];
        let class = match repository.connection {
            Connection::Folder(_) => 2,
            Connection::Http { .. } => 100,
            Connection::BuiltIn => 200,
        };
        let matches = repository.vendor_prefixes.iter().any(|prefix| vendor.starts_with(prefix.as_str()));
        (class == 200, !matches, class, repository.priority)
    });
    places
}

/// How long a registry that failed so many times is left alone.
fn backoff(attempts: u32) -> Duration {
    let power = |base: u64| base.saturating_pow(attempts);
    let millis = match attempts {
        0..=8 => 500 + power(4),
        9..=12 => 500 + power(3),
        13..=20 => 5500 + power(2),
        _ => return LONGEST_BACKOFF,
    };
    Duration::from_millis(millis).min(LONGEST_BACKOFF)
}

/// When a registry with this history may be asked again; none: not before the cache forgets.
fn retry_at(connection: &Connection, history: &LookupHistory) -> Option<Timestamp> {
    let wait = match connection {
        // What it did not have is forgotten: the answer has passed its time.
        _ if history.errors.is_empty() => return Some(history.last_attempt),
        Connection::BuiltIn => return None,
        Connection::Folder(_) => FOLDER_REFRESH,
        Connection::Http { .. } if history.errors.contains(&RegistryError::NotFound) => return None,
        Connection::Http { .. } => backoff(history.attempts),
    };
    cache::after(history.last_attempt, wait + Duration::from_millis(1))
}

impl<'r> Search<'r> {
    /// Begins. Registries whose last answer still counts are not asked again. `follows`: a schema that another
    /// version supersedes is replaced by that one.
    pub(crate) fn new(
        repositories: &'r [Repository],
        key: SchemaKey,
        follows: bool,
        prior: Prior,
        now: Timestamp,
    ) -> Self {
        let error = prior.error.unwrap_or_default();
        let is_due = |place: &usize| {
            let repository = &repositories[*place];
            let history = error.lookup_history.get(&repository.name);
            let is_urgent = |history: &LookupHistory| {
                prior.is_urgent && !history.errors.iter().any(RegistryError::is_answer)
            };
            history.is_none_or(|history| {
                is_urgent(history) || retry_at(&repository.connection, history).is_some_and(|at| now >= at)
            })
        };
        let left = order(repositories, &key.vendor).into_iter().filter(is_due).collect();
        Self { repositories, key, follows, left, current: None, error, found: None }
    }

    /// What to do next.
    pub(crate) fn step(&mut self) -> Step {
        if let Some(found) = self.found.take() {
            return Step::Done(Outcome::Found(found));
        }
        let current = match self.current.take() {
            Some(current) => current,
            None => match self.left.pop_front() {
                Some(registry) => Current { registry, superseded_by: None },
                None => return self.failed(),
            },
        };
        let version = current.superseded_by.unwrap_or(self.key.version);
        let key = SchemaKey { version, ..self.key.clone() };
        let registry = current.registry;
        self.current = Some(current);
        Step::Ask(registry, key)
    }

    /// Takes the answer to the last question.
    pub(crate) fn answer(&mut self, answer: Result<Value, RegistryError>, now: Timestamp) {
        let Some(current) = self.current.take() else { return };
        let answer = answer.and_then(|json| {
            let superseding = if self.follows && current.superseded_by.is_none() {
                superseding_version(&json, &self.key)?
            } else {
                None
            };
            Ok((json, superseding))
        });
        match answer {
            Ok((_, Some(version))) => {
                self.current = Some(Current { superseded_by: Some(version), ..current });
            }
            Ok((json, None)) => {
                let is_file = matches!(self.repositories[current.registry].connection, Connection::Folder(_));
                self.found = Some(Found { json, superseded_by: current.superseded_by, is_file });
            }
            Err(error) => self.error.add(&self.repositories[current.registry].name, error, now),
        }
    }

    fn failed(&mut self) -> Step {
        let error = std::mem::take(&mut self.error);
        let moments = self.repositories.iter().filter_map(|repository| {
            let history = error.lookup_history.get(&repository.name)?;
            retry_at(&repository.connection, history)
        });
        let retry = moments.min();
        Step::Done(Outcome::Failed(error, retry))
    }
}

impl Outcome {
    /// Puts it into the cache. `known` is what the cache had before: a schema that did not change is not compiled again,
    /// and one that cannot be refreshed stays.
    pub(crate) fn keep(self, cache: &Cache, key: &SchemaKey, known: Option<Arc<Schema>>, now: Timestamp) {
        match (self, known) {
            (Outcome::Found(found), known) => {
                let is_same = |known: &Arc<Schema>| {
                    known.json == found.json && known.superseded_by == found.superseded_by
                };
                let at_most = found.is_file.then_some(FOLDER_REFRESH);
                let schema = match known.filter(is_same) {
                    Some(known) => known,
                    None => {
                        let mut schema = Schema::compile(key.clone(), found.json);
                        schema.superseded_by = found.superseded_by;
                        Arc::new(schema)
                    }
                };
                cache.put(schema, now, at_most);
            }
            (Outcome::Failed(..), Some(known)) => {
                tracing::warn!(schema = %key, "no registry could refresh the schema, the old one stays");
                cache.put(known, now, None);
            }
            (Outcome::Failed(error, retry), None) => {
                // Loaders ask for versions that need not exist; who needed the schema says so in a bad row.
                tracing::debug!(schema = %key, system = error.is_system_error(), "no registry has the schema");
                cache.put_error(key.clone(), error, now, retry);
            }
        }
    }
}

/// The version that supersedes the schema, if it says so.
fn superseding_version(json: &Value, key: &SchemaKey) -> Result<Option<SchemaVersion>, RegistryError> {
    let undecodable = |what: String| {
        RegistryError::Refused(format!(
            "Error while trying to decode superseding version: DecodingFailure({what})"
        ))
    };
    let version: SchemaVersion = match json.get("$supersededBy") {
        None => return Ok(None),
        Some(Value::String(text)) => text.parse().map_err(|_| {
            undecodable(format!("Invalid schema version {text}, List(DownField($supersededBy))"))
        })?,
        Some(other) => {
            let what = format!(
                "Got value '{other}' with wrong type, expecting string, List(DownField($supersededBy))"
            );
            return Err(undecodable(what));
        }
    };
    if version <= key.version {
        return Err(RegistryError::Refused(format!(
            "Superseding version {version} isn't greater than the version of schema {}",
            key.path()
        )));
    }
    Ok(Some(version))
}

#[cfg(test)]
mod tests;
