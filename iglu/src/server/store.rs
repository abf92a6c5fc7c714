//! Where schemas, drafts and permissions are kept: one contract for Postgres and SQLite.

pub mod postgres;
pub mod sqlite;

use std::pin::Pin;

use event::schema_key::{SchemaKey, SchemaVersion};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{
    draft::{Draft, DraftId},
    permission::{Permission, SchemaAction, vendor_parts},
    publish::{Changes, Conflict, Publication},
    schema::{Listed, Scope, Stored},
};

/// What a store answers, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The store does not answer, or what it holds makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// For the log.
    pub what: String,
}

/// A store. Lists are in the order of publishing.
pub trait Store: Send + Sync {
    /// `postgres`, `sqlite`, `inmemory`
    fn kind(&self) -> &'static str;

    /// Makes what is missing: tables, columns, indexes. What is there is left as it is.
    fn set_up(&self) -> Answer<'_, ()>;

    /// Whether it answers.
    fn ping(&self) -> Answer<'_, ()>;

    /// What a key may do; `None`: it is not known.
    fn permission(&self, key: Uuid) -> Answer<'_, Option<Permission>>;

    /// Stores keys.
    fn add_permissions(&self, keys: Vec<(Uuid, Permission)>) -> Answer<'_, ()>;

    /// Deletes a key, where it is there.
    fn delete_permission(&self, key: Uuid) -> Answer<'_, ()>;

    /// All keys, for those who look into the server.
    fn permissions(&self) -> Answer<'_, Vec<(Uuid, Permission)>>;

    /// A schema.
    fn schema(&self, key: SchemaKey) -> Answer<'_, Option<Stored>>;

    /// Schemas.
    fn schemas(&self, scope: Scope) -> Answer<'_, Vec<Stored>>;

    /// These schemas with the texts of their bodies, which take a tenth of the room, in this order; what is not there any more
    /// is left out.
    fn some(&self, keys: Vec<SchemaKey>) -> Answer<'_, Vec<(Listed, String)>>;

    /// Schemas without their bodies.
    fn list(&self, scope: Scope) -> Answer<'_, Vec<Listed>>;

    /// How many schemas each vendor has.
    fn counts(&self) -> Answer<'_, Vec<(String, u64)>>;

    /// Publishes what may be published: of two that publish the same at one time, one wins.
    fn publish(&self, publication: Publication) -> Answer<'_, Result<Changes, Conflict>>;

    /// Deletes a schema, where it is there.
    fn delete_schema(&self, key: SchemaKey) -> Answer<'_, ()>;

    /// A draft.
    fn draft(&self, id: DraftId) -> Answer<'_, Option<Draft>>;

    /// All drafts.
    fn drafts(&self) -> Answer<'_, Vec<Draft>>;

    /// Stores a draft in the place of the one of its name, whose time of creation it keeps.
    fn put_draft(&self, draft: Draft) -> Answer<'_, ()>;
}

impl StoreError {
    /// An error.
    pub(super) fn new(what: impl ToString) -> Self {
        Self { what: what.to_string() }
    }
}

/// A row of `iglu_schemas`, its columns as texts and numbers.
pub(super) struct Row {
    vendor: String,
    name: String,
    format: String,
    version: [i32; 3],
    created_at: String,
    updated_at: String,
    is_public: bool,
    superseded_by: Option<String>,
    supersedes: Vec<String>,
}

impl Row {
    /// What the row says.
    pub(super) fn read(self) -> Result<Listed, StoreError> {
        let [model, revision, addition] = self.version;
        let number = |n: i32| u32::try_from(n).map_err(|_| StoreError::new("a version below zero is stored"));
        let version = SchemaVersion::new(number(model)?, number(revision)?, number(addition)?);
        Ok(Listed {
            key: SchemaKey { vendor: self.vendor, name: self.name, format: self.format, version },
            created_at: moment(&self.created_at)?,
            updated_at: moment(&self.updated_at)?,
            is_public: self.is_public,
            superseded_by: self.superseded_by.as_deref().map(version_of).transpose()?,
            supersedes: self.supersedes.iter().map(|text| version_of(text)).collect::<Result<_, _>>()?,
        })
    }
}

/// The parts of a version as columns have them.
pub(super) fn columns(version: SchemaVersion) -> [i32; 3] {
    let column = |part: u32| i32::try_from(part).unwrap_or(i32::MAX);
    [version.model, version.revision, version.addition].map(column)
}

fn version_of(text: &str) -> Result<SchemaVersion, StoreError> {
    text.parse().map_err(|_| StoreError::new(format!("`{text}` is stored as a version")))
}

/// A time as it stands in the store.
pub(super) fn moment(text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|_| StoreError::new(format!("`{text}` is stored as a time")))
}

/// JSON as it stands in the store.
pub(super) fn json(text: &str) -> Result<Value, StoreError> {
    event::json::parse(text).map_err(|error| StoreError::new(format!("stored JSON: {error}")))
}

/// What a row of `iglu_permissions` says.
pub(super) fn permission(
    vendor: Option<String>,
    wildcard: bool,
    schema: Option<String>,
    keys: &[String],
) -> Permission {
    let has = |word: &str| keys.iter().any(|key| key == word);
    Permission {
        vendor: vendor.as_deref().map(vendor_parts),
        wildcard,
        schema: schema.as_deref().and_then(SchemaAction::of_word),
        creates_keys: has("CREATE"),
        deletes_keys: has("DELETE"),
    }
}

/// `key_action` of a permission.
pub(super) fn key_actions(permission: &Permission) -> Vec<String> {
    let words = [(permission.creates_keys, "CREATE"), (permission.deletes_keys, "DELETE")];
    words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word.to_owned()).collect()
}

/// `vendor` of a permission.
pub(super) fn vendor(permission: &Permission) -> Option<String> {
    permission.vendor.as_ref().map(|parts| parts.join("."))
}
