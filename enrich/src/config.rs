//! The enricher's keys with the original's names and defaults (`spec/enrich.md` 7.2), and a few of ours.

use std::{collections::HashMap, time::Duration};

use event::{atomic::Field, bad_row::Processor};
use iglu::client::HttpSettings;
use serde::{Deserialize, Deserializer, de};
use service::config::Ignored;

use crate::{compatibility::Compatibility, settings::Settings};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnrichConfig {
    /// Ours: which line of the original is spoken, `"6"` or `"3"`.
    pub compatibility: Compatibility,
    /// Ours: who enriches, in `v_etl`, bad rows and failure entities.
    pub processor: ProcessorConfig,
    /// Where events go.
    pub output: Outputs,
    /// Threads that enrich, as a fraction of the cores (rounded up, at least one).
    pub cpu_parallelism_fraction: f64,
    /// What makes an event invalid.
    pub validation: Validation,
    /// Compressed raw records.
    pub decompression: Decompression,
    /// How registries are asked.
    pub iglu: Registries,
    /// Requests over HTTP.
    pub http: Http,
    /// Accepted and without effect: nothing is licensed.
    pub license: Ignored,
    /// Accepted and without effect: nothing phones home.
    pub telemetry: Ignored,
}

/// `processor`
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct ProcessorConfig {
    /// Name of the program.
    pub artifact: String,
    /// Its version.
    pub version: String,
}

/// `output`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outputs {
    /// Enriched events.
    pub good: Sink,
    /// Failed events; without a partition key of their own.
    pub failed: Sink,
}

/// `output.good` and `output.failed`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sink {
    /// Atomic field whose text is the partition key; without it every event has a random one.
    pub partition_key: Option<FieldName>,
    /// Largest record in bytes. That of `good` holds for all streams.
    pub max_record_size: usize,
}

/// `validation`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validation {
    /// Whether events with over-long fields are good all the same.
    pub accept_invalid: bool,
    /// Atomic field -> longest text in UTF-16 units, over the limits of the line that is spoken.
    pub atomic_fields_limits: HashMap<FieldName, u32>,
    /// Deepest JSON of trackers, the scalar leaf counting as a level.
    pub max_json_depth: usize,
}

/// `decompression`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decompression {
    /// Largest payload in a compressed record, in bytes.
    pub max_bytes_single_payload: u64,
}

/// `iglu`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Registries {
    /// Times a request is repeated at once after a failure that may pass.
    pub max_retry: u32,
    /// Longest pause before such a repetition.
    #[serde(with = "service::config::duration")]
    pub max_wait: Duration,
}

/// `http`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Http {
    /// What asks.
    pub client: HttpClient,
}

/// `http.client`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpClient {
    /// Time for a request to a registry with its answer.
    #[serde(with = "service::config::duration")]
    pub request_timeout: Duration,
}

/// An atomic field by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldName(pub Field);

impl service::config::Checked for EnrichConfig {}

impl EnrichConfig {
    /// What the core is told. `emits_failed`: whether there is a stream for failed events.
    pub fn settings(&self, emits_failed: bool) -> Settings {
        let processor =
            Processor { artifact: self.processor.artifact.clone(), version: self.processor.version.clone() };
        let mut settings = Settings::new(self.compatibility, processor);
        for (name, limit) in &self.validation.atomic_fields_limits {
            settings.limits[name.0 as usize] = Some(*limit);
        }
        settings.max_json_depth = self.validation.max_json_depth;
        settings.max_record_size = self.output.good.max_record_size;
        settings.accept_invalid = self.validation.accept_invalid;
        settings.emits_failed = emits_failed;
        settings.good_key = self.output.good.partition_key.map(|name| name.0);
        settings.failed_key = self.output.failed.partition_key.map(|name| name.0);
        settings.max_decompressed_payload = self.decompression.max_bytes_single_payload;
        settings
    }

    /// How registries behind HTTP are asked.
    pub fn registries(&self) -> HttpSettings {
        HttpSettings {
            max_retries: self.iglu.max_retry,
            max_wait: self.iglu.max_wait,
            timeout: self.http.client.request_timeout,
        }
    }

    /// Threads that enrich on a machine of so many cores.
    pub fn threads(&self, cores: usize) -> usize {
        ((cores as f64 * self.cpu_parallelism_fraction).ceil() as usize).clamp(1, 1024)
    }
}

impl Default for EnrichConfig {
    fn default() -> Self {
        Self {
            compatibility: Compatibility::default(),
            processor: ProcessorConfig::default(),
            output: Outputs::default(),
            cpu_parallelism_fraction: 1.0,
            validation: Validation::default(),
            decompression: Decompression::default(),
            iglu: Registries::default(),
            http: Http::default(),
            license: Ignored,
            telemetry: Ignored,
        }
    }
}

impl Default for ProcessorConfig {
    fn default() -> Self {
        Self { artifact: "piste-enrich".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

impl Default for Sink {
    fn default() -> Self {
        Self { partition_key: None, max_record_size: 1_000_000 }
    }
}

impl Default for Validation {
    fn default() -> Self {
        Self { accept_invalid: false, atomic_fields_limits: HashMap::new(), max_json_depth: 50 }
    }
}

impl Default for Decompression {
    fn default() -> Self {
        Self { max_bytes_single_payload: 10_000_000 }
    }
}

impl Default for Registries {
    fn default() -> Self {
        let HttpSettings { max_retries, max_wait, .. } = HttpSettings::default();
        Self { max_retry: max_retries, max_wait }
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self { request_timeout: HttpSettings::default().timeout }
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Field::named(&name).map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "`{name}` is no atomic field: names of columns are, such as user_id or event_id"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use service::config::{Sources, load};

    use super::*;

    fn read(text: &str) -> EnrichConfig {
        let loaded = load::<EnrichConfig>(&Sources::of_text("test", text), None).expect(text);
        assert_eq!(loaded.unknown, []);
        loaded.config
    }

    #[test]
    fn keys_reach_the_core() {
        let config = read(
            r#"
            compatibility = "3"
            output.good { partitionKey = user_id, maxRecordSize = 500000 }
            validation { atomicFieldsLimits { app_id = 5, mkt_clickid = 7 }, maxJsonDepth = 40, acceptInvalid = true }
            cpuParallelismFraction = 0.5
            iglu { maxRetry = 4, maxWait = 3 seconds }
            http.client.requestTimeout = 700 millis
            "#,
        );
        let timeout = Duration::from_millis(700);
        let registries = HttpSettings { max_retries: 4, max_wait: Duration::from_secs(3), timeout };
        assert_eq!(config.registries(), registries);
        let settings = config.settings(true);
        assert_eq!(settings.compatibility, Compatibility::Apache);
        assert_eq!(settings.good_key, Some(Field::UserId));
        assert_eq!(settings.limits[Field::AppId as usize], Some(5));
        assert_eq!(settings.limits[Field::MktClickid as usize], Some(7));
        assert_eq!(settings.limits[Field::PageUrl as usize], Some(4096));
        assert_eq!(
            (settings.max_record_size, settings.max_json_depth, settings.emits_failed),
            (500_000, 40, true)
        );
        assert_eq!((config.threads(1), config.threads(2), config.threads(3)), (1, 1, 2));
    }

    #[test]
    fn a_field_that_is_none_is_an_error() {
        let error = load::<EnrichConfig>(&Sources::of_text("test", "output.good.partitionKey = nope"), None);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("`nope` is no atomic field"), "{text}");
    }

    #[test]
    fn the_reference_lists_every_key() {
        let reference = include_str!("../../deploy/reference/enrich.hocon");
        assert_eq!(
            service::config::reference::differences::<EnrichConfig>(reference, None),
            Vec::<String>::new()
        );
    }
}
