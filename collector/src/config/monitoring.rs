//! `monitoring`: what is told about requests, and to whom (`spec/collector.md` 9.1).

use serde::Deserialize;

/// `monitoring`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Ours: a log line for every request.
    pub request_log: RequestLog,
}

/// `monitoring.requestLog`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestLog {
    /// Whether there is one.
    pub enabled: bool,
}
