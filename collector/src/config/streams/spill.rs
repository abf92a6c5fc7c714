//! What is kept on the local disk while a stream elsewhere does not take it.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `streams.spill`, ours.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spill {
    /// Its folder, with one folder for each stream in it. It must outlive the process.
    #[schemars(example = &"/var/lib/piste/spill")]
    pub folder: Option<PathBuf>,
    /// Bytes on the disk of each stream, at most; beyond it events are refused with 503.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub max_bytes: u64,
    /// How long records are sent to a stream that does not take them before they are kept. A call that is under way then is
    /// waited for, as it may yet be taken.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub patience: Duration,
}

impl Default for Spill {
    fn default() -> Self {
        Self { folder: None, max_bytes: 1 << 30, patience: Duration::from_secs(2) }
    }
}
