//! Configuration of the role, with the keys of the original (`spec/loaders-and-leases.md` 3.2).

mod problems;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::{
    config::{
        Ignored, Secret,
        sections::{
            BadSink, BadSinkKind, HealthProbe, Log, PositionKind, Prometheus, Reading, SourceKind, Usual,
        },
    },
    retry::Backoff,
};

use super::config::{PostgresConfig, Purpose, UrlError};

/// The whole file: `piste postgres-loader --config`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostgresLoaderConfig {
    /// What the stream carries: ENRICHED_EVENTS, or JSON (also SELF_DESCRIBING): self-describing records such as bad rows, each in
    /// the table of its schema. Required.
    #[schemars(with = "String", example = &"ENRICHED_EVENTS")]
    pub purpose: Option<Purpose>,
    /// Where events come from. What stands in the comments here is the default, unless a comment says otherwise; but for
    /// retrievalMode, which is 10000 records, 1 second.
    pub input: Input,
    /// Where they go.
    pub output: Outputs,
    /// Ours. A transaction is closed at the first of these limits.
    pub batching: Batching,
    /// Waiting times while the database, a registry or the stream of bad rows is away.
    pub backoff_policy: BackoffPolicy,
    /// Ours. Where piste loads more than the original.
    pub compat: Compat,
    /// Ours. The embedded log of inputs and outputs of type log.
    pub log: Log,
    /// What is told to whom.
    pub monitoring: Monitoring,
}

service::input_section! {
    /// Where type is local: a file of lines, plain, gzipped or Parquet of the S3 loader, or a folder, with all that is below it.
    /// Each line is loaded once, and then the process ends.
    #[schemars(with = "String", example = &"/var/lib/piste/archive")]
    pub path: Option<PathBuf>,
    /// When progress is noted in the lease table.
    pub checkpoint_settings: CheckpointSettings,
}

/// `input.checkpointSettings`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckpointSettings {
    /// Events between two notes.
    #[schemars(with = "String", extend("x-without-effect" = "progress that counts is committed with the events"), example = 1000)]
    pub max_batch_size: Ignored,
    /// Time between two notes of a shard. What counts is in the database, committed with the events.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_batch_wait: Duration,
}

/// `output`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Outputs {
    /// The database.
    pub good: Good,
    /// What cannot be loaded.
    pub bad: BadSink,
}

/// `output.good`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Good {
    /// The kind of database: Postgres.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"Postgres")]
    pub kind: Option<DatabaseKind>,
    /// Its host, or the folder of its socket. Required.
    #[schemars(example = &"localhost")]
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// The database. Required.
    #[schemars(example = &"snowplow")]
    pub database: Option<String>,
    /// The user. Required.
    #[schemars(example = &"snowplow")]
    pub username: Option<String>,
    /// The user's password, best from the environment.
    #[schemars(with = "String", example = &"${POSTGRES_PASSWORD}")]
    pub password: Option<Secret>,
    /// The schema of the tables; it is made when it is not there.
    pub schema: String,
    /// How much TLS: DISABLE, ALLOW, PREFER, REQUIRE (encrypted, certificate not checked), VERIFY_CA or VERIFY_FULL.
    pub ssl_mode: String,
    /// Ours. PEM file with the authorities to check with. Unset: those of the system.
    #[schemars(with = "String", example = &"/etc/ssl/postgres-ca.pem")]
    pub ssl_root_cert: Option<PathBuf>,
    /// Ours. The table, in the same schema, of how far each shard is loaded.
    pub checkpoint_table: String,
    /// Connections at once.
    #[schemars(with = "String", extend("x-without-effect" = "one connection loads everything"), example = 10)]
    pub max_connections: Ignored,
    /// Threads that wait for the database.
    #[schemars(with = "String", extend("x-without-effect" = "no thread waits for it"), example = 4)]
    pub thread_pool_size: Ignored,
}

/// Kinds of databases, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatabaseKind {
    /// PostgreSQL.
    #[default]
    Postgres,
}

/// `batching`
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Batching {
    /// Events.
    pub max_records: usize,
    /// Bytes of events.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub max_bytes: u64,
    /// Time since the first event.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_delay: Duration,
}

/// `compat`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Compat {
    /// Whether to load no more than the original: texts of `events` are cut at 1024 characters, and values of DATE columns and
    /// moments that do not end in Z make bad rows.
    pub strict: bool,
}

/// `backoffPolicy`
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackoffPolicy {
    /// After the first failure.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub min_backoff: Duration,
    /// At most.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_backoff: Duration,
}

/// `monitoring`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Metrics.
    pub metrics: Metrics,
    /// Ours. Where health and metrics of the process are: GET /metrics; every other path and method is answered 200 while it
    /// is well and 503 while it is not. What is wrong is in the body.
    pub health_probe: HealthProbe,
}

/// `monitoring.metrics`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metrics {
    /// Ours. Metrics for Prometheus, under /metrics of the probe's port.
    pub prometheus: Prometheus,
    /// Metrics of the original's library.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to CloudWatch"), example = true)]
    pub cloud_watch: Ignored,
}

/// What is read where the keys say nothing.
const USUAL: Usual = Usual {
    stream: "enriched",
    application: "snowplow-postgres-loader",
    consumer: "postgres",
    position: PositionKind::TrimHorizon,
    max_records: 10_000,
    idle: Duration::from_secs(1),
};

impl Default for CheckpointSettings {
    fn default() -> Self {
        Self { max_batch_size: Ignored, max_batch_wait: Duration::from_secs(10) }
    }
}

impl Default for Good {
    fn default() -> Self {
        Self {
            kind: None,
            host: None,
            port: 5432,
            database: None,
            username: None,
            password: None,
            schema: "atomic".into(),
            ssl_mode: "REQUIRE".into(),
            ssl_root_cert: None,
            checkpoint_table: "piste_checkpoints".into(),
            max_connections: Ignored,
            thread_pool_size: Ignored,
        }
    }
}

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

impl PostgresLoaderConfig {
    /// What stands at the top of the reference configuration.
    pub const ABOUT: &str = "Every key of the Postgres loader, each with its default, or with an example in a comment where it \
        has none. Keys of the original keep its names and defaults; those marked with \"Ours\" are not in it. The whole may also \
        be nested under a top-level snowplow section. Environment variables are read with ${?NAME}. Keys that nothing reads are \
        reported at start and ignored.";

    /// What is read, and how.
    pub fn reading(&self) -> Reading {
        self.input.keys().reading(self.input.kind(), USUAL)
    }

    /// The file or folder of a source of type local.
    pub fn files(&self) -> Option<&Path> {
        self.input.path.as_deref().filter(|_| self.input.kind() == SourceKind::Local)
    }

    /// Whether source or sink are in a log.
    pub fn uses_log(&self) -> bool {
        self.input.kind() == SourceKind::Log || self.output.bad.kind() == BadSinkKind::Log
    }

    /// What the run needs.
    ///
    /// # Errors
    /// `sslMode` is not known.
    pub fn postgres(&self) -> Result<PostgresConfig, UrlError> {
        let good = &self.output.good;
        let mut connection = tokio_postgres::Config::new();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        connection.host(text(&good.host)).port(good.port);
        connection.dbname(text(&good.database)).user(text(&good.username));
        if let Some(password) = good.password.as_ref().filter(|password| !password.expose().is_empty()) {
            connection.password(password.expose());
        }
        let roots = good.ssl_root_cert.clone();
        let mut config = PostgresConfig::new(connection, &good.ssl_mode, roots, Some(good.schema.clone()))?;
        let reading = self.reading();
        config.purpose = self.purpose.unwrap_or_default();
        config.strict = self.compat.strict;
        config.app = reading.application;
        config.checkpoints.clone_from(&good.checkpoint_table);
        config.max_records = self.batching.max_records;
        config.max_bytes = usize::try_from(self.batching.max_bytes).unwrap_or(usize::MAX);
        config.linger = self.batching.max_delay;
        config.backoff = Backoff::new(self.backoff_policy.min_backoff, self.backoff_policy.max_backoff);
        config.max_bad_row_bytes = self.output.bad.max_record_size;
        if reading.kind == SourceKind::Kinesis {
            config.save_every = self.input.checkpoint_settings.max_batch_wait;
            config.shares_stream = true;
        }
        Ok(config)
    }
}
