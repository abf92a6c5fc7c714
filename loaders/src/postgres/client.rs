//! Talks to the server.

mod prepare;
mod tls;

use std::{collections::HashMap, path::Path};

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use iglu::table::{
    column::ColumnType,
    migration::{Change, Existing, ExistingColumn, plan},
    model::Table,
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use service::metric;
use stream::record::{Position, ShardId};
use tokio::task::JoinHandle;
use tokio_postgres::{Statement, error::SqlState};

use super::{
    atomic::EVENTS,
    checkpoint::{self, Statements},
    config::{PostgresConfig, Tls},
    refusal::{self, Meaning},
    statement,
    target::{Entities, Events},
};

/// Bytes in one message of COPY.
const CHUNK: usize = 256 * 1024;

/// A connection. It ends when this is dropped.
pub struct Session {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
    copies: HashMap<String, Statement>,
    schema: String,
    checkpoints: Statements,
    app: String,
}

/// Something went wrong while talking to the server.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The server said so, or the connection broke.
    #[error("{}", shown(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The certificates to check the server with are not to be had.
    #[error("certificates: {0}")]
    Certificates(String),
    /// The row of checkpoints is not where this loader left it.
    #[error("shard {shard} has been moved by somebody else")]
    Moved {
        /// The shard.
        shard: ShardId,
    },
    /// There is no connection.
    #[error("not connected")]
    NotConnected,
    /// Encoding asked for a change where none can be made.
    #[error("a table changed in between")]
    TableChanged,
    /// The row of checkpoints is none.
    #[error("the checkpoint of shard {shard} is `{seq}`, which is no position")]
    NoPosition {
        /// The shard.
        shard: ShardId,
        /// What stands there.
        seq: String,
    },
}

impl SessionError {
    /// What to do about it.
    pub fn meaning(&self) -> Meaning {
        match self {
            Self::Postgres(error) => refusal::meaning(error.code().map(SqlState::code)),
            Self::TableChanged => Meaning::TableChanged,
            _ => Meaning::Wait,
        }
    }

    /// The SQLSTATE, for logs.
    pub fn code(&self) -> &str {
        match self {
            Self::Postgres(error) => error.code().map_or("connection", SqlState::code),
            Self::Moved { .. } => "moved",
            _ => "other",
        }
    }

    /// The text for a bad row.
    pub fn text(&self) -> String {
        match self {
            Self::Postgres(error) => match error.as_db_error() {
                Some(db) => refusal::text(db.severity(), db.message(), db.detail()),
                None => error.to_string(),
            },
            other => other.to_string(),
        }
    }

    /// The table that the server names.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.as_db_error()?.table(),
            _ => None,
        }
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

/// What encrypts connections.
///
/// # Errors
/// The authorities cannot be read.
pub fn connector(tls: &Tls) -> Result<tokio_postgres_rustls::MakeRustlsConnect, SessionError> {
    let roots = match tls {
        Tls::Checked { roots, .. } => read_roots(roots.as_deref()).map_err(SessionError::Certificates)?,
        Tls::Never | Tls::Offered | Tls::Unchecked => RootCertStore::empty(),
    };
    tls::connector(tls, roots).map_err(SessionError::Certificates)
}

/// A bare connection, and the task that drives it: it ends when the client is dropped.
///
/// # Errors
/// Not reached, or not allowed.
pub async fn connect(
    config: &PostgresConfig,
) -> Result<(tokio_postgres::Client, JoinHandle<()>), SessionError> {
    let (client, connection) = config.connection.connect(connector(&config.tls)?).await?;
    let connection = tokio::spawn(async move {
        // Whoever waits for an answer is told; there is nobody else to tell.
        let _ = connection.await;
    });
    Ok((client, connection))
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Session {
    /// Connects, and makes sure that the schema and the tables of events and checkpoints are there.
    ///
    /// # Errors
    /// Not reached, or not allowed.
    pub async fn open(config: &PostgresConfig) -> Result<(Self, Events), SessionError> {
        let session = Self::connected(config).await?;
        let has_events = config.purpose.has_events();
        session.prepare(&config.checkpoints, has_events).await?;
        let events = if has_events { session.events().await? } else { Events::none() };
        Ok((session, events))
    }

    async fn connected(config: &PostgresConfig) -> Result<Self, SessionError> {
        let (client, connection) = connect(config).await?;
        let session = Self {
            client,
            connection,
            copies: HashMap::new(),
            schema: config.schema.clone(),
            checkpoints: Statements::new(&config.schema, &config.checkpoints),
            app: config.app.clone(),
        };
        session.execute("SET client_min_messages = warning").await?;
        Ok(session)
    }

    /// The table of events as it is.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn events(&self) -> Result<Events, SessionError> {
        let existing = self.existing(EVENTS).await?.unwrap_or_default();
        Ok(Events::new(&self.schema, &existing))
    }

    /// A table as the catalog shows it.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn existing(&self, table: &str) -> Result<Option<Existing>, SessionError> {
        let Some(comment) = self.client.query_opt(statement::COMMENT, &[&self.schema, &table]).await? else {
            return Ok(None);
        };
        let columns = self.client.query(statement::COLUMNS, &[&self.schema, &table]).await?;
        let columns = columns
            .iter()
            .map(|row| ExistingColumn {
                name: row.get(0),
                ty: ColumnType::from_catalog(row.get(1)),
                not_null: row.get(2),
            })
            .collect();
        Ok(Some(Existing { columns, comment: comment.get(0) }))
    }

    /// Makes the table of a model, or adds what it lacks, in one transaction; other loaders wait.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn fit(&self, wanted: Table) -> Result<Entities, SessionError> {
        let (name, existing) = self.find(&wanted).await?;
        if let Some(existing) = &existing
            && plan(&wanted, Some(existing)).is_empty()
        {
            return Ok(Entities::new(&self.schema, name, wanted, existing));
        }
        self.begin().await?;
        let fitted = self.fit_locked(&wanted).await;
        match fitted {
            Ok((name, existing)) => {
                self.commit().await?;
                Ok(Entities::new(&self.schema, name, wanted, &existing))
            }
            Err(error) => {
                self.rollback().await?;
                Err(error)
            }
        }
    }

    async fn fit_locked(&self, wanted: &Table) -> Result<(String, Existing), SessionError> {
        self.client.execute(statement::LOCK, &[&self.schema]).await?;
        // Somebody else may have been here first.
        let (name, existing) = self.find(wanted).await?;
        for change in plan(wanted, existing.as_ref()) {
            tracing::info!(table = name, %change, "change a table");
            metric::POSTGRES_CHANGES.increment(&[change.kind()]);
            self.client.batch_execute(&change.sql(&statement::table_in(&self.schema, &name))).await?;
        }
        Ok((name.clone(), self.existing(&name).await?.unwrap_or_default()))
    }

    /// The name of the model's table, and the table if it is there. A long name may be taken by another model's.
    pub(super) async fn find(&self, wanted: &Table) -> Result<(String, Option<Existing>), SessionError> {
        let name = Entities::table_name(wanted, false);
        let existing = self.existing(&name).await?;
        let owner = existing.as_ref().and_then(|e| e.comment.as_ref()).and_then(|c| c.parse().ok());
        let owner: Option<event::schema_key::SchemaKey> = owner;
        let ours = &wanted.latest;
        let taken = name.len() < wanted.name.len()
            && owner.is_some_and(|owner| {
                (owner.vendor, owner.name, owner.version.model)
                    != (ours.vendor.clone(), ours.name.clone(), ours.version.model)
            });
        if !taken {
            return Ok((name, existing));
        }
        let name = Entities::table_name(wanted, true);
        let existing = self.existing(&name).await?;
        Ok((name, existing))
    }

    /// Applies one change to a table. Gives up after some seconds when others use the table: whoever comes after a waiting
    /// ALTER waits too.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn change(&self, table: &str, change: &Change) -> Result<(), SessionError> {
        tracing::info!(table, %change, "change a table");
        self.begin().await?;
        let alter = change.sql(&statement::table_in(&self.schema, table));
        let changed = self.execute(&format!("SET LOCAL lock_timeout = '5s'; {alter}; COMMIT")).await;
        match &changed {
            Ok(()) => metric::POSTGRES_CHANGES.increment(&[change.kind()]),
            Err(_) => self.rollback().await?,
        }
        changed
    }

    /// Reads a shard's checkpoint.
    ///
    /// # Errors
    /// Those of the server, or no position.
    pub async fn checkpoint(&self, stream: &str, shard: &ShardId) -> Result<Option<Position>, SessionError> {
        let row =
            self.client.query_opt(&self.checkpoints.read, &[&self.app, &stream, &shard.as_str()]).await?;
        let Some(row) = row else { return Ok(None) };
        let seq: String = row.get(0);
        match checkpoint::position(&seq, row.get(1)) {
            Some(position) => Ok(Some(position)),
            None => Err(SessionError::NoPosition { shard: shard.clone(), seq }),
        }
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn begin(&self) -> Result<(), SessionError> {
        self.execute("BEGIN").await
    }

    /// Commits the transaction. When the connection breaks here, only the checkpoints tell whether it did.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn commit(&self) -> Result<(), SessionError> {
        self.execute("COMMIT").await
    }

    /// Gives the transaction up.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn rollback(&self) -> Result<(), SessionError> {
        self.execute("ROLLBACK").await
    }

    /// A place within the transaction to come back to.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn mark(&self) -> Result<(), SessionError> {
        self.execute("SAVEPOINT part").await
    }

    /// Keeps what was done since the mark.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn keep(&self) -> Result<(), SessionError> {
        self.execute("RELEASE SAVEPOINT part").await
    }

    /// Undoes what was done since the mark.
    ///
    /// # Errors
    /// Those of the server.
    pub async fn undo(&self) -> Result<(), SessionError> {
        self.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part").await
    }

    async fn execute(&self, sql: &str) -> Result<(), SessionError> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Copies rows into a table.
    ///
    /// # Errors
    /// Those of the server; a refused row fails the whole COPY.
    pub async fn copy(&mut self, sql: &str, rows: &Bytes) -> Result<u64, SessionError> {
        let prepared = match self.copies.get(sql) {
            Some(prepared) => prepared.clone(),
            None => {
                let prepared = self.client.prepare(sql).await?;
                self.copies.insert(sql.to_owned(), prepared.clone());
                prepared
            }
        };
        let sink = self.client.copy_in::<_, Bytes>(&prepared).await?;
        pin_mut!(sink);
        let mut at = 0;
        while at < rows.len() {
            let end = rows.len().min(at + CHUNK);
            sink.as_mut().feed(rows.slice(at..end)).await?;
            at = end;
        }
        Ok(sink.finish().await?)
    }

    /// Moves a shard's checkpoint within the transaction, from where this loader left it.
    ///
    /// # Errors
    /// Those of the server, or somebody else moved it.
    pub async fn advance(
        &self,
        stream: &str,
        shard: &ShardId,
        from: Option<Position>,
        to: Position,
    ) -> Result<(), SessionError> {
        let (seq, sub) = checkpoint::columns(to);
        let name = shard.as_str();
        let moved = match from.map(checkpoint::columns) {
            None => {
                self.client.execute(&self.checkpoints.begin, &[&self.app, &stream, &name, &seq, &sub]).await?
            }
            Some((from_seq, from_sub)) => {
                self.client
                    .execute(
                        &self.checkpoints.advance,
                        &[&self.app, &stream, &name, &seq, &sub, &from_seq, &from_sub],
                    )
                    .await?
            }
        };
        if moved == 1 { Ok(()) } else { Err(SessionError::Moved { shard: shard.clone() }) }
    }
}

fn read_roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(path) => {
            let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| named(&e))? {
                roots.add(certificate.map_err(|e| named(&e))?).map_err(|e| named(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        let place = file.map_or_else(|| "the system's store".to_owned(), |path| path.display().to_string());
        return Err(format!("no certificate authorities in {place}"));
    }
    Ok(roots)
}
