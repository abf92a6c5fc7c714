//! Talks to PostgreSQL over a few connections that are made when they are needed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event::{json::to_compact, schema_key::SchemaKey};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_postgres::{
    Client, Connection, GenericClient, NoTls, Row as SqlRow,
    config::SslMode,
    error::SqlState,
    types::{ToSql, Type},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::{COLUMNS, DRAFT, INDEX, KEY, LISTED, PERMISSION, SCHEMA};
use crate::server::{
    draft::{Draft, DraftId},
    permission::Permission,
    publish::{Changes, Conflict, Publication},
    schema::{Listed, Scope, Stored},
    store::{Answer, Row, Store, StoreError, columns, json, key_actions, moment, permission, vendor},
};

/// Where a database is, and who asks.
#[derive(Clone, Default)]
pub struct Place {
    /// A name, an address or the folder of a socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database.
    pub dbname: String,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: Option<String>,
    /// How connections are encrypted, and whether they have to be; `None`: they are not.
    pub tls: Option<(MakeRustlsConnect, SslMode)>,
}

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// A store in a database. Cheap to clone.
#[derive(Clone)]
pub struct Postgres(Arc<Pool>);

struct Pool {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    idle: Mutex<Vec<Client>>,
    room: Arc<Semaphore>,
}

/// A connection, which goes back when it is dropped.
struct Lent {
    client: Option<Client>,
    pool: Arc<Pool>,
    _room: OwnedSemaphorePermit,
}

/// A client whose connection is looked after.
fn driven<S, T>((client, connection): (Client, Connection<S, T>)) -> Client
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = shown(&error), "iglu server: a connection to Postgres ended");
        }
    });
    client
}

impl Postgres {
    /// A database, over at most so many connections.
    pub fn new(place: &Place, connections: usize) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.host(&place.host).port(place.port).dbname(&place.dbname).user(&place.user);
        config.application_name("piste").connect_timeout(CONNECT);
        if let Some(password) = &place.password {
            config.password(password);
        }
        config.ssl_mode(place.tls.as_ref().map_or(SslMode::Disable, |(_, mode)| *mode));
        let tls = place.tls.as_ref().map(|(tls, _)| tls.clone());
        let room = Arc::new(Semaphore::new(connections.max(1)));
        Self(Arc::new(Pool { config, tls, idle: Mutex::default(), room }))
    }

    async fn lend(&self) -> Result<Lent, StoreError> {
        let room = Arc::clone(&self.0.room).acquire_owned().await.map_err(StoreError::new)?;
        let idle = loop {
            let found = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match found {
                Some(client) if client.is_closed() => {}
                other => break other,
            }
        };
        let client = match idle {
            Some(client) => client,
            None => match &self.0.tls {
                Some(tls) => driven(self.0.config.connect(tls.clone()).await?),
                None => driven(self.0.config.connect(NoTls).await?),
            },
        };
        Ok(Lent { client: Some(client), pool: Arc::clone(&self.0), _room: room })
    }

    async fn select(
        &self,
        sql: &str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<SqlRow>, StoreError> {
        // A connection that broke while it was idle is found out by using it.
        let mut lent = self.lend().await?;
        match lent.client()?.query_typed(sql, values).await {
            Err(error) if error.as_db_error().is_none() => {
                lent.client = None;
                drop(lent);
                Ok(self.lend().await?.client()?.query_typed(sql, values).await?)
            }
            done => Ok(done?),
        }
    }

    async fn listed(client: &impl GenericClient, scope: &Scope) -> Result<Vec<Listed>, StoreError> {
        let (condition, values) = condition(scope);
        let sql = format!("select {LISTED} from iglu_schemas {condition} order by created_at, ctid");
        let values: Vec<_> = values.iter().map(Value::of).collect();
        client.query_typed(&sql, &values).await?.iter().map(|row| read(row)?.read()).collect()
    }

    async fn publish_in(&self, publication: &Publication) -> Result<Result<Changes, Conflict>, StoreError> {
        let mut lent = self.lend().await?;
        let transaction = lent.client_mut()?.transaction().await?;
        let key = &publication.key;
        // One after the other, whoever publishes: two of our servers may have one database.
        let family = format!("{}/{}", key.vendor, key.name);
        let lock = "select pg_advisory_xact_lock(hashtext('iglu_schemas'), hashtext($1))";
        transaction.query_typed(lock, &[(&family, Type::TEXT)]).await?;
        let known = Self::listed(&transaction, &Scope::Name(key.vendor.clone(), key.name.clone())).await?;
        let changes = match publication.decide(&known) {
            Ok(changes) => changes,
            Err(conflict) => return Ok(Err(conflict)),
        };
        let version = columns(key.version);
        let (at, body) = (changes.at.to_string(), to_compact(&publication.body));
        let mut values = of_key(key, &version).to_vec();
        values.extend([
            (&at as &(dyn ToSql + Sync), Type::TEXT),
            (&publication.is_public, Type::BOOL),
            (&body, Type::TEXT),
        ]);
        let at = "($7::timestamptz at time zone 'UTC')";
        let supersedes: Vec<String> = publication.supersedes.iter().map(ToString::to_string).collect();
        let sql = if changes.is_update {
            format!(
                "update iglu_schemas set created_at = {at}, updated_at = {at}, is_public = $8, body = $9::json where {KEY}"
            )
        } else {
            values.push((&supersedes, Type::TEXT_ARRAY));
            format!(
                "insert into iglu_schemas (vendor, name, format, model, revision, addition, created_at, updated_at, \
                 is_public, body, superseded_by, supersedes) \
                 values ($1, $2, $3, $4, $5, $6, {at}, {at}, $8, $9::json, null, $10)"
            )
        };
        match transaction.query_typed(&sql, &values).await {
            // Somebody without our lock was quicker.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                return Ok(Err(Conflict::Exists));
            }
            done => done?,
        };
        for version in &changes.superseded {
            let [model, revision, addition] = columns(*version);
            let by = key.version.to_string();
            let sql = "update iglu_schemas set superseded_by = $6 where vendor = $1 and name = $2 and model = $3 and \
                       revision = $4 and addition = $5";
            let values: [(&(dyn ToSql + Sync), Type); 6] = [
                (&key.vendor, Type::TEXT),
                (&key.name, Type::TEXT),
                (&model, Type::INT4),
                (&revision, Type::INT4),
                (&addition, Type::INT4),
                (&by, Type::TEXT),
            ];
            transaction.query_typed(sql, &values).await?;
        }
        transaction.commit().await?;
        Ok(Ok(changes))
    }

    async fn put_draft_in(&self, draft: &Draft) -> Result<(), StoreError> {
        let mut lent = self.lend().await?;
        let transaction = lent.client_mut()?.transaction().await?;
        let DraftId { vendor, name, format, version } = &draft.id;
        let family = format!("{vendor}/{name}");
        let lock = "select pg_advisory_xact_lock(hashtext('iglu_drafts'), hashtext($1))";
        transaction.query_typed(lock, &[(&family, Type::TEXT)]).await?;
        let (at, body) = (draft.updated_at.to_string(), to_compact(&draft.body));
        // The original stores every version of a draft as a row of its own, and then cannot read it any more.
        let sql = "with old as (delete from iglu_drafts where vendor = $1 and name = $2 and format = $3 and version = $4 \
                   returning created_at) \
                   insert into iglu_drafts (vendor, name, format, version, created_at, updated_at, is_public, body) \
                   select $1, $2, $3, $4, coalesce(min(created_at), $5::timestamptz at time zone 'UTC'), \
                   $5::timestamptz at time zone 'UTC', $6, $7::json from old";
        let values: [(&(dyn ToSql + Sync), Type); 7] = [
            (vendor, Type::TEXT),
            (name, Type::TEXT),
            (format, Type::TEXT),
            (version, Type::INT4),
            (&at, Type::TEXT),
            (&draft.is_public, Type::BOOL),
            (&body, Type::TEXT),
        ];
        transaction.query_typed(sql, &values).await?;
        Ok(transaction.commit().await?)
    }
}

impl Lent {
    fn client(&self) -> Result<&Client, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::new("the connection is gone"))
    }

    fn client_mut(&mut self) -> Result<&mut Client, StoreError> {
        self.client.as_mut().ok_or_else(|| StoreError::new("the connection is gone"))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed()) {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
    }
}

impl Store for Postgres {
    fn kind(&self) -> &'static str {
        "postgres"
    }

    fn set_up(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let lent = self.lend().await?;
            let client = lent.client()?;
            let there = "select 1 from pg_class where relname = 'iglu_schemas' and pg_table_is_visible(oid)";
            if client.query_typed(there, &[]).await?.is_empty() {
                client.batch_execute(SCHEMA).await?;
            }
            // A role that may not change the tables goes on with those that are whole already.
            if let Err(error) = client.batch_execute(COLUMNS).await {
                client.batch_execute("select superseded_by, supersedes from iglu_schemas limit 0").await?;
                tracing::debug!(error = shown(&error), "iglu server: the tables are as they were");
            }
            if let Err(error) = client.batch_execute(INDEX).await {
                tracing::info!(error = shown(&error), "iglu server: no unique index on iglu_schemas");
            }
            Ok(())
        })
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(async { self.select("select 42", &[]).await.map(drop) })
    }

    fn permission(&self, key: Uuid) -> Answer<'_, Option<Permission>> {
        Box::pin(async move {
            let key = key.to_string();
            let sql = format!("select {PERMISSION} from iglu_permissions where apikey = $1::uuid limit 1");
            let rows = self.select(&sql, &[(&key, Type::TEXT)]).await?;
            Ok(rows.first().map(read_permission).transpose()?.map(|(_, permission)| permission))
        })
    }

    fn add_permissions(&self, keys: Vec<(Uuid, Permission)>) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut lent = self.lend().await?;
            let transaction = lent.client_mut()?.transaction().await?;
            for (key, permission) in keys {
                let sql = "insert into iglu_permissions values ($1::uuid, $2, $3, $4::schema_action, \
                           $5::text[]::key_action[])";
                let (key, vendor) = (key.to_string(), vendor(&permission));
                let schema = permission.schema.map(|action| action.word());
                let keys = key_actions(&permission);
                let values: [(&(dyn ToSql + Sync), Type); 5] = [
                    (&key, Type::TEXT),
                    (&vendor, Type::TEXT),
                    (&permission.wildcard, Type::BOOL),
                    (&schema, Type::TEXT),
                    (&keys, Type::TEXT_ARRAY),
                ];
                transaction.query_typed(sql, &values).await?;
            }
            Ok(transaction.commit().await?)
        })
    }

    fn delete_permission(&self, key: Uuid) -> Answer<'_, ()> {
        Box::pin(async move {
            let key = key.to_string();
            let sql = "delete from iglu_permissions where apikey = $1::uuid";
            self.select(sql, &[(&key, Type::TEXT)]).await.map(drop)
        })
    }

    fn permissions(&self) -> Answer<'_, Vec<(Uuid, Permission)>> {
        Box::pin(async {
            let sql = format!("select {PERMISSION} from iglu_permissions order by ctid");
            self.select(&sql, &[]).await?.iter().map(read_permission).collect()
        })
    }

    fn schema(&self, key: SchemaKey) -> Answer<'_, Option<Stored>> {
        Box::pin(async move {
            let sql = format!("select {LISTED}, body::text from iglu_schemas where {KEY} limit 1");
            let version = columns(key.version);
            let values = of_key(&key, &version);
            self.select(&sql, &values).await?.first().map(stored).transpose()
        })
    }

    fn schemas(&self, scope: Scope) -> Answer<'_, Vec<Stored>> {
        Box::pin(async move {
            let (condition, values) = condition(&scope);
            let sql = format!(
                "select {LISTED}, body::text from iglu_schemas {condition} order by created_at, ctid"
            );
            let values: Vec<_> = values.iter().map(Value::of).collect();
            self.select(&sql, &values).await?.iter().map(stored).collect()
        })
    }

    fn some(&self, keys: Vec<SchemaKey>) -> Answer<'_, Vec<(Listed, String)>> {
        Box::pin(async move {
            let texts = |part: fn(&SchemaKey) -> &String| keys.iter().map(part).collect::<Vec<_>>();
            let numbers =
                |place: usize| keys.iter().map(|key| columns(key.version)[place]).collect::<Vec<_>>();
            let [vendors, names, formats] =
                [texts(|key| &key.vendor), texts(|key| &key.name), texts(|key| &key.format)];
            let [models, revisions, additions] = [0, 1, 2].map(numbers);
            // A database that took a version twice shows one of them, as when it is asked for alone.
            let sql = format!(
                "select {LISTED}, body::text from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[], \
                 $6::int[]) with ordinality as wanted (v, n, f, m, r, a, place), \
                 lateral (select * from iglu_schemas where vendor = v and name = n and format = f and model = m \
                 and revision = r and addition = a limit 1) as found order by place"
            );
            let values: [(&(dyn ToSql + Sync), Type); 6] = [
                (&vendors, Type::TEXT_ARRAY),
                (&names, Type::TEXT_ARRAY),
                (&formats, Type::TEXT_ARRAY),
                (&models, Type::INT4_ARRAY),
                (&revisions, Type::INT4_ARRAY),
                (&additions, Type::INT4_ARRAY),
            ];
            let found = self.select(&sql, &values).await?;
            found.iter().map(|row| Ok((read(row)?.read()?, row.try_get(11)?))).collect()
        })
    }

    fn list(&self, scope: Scope) -> Answer<'_, Vec<Listed>> {
        Box::pin(async move { Self::listed(self.lend().await?.client()?, &scope).await })
    }

    fn counts(&self) -> Answer<'_, Vec<(String, u64)>> {
        Box::pin(async {
            let rows = self.select("select vendor, count(*) from iglu_schemas group by vendor", &[]).await?;
            let count = |row: &SqlRow| Ok((row.try_get(0)?, row.try_get::<_, i64>(1)?.unsigned_abs()));
            rows.iter().map(count).collect()
        })
    }

    fn publish(&self, publication: Publication) -> Answer<'_, Result<Changes, Conflict>> {
        Box::pin(async move { self.publish_in(&publication).await })
    }

    fn delete_schema(&self, key: SchemaKey) -> Answer<'_, ()> {
        Box::pin(async move {
            let version = columns(key.version);
            let values = of_key(&key, &version);
            self.select(&format!("delete from iglu_schemas where {KEY}"), &values).await.map(drop)
        })
    }

    fn draft(&self, id: DraftId) -> Answer<'_, Option<Draft>> {
        Box::pin(async move {
            let sql = format!(
                "select {DRAFT} from iglu_drafts where vendor = $1 and name = $2 and format = $3 and version = $4 \
                 order by updated_at desc limit 1"
            );
            let values: [(&(dyn ToSql + Sync), Type); 4] = [
                (&id.vendor, Type::TEXT),
                (&id.name, Type::TEXT),
                (&id.format, Type::TEXT),
                (&id.version, Type::INT4),
            ];
            self.select(&sql, &values).await?.first().map(read_draft).transpose()
        })
    }

    fn drafts(&self) -> Answer<'_, Vec<Draft>> {
        Box::pin(async {
            let sql = format!("select {DRAFT} from iglu_drafts order by created_at, ctid");
            self.select(&sql, &[]).await?.iter().map(read_draft).collect()
        })
    }

    fn put_draft(&self, draft: Draft) -> Answer<'_, ()> {
        Box::pin(async move { self.put_draft_in(&draft).await })
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

/// A value of a condition.
enum Value {
    Text(String),
    Number(i32),
}

impl Value {
    fn of(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Text(text) => (text, Type::TEXT),
            Self::Number(number) => (number, Type::INT4),
        }
    }
}

/// The values of [`KEY`]'s condition; `version` as [`columns`] has it.
fn of_key<'a>(key: &'a SchemaKey, version: &'a [i32; 3]) -> [(&'a (dyn ToSql + Sync), Type); 6] {
    let [model, revision, addition] = version;
    [
        (&key.vendor, Type::TEXT),
        (&key.name, Type::TEXT),
        (&key.format, Type::TEXT),
        (model, Type::INT4),
        (revision, Type::INT4),
        (addition, Type::INT4),
    ]
}

fn condition(scope: &Scope) -> (&'static str, Vec<Value>) {
    let text = |text: &String| Value::Text(text.clone());
    match scope {
        Scope::All => ("", vec![]),
        Scope::Vendor(vendor) => ("where vendor = $1", vec![text(vendor)]),
        Scope::Name(vendor, name) => ("where vendor = $1 and name = $2", vec![text(vendor), text(name)]),
        Scope::Model(vendor, name, model) => (
            "where vendor = $1 and name = $2 and format = 'jsonschema' and model = $3",
            vec![text(vendor), text(name), Value::Number(i32::try_from(*model).unwrap_or(i32::MAX))],
        ),
    }
}

fn read(row: &SqlRow) -> Result<Row, StoreError> {
    Ok(Row {
        vendor: row.try_get(0)?,
        name: row.try_get(1)?,
        format: row.try_get(2)?,
        version: [row.try_get(3)?, row.try_get(4)?, row.try_get(5)?],
        created_at: row.try_get(6)?,
        updated_at: row.try_get(7)?,
        is_public: row.try_get(8)?,
        superseded_by: row.try_get(9)?,
        supersedes: row.try_get(10)?,
    })
}

fn stored(row: &SqlRow) -> Result<Stored, StoreError> {
    Ok(Stored { listed: read(row)?.read()?, body: json(row.try_get(11)?)? })
}

fn read_permission(row: &SqlRow) -> Result<(Uuid, Permission), StoreError> {
    let key: &str = row.try_get(0)?;
    let key = key.parse().map_err(|_| StoreError::new("a key that is no UUID is stored"))?;
    let keys: Vec<String> = row.try_get(4)?;
    Ok((key, permission(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, &keys)))
}

fn read_draft(row: &SqlRow) -> Result<Draft, StoreError> {
    Ok(Draft {
        id: DraftId {
            vendor: row.try_get(0)?,
            name: row.try_get(1)?,
            format: row.try_get(2)?,
            version: row.try_get(3)?,
        },
        created_at: moment(row.try_get(4)?)?,
        updated_at: moment(row.try_get(5)?)?,
        is_public: row.try_get(6)?,
        body: json(row.try_get(7)?)?,
    })
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(format!("Postgres: {}", shown(&error)))
    }
}

/// Without details: they hold values of rows.
fn shown(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(db), _) => format!("{} ({})", db.message(), db.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
