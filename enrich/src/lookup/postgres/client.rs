//! Asks a database, over a few connections that are kept.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, pin_mut};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use tokio_postgres::{Config, NoTls, Statement, config::SslMode};

use super::{super::LATE, Database, Kind, Parameter, cell::Cell, tls};

/// Largest answer in bytes, as the database sends it.
const MAX_ANSWER: usize = 16 << 20;

/// The connections to a database.
#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Connection>>,
}

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) connect: Duration,
    pub(crate) query: Duration,
}

struct Connection {
    client: tokio_postgres::Client,
    task: JoinHandle<()>,
    /// By the kinds of the parameters.
    statements: HashMap<Vec<Kind>, Statement>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Pool {
    /// The rows of the query with these parameters: an array of objects, by the labels of the columns.
    ///
    /// # Errors
    /// What the database said, or what happened instead, in one line.
    pub(crate) async fn query(
        &self,
        database: &Database,
        parameters: &[Parameter],
        patience: Patience,
    ) -> Result<Value, String> {
        let kept = self.idle().pop();
        let was_kept = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(database, patience.connect).await?,
        };
        let mut answer = connection.query(database, parameters, patience.query).await;
        if was_kept && connection.client.is_closed() {
            // It had died while nobody used it.
            self.idle().clear();
            connection = self.connect(database, patience.connect).await?;
            answer = connection.query(database, parameters, patience.query).await;
        }
        match answer {
            Ok(rows) => {
                self.idle().push(connection);
                Ok(rows)
            }
            Err(Failure::Refused(why)) => {
                if !connection.client.is_closed() {
                    self.idle().push(connection);
                }
                Err(why)
            }
            // What the connection is still busy with would hold up the next one.
            Err(Failure::Late(why)) => Err(why),
        }
    }

    async fn connect(&self, database: &Database, within: Duration) -> Result<Connection, String> {
        let connected = tokio::time::timeout(within, Connection::open(database)).await;
        connected.unwrap_or_else(|_| Err(format!("{LATE} {} s to a connection", within.as_secs_f64())))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Failure {
    Refused(String),
    Late(String),
}

impl Connection {
    async fn open(database: &Database) -> Result<Self, String> {
        let mut config = Config::new();
        config
            .host(&database.host)
            .port(database.port)
            .user(&database.username)
            .password(&database.password)
            .dbname(&database.database)
            .application_name("piste enrich");
        let (client, task) = if database.is_encrypted {
            config.ssl_mode(SslMode::Require);
            let (client, connection) = config.connect(tls::connector()?).await.map_err(told)?;
            (client, tokio::spawn(async move { drop(connection.await) }))
        } else {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(told)?;
            (client, tokio::spawn(async move { drop(connection.await) }))
        };
        Ok(Self { client, task, statements: HashMap::new() })
    }

    async fn query(
        &mut self,
        database: &Database,
        parameters: &[Parameter],
        within: Duration,
    ) -> Result<Value, Failure> {
        match tokio::time::timeout(within, self.rows(database, parameters)).await {
            Ok(answer) => answer.map_err(Failure::Refused),
            Err(_) => Err(Failure::Late(format!("{LATE} {} s", within.as_secs_f64()))),
        }
    }

    async fn rows(&mut self, database: &Database, parameters: &[Parameter]) -> Result<Value, String> {
        let kinds: Vec<_> = parameters.iter().map(|parameter| parameter.kind).collect();
        let statement = match self.statements.get(&kinds) {
            Some(statement) => statement.clone(),
            None => {
                let types: Vec<_> = kinds.iter().map(|kind| kind.sql()).collect();
                let statement = self.client.prepare_typed(&database.query.sql, &types).await.map_err(told)?;
                self.statements.insert(kinds, statement.clone());
                statement
            }
        };
        let rows = self.client.query_raw(&statement, parameters).await.map_err(told)?;
        pin_mut!(rows);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().await {
            let row = row.map_err(told)?;
            bytes += row.raw_size_bytes();
            if bytes > MAX_ANSWER {
                return Err(format!("the answer is longer than {MAX_ANSWER} bytes"));
            }
            let mut object = Map::new();
            for (at, column) in row.columns().iter().enumerate() {
                let cell: Cell = row.try_get(at).map_err(|error| {
                    let (name, ty) = (column.name(), column.type_());
                    format!("column {name} of type {ty} cannot be read, cast it to text: {}", told(error))
                })?;
                object.insert(column.name().to_owned(), cell.0);
            }
            found.push(Value::Object(object));
        }
        Ok(Value::Array(found))
    }
}

/// Without details: they hold values of rows.
fn told(error: tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", db.message(), db.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
