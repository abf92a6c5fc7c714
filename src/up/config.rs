//! The keys of `piste up`: its own, and those of every role under the role's name.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use collector::config::CollectorConfig;
use enrich::config::EnrichConfig;
use loaders::lake::settings::Layout;
use serde::Deserialize;
use service::config::Secret;

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UpConfig {
    /// Folder of log, lake and checkpoints.
    pub(crate) data: PathBuf,
    /// Where the collector listens.
    pub(crate) listen: SocketAddr,
    /// Where health and metrics are served.
    pub(crate) admin_listen: SocketAddr,
    /// Where the registry of own schemas listens.
    pub(crate) iglu_listen: SocketAddr,
    /// A UUID that may do everything there.
    pub(crate) iglu_super_key: Option<Secret>,
    /// Time from the request to end until the process gives up.
    #[serde(with = "service::config::duration")]
    pub(crate) drain_deadline: Duration,
    /// Database to load events into.
    pub(crate) postgres_url: Option<Secret>,
    /// Folders of own schemas.
    pub(crate) schemas: Vec<PathBuf>,
    /// Iglu registries to ask.
    pub(crate) registries: Vec<String>,
    /// A resolver configuration in a file of its own.
    pub(crate) resolver: Option<PathBuf>,
    /// Folder with configurations of enrichments.
    pub(crate) enrichments: Option<PathBuf>,
    /// The embedded log.
    pub(crate) log: LogKeys,
    /// The collector.
    pub(crate) collector: CollectorConfig,
    /// Enrich.
    pub(crate) enrich: EnrichConfig,
    /// The lake loaders.
    pub(crate) lake: LakeKeys,
    /// The Postgres loader; used when there is a `postgresUrl`.
    pub(crate) postgres: PostgresKeys,
}

/// `lake`: when a file is closed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LakeKeys {
    /// At so many records.
    pub(crate) record_limit: u64,
    /// At so many bytes before compression.
    #[serde(with = "service::config::size")]
    pub(crate) byte_limit: u64,
    /// When its first record has waited so long.
    #[serde(with = "service::config::duration")]
    pub(crate) time_limit: Duration,
    /// What files of enriched events are.
    pub(crate) file_format: Layout,
}

/// `postgres`: when a transaction is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PostgresKeys {
    /// At so many events.
    pub(crate) record_limit: usize,
    /// At so many bytes of lines.
    #[serde(with = "service::config::size")]
    pub(crate) byte_limit: u64,
    /// When its first event has waited so long.
    #[serde(with = "service::config::duration")]
    pub(crate) time_limit: Duration,
}

/// `log`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LogKeys {
    /// Shards of each stream.
    pub(crate) shards: u32,
    /// Records are kept so long, and longer while a loader has not read them.
    #[serde(with = "service::config::duration")]
    pub(crate) retention_age: Duration,
    /// Bytes of all streams together, at most; beyond it the collector answers 503.
    #[serde(with = "service::config::size")]
    pub(crate) max_bytes: u64,
    /// Bytes of one file of the log.
    #[serde(with = "service::config::size")]
    pub(crate) segment_bytes: u64,
}

impl Default for UpConfig {
    fn default() -> Self {
        Self {
            data: "piste-data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 9090)),
            admin_listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            iglu_listen: SocketAddr::from(([127, 0, 0, 1], 9091)),
            iglu_super_key: None,
            drain_deadline: service::supervise::DEADLINE,
            postgres_url: None,
            schemas: Vec::new(),
            registries: Vec::new(),
            resolver: None,
            enrichments: None,
            log: LogKeys::default(),
            collector: CollectorConfig::default(),
            enrich: EnrichConfig::default(),
            lake: LakeKeys::default(),
            postgres: PostgresKeys::default(),
        }
    }
}

impl Default for LogKeys {
    fn default() -> Self {
        Self {
            shards: 1,
            retention_age: Duration::from_secs(24 * 3600),
            max_bytes: 10 << 30,
            segment_bytes: 64 << 20,
        }
    }
}

impl Default for LakeKeys {
    fn default() -> Self {
        Self {
            record_limit: 100_000,
            byte_limit: 16 << 20,
            time_limit: Duration::from_secs(5),
            file_format: Layout::Lines,
        }
    }
}

impl Default for PostgresKeys {
    fn default() -> Self {
        Self { record_limit: 10_000, byte_limit: 16 << 20, time_limit: Duration::from_secs(1) }
    }
}

#[cfg(test)]
mod tests {
    use service::config::{Sources, load, reference};

    use super::*;

    /// The keys of the roles stand in files of their own.
    fn whole() -> String {
        let up = include_str!("../../deploy/reference/up.hocon");
        let collector = include_str!("../../deploy/reference/collector.hocon");
        let enrich = include_str!("../../deploy/reference/enrich.hocon");
        format!("{up}\n{collector}\nenrich {{\n{enrich}\n}}\n")
    }

    #[test]
    fn the_reference_lists_every_key() {
        assert_eq!(reference::differences::<UpConfig>(&whole(), None), Vec::<String>::new());
    }

    #[test]
    fn the_reference_is_the_defaults() {
        let read = load::<UpConfig>(&Sources::of_text("reference", &whole()), None).unwrap().config;
        let mut default = UpConfig::default();
        // Maps have no order; those of the roles are compared in their crates.
        default.collector.paths.clone_from(&read.collector.paths);
        assert_eq!(format!("{read:?}"), format!("{default:?}"));
    }
}
