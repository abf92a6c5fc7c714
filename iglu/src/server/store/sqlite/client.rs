//! Talks to SQLite. Its calls block, so one thread beside the runtime's makes them, one after the other: a thread for each
//! would wait for the others all the same, and keep memory of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use event::{json::to_compact, schema_key::SchemaKey};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    KEY, LISTED, SCHEMA,
    row::{
        body_row, condition, draft_row, listed, listed_row, permission_row, read_draft, read_permission,
        stored, texts, time,
    },
};
use crate::server::{
    draft::{Draft, DraftId},
    permission::Permission,
    publish::{Changes, Conflict, Publication},
    schema::{Listed, Scope, Stored},
    store::{Answer, Store, StoreError, columns, key_actions, vendor},
};

/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(10);

/// Something to do with the database.
type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A store in a file or in memory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sqlite {
    works: mpsc::Sender<Work>,
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

    fn of(mut connection: Connection, kind: &'static str) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(SCHEMA)?;
        let (works, asked) = mpsc::channel::<Work>();
        let work = move || {
            for work in asked {
                // A panic ends what it was asked for, and nothing else.
                let _ = catch_unwind(AssertUnwindSafe(|| work(&mut connection)));
            }
        };
        thread::Builder::new().name("iglu-sqlite".into()).spawn(work).map_err(StoreError::new)?;
        Ok(Self { works, kind })
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'static, T> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |db| {
            // Who asked may be gone.
            let _ = answer.send(work(db));
        });
        let is_asked = self.works.send(work).is_ok();
        Box::pin(async move {
            let gone = || StoreError::new("SQLite: the thread of the database does not answer");
            if !is_asked {
                return Err(gone());
            }
            answered.await.map_err(|_| gone())?
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
        let found = self.with(move |db| {
            let sql = format!("select {LISTED}, body from iglu_schemas where {KEY}");
            let [model, revision, addition] = columns(key.version);
            let values = params![key.vendor, key.name, key.format, model, revision, addition];
            Ok(db.prepare_cached(&sql)?.query_row(values, body_row).optional()?)
        });
        Box::pin(async move { found.await?.map(stored).transpose() })
    }

    fn schemas(&self, scope: Scope) -> Answer<'_, Vec<Stored>> {
        let found = self.with(move |db| {
            let (condition, values) = condition(&scope);
            let sql =
                format!("select {LISTED}, body from iglu_schemas {condition} order by created_at, rowid");
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), body_row)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        Box::pin(async move { found.await?.into_iter().map(stored).collect() })
    }

    fn some(&self, keys: Vec<SchemaKey>) -> Answer<'_, Vec<(Listed, String)>> {
        self.with(move |db| {
            let mut statement =
                db.prepare_cached(&format!("select {LISTED}, body from iglu_schemas where {KEY}"))?;
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                let [model, revision, addition] = columns(key.version);
                let values = params![key.vendor, key.name, key.format, model, revision, addition];
                if let Some((row, body)) = statement.query_row(values, body_row).optional()? {
                    found.push((listed(row)?, body));
                }
            }
            Ok(found)
        })
    }

    fn list(&self, scope: Scope) -> Answer<'_, Vec<Listed>> {
        self.with(move |db| all_listed(db, &scope))
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
            let known = all_listed(&transaction, &Scope::Name(key.vendor.clone(), key.name.clone()))?;
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
                &format!("delete from iglu_schemas where {KEY}"),
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

fn all_listed(db: &Connection, scope: &Scope) -> Result<Vec<Listed>, StoreError> {
    let (condition, values) = condition(scope);
    let sql = format!("select {LISTED} from iglu_schemas {condition} order by created_at, rowid");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), listed_row)?;
    rows.map(|row| listed(row?)).collect()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(format!("SQLite: {error}"))
    }
}
