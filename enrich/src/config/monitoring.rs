//! `monitoring`: what is told to whom (`spec/enrich.md` 7.5).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{
    Ignored,
    sections::{HealthProbe, Prometheus, Statsd},
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
