//! Talks to SQLite. Its calls block, so they run beside the runtime's tasks, one after the other.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event::{json::to_compact, schema_key::SchemaKey};
use rusqlite::{
    Connection, OptionalExtension, Row as SqlRow, ToSql, TransactionBehavior, params, params_from_iter,
};
use serde_json::Value;
use uuid::Uuid;

use super::{LISTED, SCHEMA};
use crate::server::{
    draft::{Draft, DraftId},
    permission::Permission,
    publish::{Changes, Conflict, Publication},
    schema::{Listed, Scope, Stored},
    store::{Answer, Row, Store, StoreError, columns, json, key_actions, moment, permission, vendor},
};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// A store in a file or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sqlite {
    connection: Arc<Mutex<Connection>>,
    kind: &'static str,
}

impl Sqlite {
    /// The store in a file, which is made where it is not there.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(file)?;
        // What was answered is on the disk.
        connection.execute_batch("pragma journal_mode = wal; pragma synchronous = full;")?;
        Self::of(connection, "sqlite")
    }

    /// A store that ends with the process.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::of(Connection::open_in_memory()?, "inmemory")
    }

    fn of(connection: Connection, kind: &'static str) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), kind })
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'static, T> {
        let connection = Arc::clone(&self.connection);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || {
                work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
            });
            done.await.map_err(StoreError::new)?
        })
    }
}

impl Store for Sqlite {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn set_up(&self) -> Answer<'_, ()> {
        self.with(|db| Ok(db.execute_batch(SCHEMA)?))
    }

    fn ping(&self) -> Answer<'_, ()> {
        self.with(|db| Ok(db.query_row("select 42", [], |_| Ok(()))?))
    }

    fn permission(&self, key: Uuid) -> Answer<'_, Option<Permission>> {
        self.with(move |db| {
            let sql = "select apikey, vendor, wildcard, schema_action, key_action from iglu_permissions where apikey = ?1";
            let found = db.prepare_cached(sql)?.query_row([key.to_string()], permission_row).optional()?;
            Ok(found.map(read_permission).transpose()?.map(|(_, permission)| permission))
        })
    }

    fn add_permissions(&self, keys: Vec<(Uuid, Permission)>) -> Answer<'_, ()> {
        self.with(move |db| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, permission) in keys {
                transaction.execute(
                    "insert into iglu_permissions values (?1, ?2, ?3, ?4, ?5)",
                    params![
                        key.to_string(),
                        vendor(&permission),
                        permission.wildcard,
                        permission.schema.map(|action| action.word()),
                        texts(&key_actions(&permission)),
                    ],
                )?;
            }
            Ok(transaction.commit()?)
        })
    }

    fn delete_permission(&self, key: Uuid) -> Answer<'_, ()> {
        self.with(move |db| {
            db.execute("delete from iglu_permissions where apikey = ?1", [key.to_string()])?;
            Ok(())
        })
    }

    fn permissions(&self) -> Answer<'_, Vec<(Uuid, Permission)>> {
        self.with(|db| {
            let sql = "select apikey, vendor, wildcard, schema_action, key_action from iglu_permissions order by rowid";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([], permission_row)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(read_permission).collect()
        })
    }

    fn schema(&self, key: SchemaKey) -> Answer<'_, Option<Stored>> {
        self.with(move |db| {
            let sql = format!(
                "select {LISTED}, body from iglu_schemas where vendor = ?1 and name = ?2 and format = ?3 and model = ?4 \
                 and revision = ?5 and addition = ?6"
            );
            let [model, revision, addition] = columns(key.version);
            let found = db
                .prepare_cached(&sql)?
                .query_row(params![key.vendor, key.name, key.format, model, revision, addition], with_body)
                .optional()?;
            found.map(stored).transpose()
        })
    }

    fn schemas(&self, scope: Scope) -> Answer<'_, Vec<Stored>> {
        self.with(move |db| {
            let (condition, values) = condition(&scope);
            let sql =
                format!("select {LISTED}, body from iglu_schemas {condition} order by created_at, rowid");
            let mut statement = db.prepare_cached(&sql)?;
            let rows =
                statement.query_map(params_from_iter(values), with_body)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(stored).collect()
        })
    }

    fn bodies(&self, scope: Scope) -> Answer<'_, Vec<(Listed, String)>> {
        self.with(move |db| {
            let (condition, values) = condition(&scope);
            let sql =
                format!("select {LISTED}, body from iglu_schemas {condition} order by created_at, rowid");
            let mut statement = db.prepare_cached(&sql)?;
            let mut found = Vec::new();
            for row in statement.query_map(params_from_iter(values), with_body)? {
                let ((row, supersedes), body) = row?;
                found.push((read(row, &supersedes)?, body));
            }
            Ok(found)
        })
    }

    fn list(&self, scope: Scope) -> Answer<'_, Vec<Listed>> {
        self.with(move |db| listed(db, &scope))
    }

    fn counts(&self) -> Answer<'_, Vec<(String, u64)>> {
        self.with(|db| {
            let mut statement =
                db.prepare_cached("select vendor, count(*) from iglu_schemas group by vendor")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)?.into())))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    fn publish(&self, publication: Publication) -> Answer<'_, Result<Changes, Conflict>> {
        self.with(move |db| {
            // Immediate: nobody else writes between what is read and what is decided by it.
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let key = &publication.key;
            let known = listed(&transaction, &Scope::Name(key.vendor.clone(), key.name.clone()))?;
            let changes = match publication.decide(&known) {
                Ok(changes) => changes,
                Err(conflict) => return Ok(Err(conflict)),
            };
            let [model, revision, addition] = columns(key.version);
            let at = time(changes.at);
            let body = to_compact(&publication.body);
            if changes.is_update {
                transaction.execute(
                    "update iglu_schemas set created_at = ?7, updated_at = ?7, is_public = ?8, body = ?9 where vendor = ?1 \
                     and name = ?2 and format = ?3 and model = ?4 and revision = ?5 and addition = ?6",
                    params![
                        key.vendor, key.name, key.format, model, revision, addition, at, publication.is_public, body
                    ],
                )?;
            } else {
                let supersedes: Vec<String> = publication.supersedes.iter().map(ToString::to_string).collect();
                transaction.execute(
                    "insert into iglu_schemas values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, null, ?10)",
                    params![
                        key.vendor, key.name, key.format, model, revision, addition, at, publication.is_public, body,
                        texts(&supersedes)
                    ],
                )?;
            }
            for version in &changes.superseded {
                let [model, revision, addition] = columns(*version);
                transaction.execute(
                    "update iglu_schemas set superseded_by = ?6 where vendor = ?1 and name = ?2 and model = ?3 and \
                     revision = ?4 and addition = ?5",
                    params![key.vendor, key.name, model, revision, addition, key.version.to_string()],
                )?;
            }
            transaction.commit()?;
            Ok(Ok(changes))
        })
    }

    fn delete_schema(&self, key: SchemaKey) -> Answer<'_, ()> {
        self.with(move |db| {
            let [model, revision, addition] = columns(key.version);
            db.execute(
                "delete from iglu_schemas where vendor = ?1 and name = ?2 and format = ?3 and model = ?4 and revision = ?5 \
                 and addition = ?6",
                params![key.vendor, key.name, key.format, model, revision, addition],
            )?;
            Ok(())
        })
    }

    fn draft(&self, id: DraftId) -> Answer<'_, Option<Draft>> {
        self.with(move |db| {
            let sql =
                "select * from iglu_drafts where vendor = ?1 and name = ?2 and format = ?3 and version = ?4";
            let values = params![id.vendor, id.name, id.format, id.version];
            db.prepare_cached(sql)?.query_row(values, draft_row).optional()?.map(read_draft).transpose()
        })
    }

    fn drafts(&self) -> Answer<'_, Vec<Draft>> {
        self.with(|db| {
            let mut statement = db.prepare_cached("select * from iglu_drafts order by created_at, rowid")?;
            let rows = statement.query_map([], draft_row)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(read_draft).collect()
        })
    }

    fn put_draft(&self, draft: Draft) -> Answer<'_, ()> {
        self.with(move |db| {
            let DraftId { vendor, name, format, version } = &draft.id;
            db.execute(
                "insert into iglu_drafts values (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7) on conflict do update set \
                 updated_at = ?5, is_public = ?6, body = ?7",
                params![
                    vendor,
                    name,
                    format,
                    version,
                    time(draft.updated_at),
                    draft.is_public,
                    to_compact(&draft.body)
                ],
            )?;
            Ok(())
        })
    }
}

type PermissionRow = (String, Option<String>, bool, Option<String>, String);
type DraftRow = (DraftId, String, String, bool, String);

fn permission_row(row: &SqlRow<'_>) -> rusqlite::Result<PermissionRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn read_permission(row: PermissionRow) -> Result<(Uuid, Permission), StoreError> {
    let (key, vendor, wildcard, schema, keys) = row;
    let key = key.parse().map_err(|_| StoreError::new("a key that is no UUID is stored"))?;
    Ok((key, permission(vendor, wildcard, schema, &of_texts(&keys)?)))
}

fn draft_row(row: &SqlRow<'_>) -> rusqlite::Result<DraftRow> {
    let id = DraftId { vendor: row.get(0)?, name: row.get(1)?, format: row.get(2)?, version: row.get(3)? };
    Ok((id, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
}

fn read_draft((id, created_at, updated_at, is_public, body): DraftRow) -> Result<Draft, StoreError> {
    let (created_at, updated_at) = (moment(&created_at)?, moment(&updated_at)?);
    Ok(Draft { id, created_at, updated_at, is_public, body: json(&body)? })
}

fn condition(scope: &Scope) -> (&'static str, Vec<Box<dyn ToSql>>) {
    match scope {
        Scope::All => ("", vec![]),
        Scope::Vendor(vendor) => ("where vendor = ?1", vec![Box::new(vendor.clone())]),
        Scope::Name(vendor, name) => {
            ("where vendor = ?1 and name = ?2", vec![Box::new(vendor.clone()), Box::new(name.clone())])
        }
        Scope::Model(vendor, name, model) => (
            "where vendor = ?1 and name = ?2 and format = 'jsonschema' and model = ?3",
            vec![Box::new(vendor.clone()), Box::new(name.clone()), Box::new(*model)],
        ),
    }
}

fn listed(db: &Connection, scope: &Scope) -> Result<Vec<Listed>, StoreError> {
    let (condition, values) = condition(scope);
    let sql = format!("select {LISTED} from iglu_schemas {condition} order by created_at, rowid");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), row)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(|(row, supersedes)| read(row, &supersedes)).collect()
}

/// A row, and its list of superseded versions as it is stored.
fn row(row: &SqlRow<'_>) -> rusqlite::Result<(Row, String)> {
    let read = Row {
        vendor: row.get(0)?,
        name: row.get(1)?,
        format: row.get(2)?,
        version: [row.get(3)?, row.get(4)?, row.get(5)?],
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        is_public: row.get(8)?,
        superseded_by: row.get(9)?,
        supersedes: Vec::new(),
    };
    Ok((read, row.get(10)?))
}

fn with_body(sql: &SqlRow<'_>) -> rusqlite::Result<((Row, String), String)> {
    Ok((row(sql)?, sql.get(11)?))
}

fn read(row: Row, supersedes: &str) -> Result<Listed, StoreError> {
    Row { supersedes: of_texts(supersedes)?, ..row }.read()
}

fn stored(((row, supersedes), body): ((Row, String), String)) -> Result<Stored, StoreError> {
    Ok(Stored { listed: read(row, &supersedes)?, body: json(&body)? })
}

fn time(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn texts(texts: &[String]) -> String {
    to_compact(&Value::from(texts.to_vec()))
}

fn of_texts(stored: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(stored).map_err(StoreError::new)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(format!("SQLite: {error}"))
    }
}
