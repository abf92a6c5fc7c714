//! Where to load, and how much at once.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use service::retry::Backoff;

/// Configuration of the loader.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// What the stream carries.
    pub purpose: Purpose,
    /// Whether values are stored as the original stores them, where that is less (`spec/loaders-and-leases.md` 3.10).
    pub strict: bool,
    /// How to reach the database. Its `Debug` hides the password.
    pub connection: tokio_postgres::Config,
    /// How much TLS.
    pub tls: Tls,
    /// Schema of the tables.
    pub schema: String,
    /// Name of the application in the table of checkpoints.
    pub app: String,
    /// Name of the table of checkpoints.
    pub checkpoints: String,
    /// Most events in one transaction (a batch of the stream is never split).
    pub max_records: usize,
    /// Most bytes of events in one transaction.
    pub max_bytes: usize,
    /// How long an event waits for others.
    pub linger: Duration,
    /// Between attempts while the database or a registry is away.
    pub backoff: Backoff,
    /// Bytes of a bad row, at most; less where its stream takes less.
    pub max_bad_row_bytes: usize,
    /// Partition key of bad rows.
    pub bad_row_key: BadRowKey,
    /// Time between two notes of the progress of a shard in the stream. What counts is in the database.
    pub save_every: Duration,
    /// Whether others may have loaded the stream, who note their progress in the stream alone.
    pub shares_stream: bool,
}

/// What a stream carries, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Enriched events as TSV.
    #[default]
    EnrichedEvents,
    /// Self-describing JSON, as bad rows are.
    Json,
    /// The same.
    SelfDescribing,
}

impl Purpose {
    /// Whether records are enriched events, with a row in `events` and rows that refer to it.
    pub fn has_events(self) -> bool {
        self == Self::EnrichedEvents
    }
}

/// Who bad rows are for: their partition key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadRowKey {
    /// A hash of the record.
    #[default]
    Content,
    /// Shard and sequence number of the record, with a colon between them.
    Place,
}

/// How much TLS, after libpq's `sslmode`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `disable`
    Never,
    /// `allow`, `prefer`: when the server offers it; the certificate is not checked.
    Offered,
    /// `require`: always; the certificate is not checked.
    Unchecked,
    /// `verify-ca` and `verify-full`: always; the certificate is checked.
    Checked {
        /// PEM file with the accepted authorities; `None`: those of the system.
        roots: Option<PathBuf>,
        /// Whether the host must be named in the certificate (`verify-full`).
        host: bool,
    },
}

/// Why a URL is refused. Never says the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Postgres URL: {what} (like postgres://user:password@host:5432/database?sslmode=require)")]
pub struct UrlError {
    /// What is wrong.
    pub what: String,
}

impl PostgresConfig {
    /// The defaults, and the connection of `url`: what libpq takes, `postgres://` or `key=value`, with `sslmode` (default
    /// `prefer`), `sslrootcert`, and our own `schema` (default `atomic`).
    ///
    /// # Errors
    /// Not understood.
    pub fn from_url(url: &str) -> Result<Self, UrlError> {
        let (plain, taken) = take_out(url, &["sslmode", "sslrootcert", "schema"]);
        let connection = plain.parse::<tokio_postgres::Config>().map_err(|error| UrlError {
            what: std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
        })?;
        if connection.get_hosts().is_empty() && connection.get_hostaddrs().is_empty() {
            return Err(UrlError { what: "it names no host".to_owned() });
        }
        let [mode, roots, schema] = taken;
        Self::new(connection, mode.as_deref().unwrap_or("prefer"), roots.map(PathBuf::from), schema)
    }

    /// The defaults for this connection; `sslmode` in libpq's words or the original's (`VERIFY_CA`).
    ///
    /// # Errors
    /// The mode is not known.
    pub fn new(
        mut connection: tokio_postgres::Config,
        sslmode: &str,
        roots: Option<PathBuf>,
        schema: Option<String>,
    ) -> Result<Self, UrlError> {
        let tls = match sslmode.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" => Tls::Never,
            "allow" | "prefer" => Tls::Offered,
            // As libpq does: who names authorities wants them checked.
            "require" if roots.is_none() => Tls::Unchecked,
            "require" | "verify-ca" => Tls::Checked { roots, host: false },
            "verify-full" => Tls::Checked { roots, host: true },
            other => {
                let modes = "disable, allow, prefer, require, verify-ca, verify-full";
                return Err(UrlError { what: format!("sslmode `{other}` is none of {modes}") });
            }
        };
        connection.ssl_mode(match tls {
            Tls::Never => tokio_postgres::config::SslMode::Disable,
            Tls::Offered => tokio_postgres::config::SslMode::Prefer,
            Tls::Unchecked | Tls::Checked { .. } => tokio_postgres::config::SslMode::Require,
        });
        if connection.get_application_name().is_none() {
            connection.application_name("piste");
        }
        if connection.get_connect_timeout().is_none() {
            connection.connect_timeout(Duration::from_secs(10));
        }
        connection.keepalives_idle(Duration::from_secs(60));
        Ok(Self {
            purpose: Purpose::EnrichedEvents,
            strict: false,
            connection,
            tls,
            schema: schema.unwrap_or_else(|| "atomic".to_owned()),
            app: "snowplow-postgres-loader".to_owned(),
            checkpoints: "piste_checkpoints".to_owned(),
            max_records: 10_000,
            max_bytes: 16 * 1024 * 1024,
            linger: Duration::from_secs(1),
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(10)),
            max_bad_row_bytes: usize::MAX,
            bad_row_key: BadRowKey::Content,
            save_every: Duration::ZERO,
            shares_stream: false,
        })
    }

    /// Where the database is, without user and password, for logs.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self
            .connection
            .get_hosts()
            .iter()
            .map(|host| match host {
                tokio_postgres::config::Host::Tcp(name) => name.clone(),
                tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let database = self.connection.get_dbname().or(self.connection.get_user()).unwrap_or("?");
        format!("{}/{database}, schema {}", hosts.join(","), self.schema)
    }
}

/// Takes some parameters out of a URL or a `key=value` text, in the order of `names`.
fn take_out<const N: usize>(url: &str, names: &[&str; N]) -> (String, [Option<String>; N]) {
    let mut taken = [const { None }; N];
    let mut keep = |pair: &str| match pair.split_once('=') {
        Some((key, value)) => match names.iter().position(|name| *name == key.trim()) {
            Some(at) => {
                taken[at] = Some(decoded(value.trim_matches('\'')));
                false
            }
            None => true,
        },
        None => true,
    };
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let plain = if is_url {
        match url.split_once('?') {
            None => url.to_owned(),
            Some((base, query)) => {
                let rest: Vec<&str> = query.split('&').filter(|pair| keep(pair)).collect();
                if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) }
            }
        }
    } else {
        // A value in quotes may hold blanks; only words that are parameters of ours are taken out.
        let rest: Vec<&str> = url.split(' ').filter(|pair| keep(pair)).collect();
        rest.join(" ")
    };
    (plain, taken)
}

/// Without percent encoding.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, tls, schema) in [
            ("postgres://u:p@h/d", Tls::Offered, "atomic"),
            (
                "postgresql://u:p@h/d?sslmode=disable&schema=web%20shop&connect_timeout=3",
                Tls::Never,
                "web shop",
            ),
            ("host=/run/pg user=u sslmode=require", Tls::Unchecked, "atomic"),
            ("postgres://h?sslmode=VERIFY_CA", Tls::Checked { roots: None, host: false }, "atomic"),
            (
                "postgres://u@%2Ftmp%2Fpg/d?sslmode=verify-full&sslrootcert=/a/b.pem",
                Tls::Checked { roots: Some("/a/b.pem".into()), host: true },
                "atomic",
            ),
        ] {
            let config = PostgresConfig::from_url(url).unwrap();
            assert_eq!((config.tls, config.schema.as_str()), (tls, schema), "{url}");
        }
    }

    #[test]
    fn refused_urls() {
        for url in [
            "",
            "postgres://",
            "http://h/d",
            "postgres://h/d?sslmode=maybe",
            "postgres://h/d?colour=red",
            "host=",
        ] {
            let error = PostgresConfig::from_url(url).expect_err(url);
            assert!(error.to_string().contains("postgres://user:password@host"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let config = PostgresConfig::from_url("postgres://u:geheim@h/d").unwrap();
        assert!(!format!("{config:?}").contains("geheim"));
        assert_eq!(config.place(), "h/d, schema atomic");
    }
}
