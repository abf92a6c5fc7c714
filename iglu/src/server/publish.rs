//! What may be published, and what that changes (`spec/iglu.md` 2.8, 2.9).

use event::schema_key::{MAX_PART, SchemaKey, SchemaVersion};
use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::schema::Listed;
use crate::lint;

/// A body, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// What the schema calls itself, where it does.
    pub key: Option<SchemaKey>,
    /// The schema without what names it.
    pub schema: Value,
    /// `$supersedes`
    pub supersedes: Vec<SchemaVersion>,
}

/// A schema that somebody who may wants to publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// Its name.
    pub key: SchemaKey,
    /// The schema.
    pub body: Value,
    /// Whether everybody may read it.
    pub is_public: bool,
    /// Versions whose data it judges from now on.
    pub supersedes: Vec<SchemaVersion>,
    /// Whether it may overwrite.
    pub patches_allowed: bool,
    /// The time.
    pub now: Timestamp,
}

/// What changes in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Whether the version was there and is overwritten.
    pub is_update: bool,
    /// The time that the version gets: later than that of all others of its name, since lists are in this order.
    pub at: Timestamp,
    /// Versions that data are judged by the new one from now on.
    pub superseded: Vec<SchemaVersion>,
}

/// Something was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub key: SchemaKey,
    /// Whether it was there before.
    pub is_update: bool,
}

/// Why something is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// All versions of a name are public, or none.
    #[error(
        "Inconsistent schema availability. Cannot add {} schema, previous versions are {}",
        visibility(*.is_public), visibility(!*.is_public)
    )]
    Visibility {
        /// What was asked for.
        is_public: bool,
    },
    /// Versions are not overwritten.
    #[error("Schema already exists")]
    Exists,
    /// A later revision is there.
    #[error("The schema version is not sequential")]
    NotSequential,
    /// The version before is not there.
    #[error("Preceding SchemaVer in the group is missing, check that schemas published in proper order")]
    Gap,
    /// What would be superseded is not there.
    #[error("Superseded schema version(s) do not exist")]
    NothingToSupersede,
    /// Only what comes before can be superseded.
    #[error("Superseded schema version(s) must be below the superseding version")]
    SupersedesLater,
}

impl Body {
    /// Takes a body apart; `None`: JSON of the wrong shape. What a client says of being superseded is not listened to.
    pub fn read(mut json: Value) -> Option<Self> {
        let object = json.as_object_mut()?;
        let version = |value: &Value| value.as_str().and_then(|text| text.parse::<SchemaVersion>().ok());
        if let Some(by) = object.shift_remove("$supersededBy").filter(|by| !by.is_null()) {
            version(&by)?;
        }
        let supersedes = match object.shift_remove("$supersedes") {
            None | Some(Value::Null) => Vec::new(),
            Some(all) => all.as_array()?.iter().map(version).collect::<Option<_>>()?,
        };
        let key = lint::self_of(&json);
        if let (Some(_), Some(object)) = (&key, json.as_object_mut()) {
            object.shift_remove("self");
            object.shift_remove("$schema");
        }
        Some(Self { key, schema: json, supersedes })
    }
}

impl Publication {
    /// Whether its name fits the tables.
    pub fn fits(&self) -> bool {
        [&self.key.vendor, &self.key.name, &self.key.format]
            .iter()
            .all(|part| part.chars().count() <= MAX_PART)
    }

    /// What publishing it changes where `known` are all versions of its vendor and name, of any format.
    ///
    /// # Errors
    /// Why it may not be published.
    pub fn decide(&self, known: &[Listed]) -> Result<Changes, Conflict> {
        let is_update = known.iter().any(|listed| listed.key == self.key);
        let all_public = known.iter().all(|listed| listed.is_public);
        if !known.is_empty() && all_public != self.is_public {
            return Err(Conflict::Visibility { is_public: self.is_public });
        }
        if is_update && !self.patches_allowed {
            return Err(Conflict::Exists);
        }
        let new = self.key.version;
        let versions: Vec<SchemaVersion> = known.iter().map(|listed| listed.key.version).collect();
        follows(new, &versions)?;
        if !self.supersedes.iter().all(|version| versions.contains(version)) {
            return Err(Conflict::NothingToSupersede);
        }
        if self.supersedes.iter().any(|version| *version > new) {
            return Err(Conflict::SupersedesLater);
        }
        let below = |by: Option<SchemaVersion>| by.is_none_or(|by| by < new);
        let is_superseded = |listed: &&Listed| {
            let chained = listed.superseded_by.is_some_and(|by| self.supersedes.contains(&by));
            (self.supersedes.contains(&listed.key.version) || chained) && below(listed.superseded_by)
        };
        let superseded = if is_update {
            Vec::new()
        } else {
            known.iter().filter(is_superseded).map(|listed| listed.key.version).collect()
        };
        Ok(Changes { is_update, at: self.after(known), superseded })
    }

    /// Now, or just after the last of these: clocks of servers differ, and one that waited for another has an old time.
    fn after(&self, known: &[Listed]) -> Timestamp {
        let last = known.iter().map(|listed| listed.created_at).max();
        let next = last.and_then(|last| last.checked_add(1.microsecond()).ok());
        next.map_or(self.now, |next| next.max(self.now))
    }
}

/// The rule of versions.
fn follows(new: SchemaVersion, known: &[SchemaVersion]) -> Result<(), Conflict> {
    let SchemaVersion { model, revision, addition } = new;
    let is_there = |is: &dyn Fn(&SchemaVersion) -> bool| known.iter().any(is);
    let before = match (model, revision, addition) {
        (1, 0, 0) => true,
        (_, 0, 0) => is_there(&|v| v.model + 1 == model),
        (_, _, 0) => is_there(&|v| v.model == model && v.revision + 1 == revision),
        _ => {
            if is_there(&|v| v.model == model && v.revision == revision + 1) {
                return Err(Conflict::NotSequential);
            }
            known.contains(&SchemaVersion::new(model, revision, addition - 1))
        }
    };
    if before { Ok(()) } else { Err(Conflict::Gap) }
}

fn visibility(is_public: bool) -> &'static str {
    if is_public { "public" } else { "private" }
}
