//! Opens the embedded log that a configuration names.

use std::{path::Path, time::Duration};

use service::exit::{ExitCode, RunError};
use stream::log::{Log, LogConfig, OpenError, StreamConfig};

/// How a log is cut, and how much of it is kept.
pub(crate) struct Keys {
    pub(crate) shards: u32,
    pub(crate) retention_age: Duration,
    pub(crate) max_bytes: u64,
    pub(crate) segment_bytes: u64,
}

/// Opens the log in a folder, with streams of these names. The checkpoints of its readers stand beside it.
pub(crate) fn open(
    folder: &Path,
    names: impl IntoIterator<Item = impl Into<String>>,
    keys: Keys,
) -> Result<Log, RunError> {
    let Keys { shards, retention_age, max_bytes, segment_bytes } = keys;
    let stream = |name| StreamConfig {
        shards,
        retention_age: Some(retention_age),
        retention_bytes: None,
        ..StreamConfig::new(name)
    };
    let streams = names.into_iter().map(stream).collect();
    let mut log = LogConfig::new(folder.join("log"), folder.join("checkpoints"), streams);
    log.max_bytes = Some(max_bytes);
    log.segment_bytes = segment_bytes;
    Log::open(log).map_err(unopened)
}

/// Why a log cannot be used.
pub(crate) fn unopened(error: OpenError) -> RunError {
    let code = match error {
        OpenError::Config { .. } => ExitCode::Config,
        _ => ExitCode::Unavailable,
    };
    RunError::new(code, error.to_string())
}
