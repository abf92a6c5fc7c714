//! The embedded log as a source and as a sink.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `log`, ours.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Log {
    /// Its folder. One process at a time writes to it: a collector that does must have ended, or both run as
    /// `piste up`.
    pub folder: PathBuf,
    /// Shards of each stream; more where the folder has more.
    pub shards: u32,
    /// Records are kept so long, and longer while a consumer that is known has not read them.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub retention_age: Duration,
    /// Bytes of all streams together, at most; beyond it what was read waits to be written.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub max_bytes: u64,
    /// Bytes of one file of the log.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub segment_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            folder: "piste-data".into(),
            shards: 1,
            retention_age: Duration::from_secs(24 * 3600),
            max_bytes: 10 << 30,
            segment_bytes: 64 << 20,
        }
    }
}
