//! `monitoring`: what is told about requests, and to whom (`spec/collector.md` 9.1).

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use service::statsd;

/// `monitoring`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Metrics that are sent somewhere.
    pub metrics: Metrics,
    /// Ours: a log line for every request.
    pub request_log: RequestLog,
}

/// `monitoring.metrics`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Metrics for a DogStatsD server.
    pub statsd: Statsd,
}

/// `monitoring.metrics.statsd`
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Statsd {
    /// Whether they are sent.
    pub enabled: bool,
    /// Name or address of the server.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// Stands before each name.
    pub prefix: String,
    /// Tags of each metric.
    pub tags: BTreeMap<String, String>,
    /// Time between two reports.
    #[serde(with = "service::config::duration")]
    pub period: Duration,
}

/// `monitoring.requestLog`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RequestLog {
    /// Whether there is one.
    pub enabled: bool,
}

impl Default for Statsd {
    fn default() -> Self {
        Self {
            enabled: false,
            hostname: "localhost".into(),
            port: 8125,
            prefix: "snowplow.collector".into(),
            tags: BTreeMap::new(),
            period: Duration::from_secs(10),
        }
    }
}

impl Statsd {
    /// Where to send, if anywhere.
    pub fn settings(&self) -> Option<statsd::Settings> {
        self.enabled.then(|| statsd::Settings {
            hostname: self.hostname.clone(),
            port: self.port,
            prefix: self.prefix.clone(),
            tags: self.tags.clone(),
            period: self.period,
        })
    }
}
