//! Opens the embedded log that a configuration names.

use service::{
    config::sections::Log as Keys,
    exit::{ExitCode, RunError},
};
use stream::log::{Log, LogConfig, OpenError, StreamConfig};

/// Opens the log in a folder, with streams of these names. The checkpoints of its readers stand beside it.
pub(crate) fn open(keys: &Keys, names: impl IntoIterator<Item = impl Into<String>>) -> Result<Log, RunError> {
    let stream = |name| StreamConfig {
        shards: keys.shards,
        retention_age: Some(keys.retention_age),
        retention_bytes: None,
        ..StreamConfig::new(name)
    };
    let streams = names.into_iter().map(stream).collect();
    let mut log = LogConfig::new(keys.folder.join("log"), keys.folder.join("checkpoints"), streams);
    log.max_bytes = Some(keys.max_bytes);
    log.segment_bytes = keys.segment_bytes;
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
