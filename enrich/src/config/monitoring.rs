//! `monitoring`: what is told to whom (`spec/enrich.md` 7.5).

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::{
    config::{
        Ignored,
        sections::{HealthProbe, Prometheus},
    },
    statsd,
};

/// `monitoring`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Metrics.
    pub metrics: Metrics,
    /// Where health and metrics of the process are: GET /metrics; every other path and method is answered 200 while it is
    /// well and 503 while it is not. What is wrong is in the body.
    pub health_probe: HealthProbe,
    /// A service that gathers errors.
    #[schemars(with = "String", extend("x-without-effect" = "errors are in the log"), example = serde_json::json!({"dsn": "https://key@acme.com/1"}))]
    pub sentry: Ignored,
}

/// `monitoring.metrics`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Metrics {
    /// Metrics for a StatsD server, over UDP, with the original's names: off without a hostname. What cannot be sent is
    /// dropped: no event waits for it.
    pub statsd: Statsd,
    /// Metrics for Prometheus, under /metrics of the probe's port.
    pub prometheus: Prometheus,
    /// Metrics in the log.
    #[schemars(with = "String", extend("x-without-effect" = "metrics are under /metrics of the probe's port"), example = serde_json::json!({"period": "1 minute"}))]
    pub stdout: Ignored,
    /// Metrics of the original's library.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to CloudWatch"), example = false)]
    pub cloudwatch: Ignored,
}

/// `monitoring.metrics.statsd`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Statsd {
    /// Name or address of the server.
    #[schemars(example = &"localhost")]
    pub hostname: Option<String>,
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

impl Default for Statsd {
    fn default() -> Self {
        Self {
            hostname: None,
            port: 8125,
            prefix: "snowplow.enrich".into(),
            tags: BTreeMap::new(),
            period: Duration::from_secs(60),
        }
    }
}

impl Statsd {
    /// Where to send, if anywhere.
    pub fn settings(&self) -> Option<statsd::Settings> {
        Some(statsd::Settings {
            hostname: self.hostname.clone()?,
            port: self.port,
            // The Apache line's own files end it with a dot.
            prefix: self.prefix.trim_end_matches('.').to_owned(),
            tags: self.tags.clone(),
            period: self.period,
        })
    }
}
