//! Opens the embedded log that a configuration names.

use service::{
    config::sections::Log as Keys,
    exit::{ExitCode, RunError},
    metric::{
        LOG_APPENDED_BYTES, LOG_APPENDED_RECORDS, LOG_GROUP_RECORDS, LOG_GROUPS, LOG_REFUSED,
        LOG_STORED_BYTES, LOG_SYNC_SECONDS,
    },
};
use stream::log::{Done, Log, LogConfig, Observer, OpenError, StreamConfig};

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
    log.observer = Observer::new(count);
    Log::open(log).map_err(unopened)
}

/// What the writer does, as metrics.
fn count(done: Done<'_>) {
    match done {
        Done::Committed { stream, records, bytes } => {
            LOG_GROUPS.increment(&[stream]);
            LOG_GROUP_RECORDS.record(records as f64, &[]);
            LOG_APPENDED_RECORDS.add(records, &[stream]);
            LOG_APPENDED_BYTES.add(bytes, &[stream]);
        }
        Done::Synced(time) => LOG_SYNC_SECONDS.record(time.as_secs_f64(), &[]),
        Done::Refused { stream, batches } => LOG_REFUSED.add(batches, &[stream]),
        Done::Stored { stream, bytes } => LOG_STORED_BYTES.set(bytes as f64, &[stream]),
    }
}

/// Why a log cannot be used.
pub(crate) fn unopened(error: OpenError) -> RunError {
    let code = match error {
        OpenError::Config { .. } => ExitCode::Config,
        _ => ExitCode::Unavailable,
    };
    RunError::new(code, error.to_string())
}
