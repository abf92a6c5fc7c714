//! The embedded log as a sink.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `streams.log`, ours: the embedded log that sinks of kind `log` write to, as `piste up` does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Log {
    /// Its folder. One process at a time writes to it; others may read.
    pub folder: PathBuf,
    /// Shards of each stream.
    pub shards: u32,
    /// Records are kept so long, and longer while a consumer that is known has not read them.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub retention_age: Duration,
    /// Bytes of all streams together, at most; beyond it events are refused with 503.
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
