//! What is told to whom.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::POSITIVE_TIME;
use crate::config::Notes;

/// `monitoring.metrics.prometheus`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Prometheus {
    /// Labels of each metric.
    #[schemars(example = serde_json::json!({"env": "prod"}))]
    pub tags: BTreeMap<String, String>,
}

/// `monitoring.healthProbe`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthProbe {
    /// Ours. Address to listen on.
    pub interface: String,
    /// Its port; 0 takes one that is free and says which in the log.
    pub port: u16,
    /// The process counts as not well while a record that was taken up is older and not acknowledged.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub unhealthy_latency: Duration,
}

impl Default for HealthProbe {
    fn default() -> Self {
        Self { interface: "0.0.0.0".into(), port: 8000, unhealthy_latency: Duration::from_secs(120) }
    }
}

impl HealthProbe {
    /// What cannot be.
    pub fn problems(&self, notes: &mut Notes) {
        let fine = !self.unhealthy_latency.is_zero();
        notes.unless(fine, "monitoring.healthProbe.unhealthyLatency", POSITIVE_TIME);
    }
}
