//! Configuration of the role, with the keys of the original (`spec/loaders-and-leases.md` 3.2).

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use service::{
    config::{Ignored, Secret},
    retry::Backoff,
};

use super::config::{PostgresConfig, UrlError};
use crate::lake::config::InitialPosition;

/// The whole file: `piste postgres-loader --config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostgresLoaderConfig {
    /// Where events come from.
    pub input: Input,
    /// Where they go.
    pub output: Output,
    /// What the stream carries.
    pub purpose: Purpose,
    /// When a transaction is closed.
    #[serde(default)]
    pub batching: Batching,
    /// Between attempts while something is away.
    #[serde(default)]
    pub backoff_policy: BackoffPolicy,
    /// Accepted: metrics are served for Prometheus.
    #[serde(default)]
    pub monitoring: Ignored,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Enriched events as TSV.
    EnrichedEvents,
}

/// The stream to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// The kind of stream.
    #[serde(rename = "type", default)]
    pub kind: StreamKind,
    /// Name of the application: of its lease table on Kinesis, and in the table of checkpoints.
    #[serde(default = "default_app_name")]
    pub app_name: String,
    /// Name of the stream.
    pub stream_name: String,
    /// AWS region; that of the environment when absent.
    pub region: Option<String>,
    /// Where a consumer begins that has no checkpoint yet.
    #[serde(default)]
    pub initial_position: InitialPosition,
    /// Accepted and ignored.
    #[serde(default)]
    pub retrieval_mode: Ignored,
    /// Accepted and ignored: checkpoints are committed with the rows.
    #[serde(default)]
    pub checkpoint_settings: Ignored,
}

/// Kinds of streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamKind {
    /// Amazon Kinesis.
    #[default]
    Kinesis,
}

/// Destinations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The database.
    pub good: Good,
    /// The stream of bad rows.
    pub bad: Bad,
}

/// The database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Good {
    /// The kind of database.
    #[serde(rename = "type", default)]
    pub kind: DatabaseKind,
    /// Its host, or the folder of its socket.
    pub host: String,
    /// Its port.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The database.
    pub database: String,
    /// The user.
    pub username: String,
    /// The user's password.
    #[serde(default)]
    pub password: Secret,
    /// The schema of the tables.
    #[serde(default = "default_schema")]
    pub schema: String,
    /// How much TLS, as libpq knows it: `DISABLE`, `ALLOW`, `PREFER`, `REQUIRE`, `VERIFY_CA`, `VERIFY_FULL`.
    #[serde(default = "default_ssl_mode")]
    pub ssl_mode: String,
    /// PEM file with the authorities that `VERIFY_*` accepts; those of the system when absent.
    pub ssl_root_cert: Option<PathBuf>,
    /// The table of checkpoints, made in the schema.
    #[serde(default = "default_checkpoint_table")]
    pub checkpoint_table: String,
    /// Accepted and ignored: one connection loads everything.
    #[serde(default)]
    pub max_connections: Ignored,
    /// Accepted and ignored.
    #[serde(default)]
    pub thread_pool_size: Ignored,
}

/// Kinds of databases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatabaseKind {
    /// PostgreSQL.
    #[default]
    Postgres,
}

/// The stream of bad rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bad {
    /// The kind of stream. There is no `Noop`: what cannot be loaded is kept.
    #[serde(rename = "type", default)]
    pub kind: StreamKind,
    /// Its name.
    pub stream_name: String,
    /// AWS region; that of the environment when absent.
    pub region: Option<String>,
    /// Accepted and ignored.
    #[serde(default)]
    pub delay_threshold: Ignored,
    /// Accepted and ignored.
    #[serde(default)]
    pub max_batch_size: Ignored,
    /// Accepted and ignored.
    #[serde(default)]
    pub max_batch_bytes: Ignored,
}

/// When a transaction is closed: the first limit that is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Batching {
    /// Events.
    pub max_records: usize,
    /// Bytes of events.
    #[serde(with = "service::config::size")]
    pub max_bytes: u64,
    /// Time since the first event; a bare number is milliseconds.
    #[serde(with = "service::config::duration")]
    pub max_delay: Duration,
}

/// Waiting times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackoffPolicy {
    /// After the first failure.
    #[serde(with = "service::config::duration")]
    pub min_backoff: Duration,
    /// At most.
    #[serde(with = "service::config::duration")]
    pub max_backoff: Duration,
}

impl service::config::Checked for PostgresLoaderConfig {}

impl Default for Batching {
    fn default() -> Self {
        Self { max_records: 10_000, max_bytes: 16 << 20, max_delay: Duration::from_secs(1) }
    }
}

impl Default for BackoffPolicy {
    fn default() -> Self {
        Self { min_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(10) }
    }
}

fn default_app_name() -> String {
    "snowplow-postgres-loader".to_owned()
}

fn default_port() -> u16 {
    5432
}

fn default_schema() -> String {
    "atomic".to_owned()
}

fn default_ssl_mode() -> String {
    "REQUIRE".to_owned()
}

fn default_checkpoint_table() -> String {
    "piste_checkpoints".to_owned()
}

impl PostgresLoaderConfig {
    /// What the run needs.
    ///
    /// # Errors
    /// `sslMode` is not known.
    pub fn postgres(&self) -> Result<PostgresConfig, UrlError> {
        let good = &self.output.good;
        let mut connection = tokio_postgres::Config::new();
        connection.host(&good.host).port(good.port).dbname(&good.database).user(&good.username);
        if !good.password.expose().is_empty() {
            connection.password(good.password.expose());
        }
        let roots = good.ssl_root_cert.clone();
        let mut config = PostgresConfig::new(connection, &good.ssl_mode, roots, Some(good.schema.clone()))?;
        config.app.clone_from(&self.input.app_name);
        config.checkpoints.clone_from(&good.checkpoint_table);
        config.max_records = self.batching.max_records.max(1);
        config.max_bytes = usize::try_from(self.batching.max_bytes).unwrap_or(usize::MAX);
        config.linger = self.batching.max_delay;
        config.backoff = Backoff::new(self.backoff_policy.min_backoff, self.backoff_policy.max_backoff);
        Ok(config)
    }
}
