//! What is told to whom.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{config::Notes, statsd};

/// `monitoring.metrics.statsd`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Statsd {
    /// Name or address of the server.
    #[schemars(example = &"localhost")]
    pub hostname: Option<String>,
    /// Its port.
    pub port: u16,
    /// Stands before each name, with a dot between. Unset: the original's of the role, such as snowplow.enrich.
    #[schemars(example = &"snowplow.pipeline")]
    pub prefix: Option<String>,
    /// Tags of each metric.
    #[schemars(example = serde_json::json!({"env": "prod"}))]
    pub tags: BTreeMap<String, String>,
    /// Time between two reports.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub period: Duration,
}

impl Default for Statsd {
    fn default() -> Self {
        let period = Duration::from_secs(60);
        Self { hostname: None, port: 8125, prefix: None, tags: BTreeMap::new(), period }
    }
}

impl Statsd {
    /// Where to send, if anywhere; `prefix` is the original's.
    pub fn settings(&self, prefix: &str) -> Option<statsd::Settings> {
        let prefix = self.prefix.as_deref().unwrap_or(prefix);
        Some(statsd::Settings {
            hostname: self.hostname.clone()?,
            port: self.port,
            // The Apache line's own files end it with a dot.
            prefix: prefix.trim_end_matches('.').to_owned(),
            tags: self.tags.clone(),
            period: self.period,
        })
    }

    /// What cannot be.
    pub fn problems(&self, notes: &mut Notes) {
        if self.hostname.is_some() {
            let key = "monitoring.metrics.statsd";
            notes.unless(self.port != 0, &format!("{key}.port"), "expected a port from 1 to 65535");
            notes.positive(&format!("{key}.period"), self.period);
        }
    }
}

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
        notes.positive("monitoring.healthProbe.unhealthyLatency", self.unhealthy_latency);
    }
}
