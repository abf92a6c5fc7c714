//! `monitoring`: what is told about requests, and to whom (`spec/collector.md` 9.1).

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::{config::Ignored, statsd};

/// `monitoring`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Metrics that are sent somewhere.
    pub metrics: Metrics,
    /// Ours. One log line for every request, with target collector::request: method, kind of route, status,
    /// milliseconds, bytes, records stored and why it was refused. Nothing of it says who asked or what for.
    pub request_log: RequestLog,
}

/// `monitoring.metrics`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Metrics {
    /// Metrics for a DogStatsD server, over UDP, with the original's names, types and tags: requests with their
    /// latencies by method and status, requests in flight. What cannot be sent is dropped: no request waits for it.
    pub statsd: Statsd,
    /// Retired with collector 2.6.
    #[schemars(
        with = "String",
        extend("x-without-effect" = "metrics for Prometheus are under /metrics at adminListen"),
        example = serde_json::json!({"enabled": true})
    )]
    pub prometheus: Ignored,
}

/// `monitoring.metrics.statsd`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Statsd {
    /// Whether they are sent.
    pub enabled: bool,
    /// Name or address of the server.
    pub hostname: String,
    /// Its port.
    pub port: u16,
    /// Stands before each name, with a dot between.
    pub prefix: String,
    /// Tags of each metric.
    #[schemars(example = serde_json::json!({"env": "prod"}))]
    pub tags: BTreeMap<String, String>,
    /// Time between two reports.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub period: Duration,
}

/// `monitoring.requestLog`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
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
