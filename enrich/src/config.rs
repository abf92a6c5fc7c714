//! The enricher's keys with the original's names and defaults (`spec/enrich.md` 7.2), and a few of ours. Those that the
//! Apache line had and the current one has not are read where they mean something, and else said to have no effect.

mod field_name;
mod input;
mod lookups;
mod monitoring;
mod output;
mod problems;
mod remote;

use std::{collections::BTreeMap, time::Duration};

use event::bad_row::Processor;
use iglu::client::HttpSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::{
    config::{
        Ignored,
        sections::{Log, Reading},
    },
    statsd,
};

pub use self::{
    field_name::FieldName,
    input::Input,
    lookups::Lookups,
    monitoring::{Metrics, Monitoring},
    output::{Outputs, Sink, SinkKind},
    remote::RemoteAdapters,
};
use crate::{
    adapters::webhook_schemas::{Overrides, WebhookSchemas},
    compatibility::Compatibility,
    settings::Settings,
};

/// The whole file.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnrichConfig {
    /// Ours. The line of the original that is spoken where the two disagree: "6" (Enrich 6.x), or "3" (Enrich 3.x), which
    /// OpenSnowcat goes on with.
    #[schemars(with = "String")]
    pub compatibility: Compatibility,
    /// Ours. Who enriches: v_etl of every event is <artifact>-<version>; bad rows and failure entities name both.
    pub processor: ProcessorConfig,
    /// Where raw records come from. What stands in the comments here is the default, unless a comment says otherwise; only
    /// the name of the stream must be given.
    pub input: Input,
    /// Where events go. A raw record is acknowledged when all streams hold what came of it.
    pub output: Outputs,
    /// Ours. The embedded log of inputs and outputs of type log.
    pub log: Log,
    /// Threads that enrich, as a fraction of the cores (rounded up, at least one).
    pub cpu_parallelism_fraction: f64,
    /// Calls to sinks at once, as a fraction of the cores.
    #[schemars(with = "String", extend("x-without-effect" = "a sink has its calls in flight whatever the number of cores"), example = 2)]
    pub sink_parallelism_fraction: Ignored,
    /// Parallelism of the Apache line.
    #[schemars(with = "String", extend("x-without-effect" = "`cpuParallelismFraction` says how many threads enrich"), example = serde_json::json!({"enrich": 256, "sink": 3}))]
    pub concurrency: Ignored,
    /// Time between two looks whether files that enrichments need have changed. Changed ones are taken up without restart;
    /// one that cannot be had, or is broken, leaves the old one in use.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub assets_update_period: Duration,
    /// What makes an event invalid.
    pub validation: Validation,
    /// Switches of the Apache line.
    pub feature_flags: FeatureFlags,
    /// Compressed raw records.
    pub decompression: Decompression,
    /// How registries behind HTTP are asked. Beyond this, a registry that does not answer is asked until it does, with
    /// growing pauses, while the events that need its schemas wait.
    pub iglu: Registries,
    /// Requests over HTTP.
    pub http: Http,
    /// What is told to whom.
    pub monitoring: Monitoring,
    /// Compressed output.
    #[schemars(with = "String", extend("x-without-effect" = "enriched events are written as they are"), example = serde_json::json!({"enabled": false}))]
    pub compression: Ignored,
    /// Schemas of webhooks' events, over the defaults: by the adapter's section, and there by the event's key.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>", example = serde_json::json!({"sendgrid": {"open": "iglu:com.sendgrid/open/jsonschema/3-0-0"}}))]
    pub adapters_schemas: Overrides,
    /// Adapters behind HTTP: requests to paths that no built-in adapter reads are sent to services, which answer with events.
    pub remote_adapters: RemoteAdapters,
    /// Ours. How services are asked that enrichments ask: databases, APIs, exchange rates.
    pub lookups: Lookups,
    /// Classes that scripts may name.
    #[schemars(with = "String", extend("x-without-effect" = "scripts find a few harmless classes of Java only"), example = serde_json::json!(["*"]))]
    pub js_allowed_java_classes: Ignored,
    /// Reports of schemas that were seen.
    #[schemars(with = "String", extend("x-without-effect" = "nothing phones home"), example = serde_json::json!({"endpoint": "https://acme.com", "organizationId": "o", "pipelineId": "p"}))]
    pub metadata: Ignored,
    /// A service of the vendor's that knows who is who.
    #[schemars(with = "String", extend("x-without-effect" = "there is no client of that service: events pass without its entity"), example = serde_json::json!({"endpoint": "https://acme.com"}))]
    pub identity: Ignored,
    /// Accounts of Azure.
    #[schemars(with = "String", extend("x-without-effect" = "files of enrichments are read over HTTP, from S3 and from the disk"), example = serde_json::json!({}))]
    pub blob_clients: Ignored,
    /// Which stores the Apache line reads.
    #[schemars(with = "String", extend("x-without-effect" = "S3 is read where a configuration names it"), example = serde_json::json!({"s3": true}))]
    pub blob_storage: Ignored,
    /// What was tried out.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is experimental"), example = serde_json::json!({}))]
    pub experimental: Ignored,
    /// The licence of the original.
    #[schemars(with = "String", extend("x-without-effect" = "nothing here is licensed"), example = serde_json::json!({"accept": true}))]
    pub license: Ignored,
    /// The original's reports to its vendor.
    #[schemars(with = "String", extend("x-without-effect" = "nothing phones home"), example = serde_json::json!({"disable": true}))]
    pub telemetry: Ignored,
}

/// `processor`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct ProcessorConfig {
    /// Name of the program.
    pub artifact: String,
    /// Its version.
    pub version: String,
}

/// `validation`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validation {
    /// Whether events with over-long fields are good all the same.
    pub accept_invalid: bool,
    /// Longest texts of atomic fields in UTF-16 units, over those of the line that is spoken.
    #[schemars(with = "BTreeMap<String, u32>", example = serde_json::json!({"app_id": 255}))]
    pub atomic_fields_limits: BTreeMap<FieldName, u32>,
    /// Deepest JSON that trackers may send; the value at the bottom counts as a level.
    pub max_json_depth: usize,
    /// Whether a script that cannot be compiled ends the process at its start.
    #[schemars(with = "String", extend("x-without-effect" = "a script that cannot be compiled always does"), example = true)]
    pub exit_on_js_compile_error: Ignored,
}

/// `featureFlags`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeatureFlags {
    /// The Apache line's name of validation.acceptInvalid.
    pub accept_invalid: bool,
    /// The Apache line's name of validation.exitOnJsCompileError.
    #[schemars(with = "String", extend("x-without-effect" = "a script that cannot be compiled always does"), example = true)]
    pub exit_on_js_compile_error: Ignored,
    /// An order of enrichments that was given up.
    #[schemars(with = "String", extend("x-without-effect" = "enrichments have one order"), example = false)]
    pub legacy_enrichment_order: Ignored,
    /// Whether headers are tried as Base64.
    #[schemars(with = "String", extend("x-without-effect" = "headers are taken as they are"), example = false)]
    pub try_base64_decoding: Ignored,
}

/// `decompression`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decompression {
    /// Largest payload in a compressed raw record, in bytes.
    pub max_bytes_single_payload: u64,
    /// Bytes of payloads worked on together.
    #[schemars(with = "String", extend("x-without-effect" = "what a record holds is never worked on in parts"), example = 5_242_880)]
    pub max_bytes_in_batch: Ignored,
}

/// `iglu`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Registries {
    /// Times a request is repeated at once after a failure that may pass.
    pub max_retry: u32,
    /// Longest pause before such a repetition.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_wait: Duration,
}

/// `http`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Http {
    /// What asks.
    pub client: HttpClient,
}

/// `http.client`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpClient {
    /// Time for a request to a registry with its answer.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub request_timeout: Duration,
}

impl EnrichConfig {
    /// What stands at the top of the reference configuration.
    pub const ABOUT: &str = "Every key of the enricher, each with its default, or with an example in a comment where it has \
        none. Keys of the original keep its names and defaults; those marked with \"Ours\" are not in it. Environment \
        variables are read with ${?NAME}. Keys that nothing reads are reported at start and ignored.";

    /// What the core is told. `emits_failed`: whether there is a stream for failed events.
    pub fn settings(&self, emits_failed: bool) -> Settings {
        let mut settings = Settings::new(self.compatibility, self.processor());
        for (name, limit) in &self.validation.atomic_fields_limits {
            settings.limits[name.0 as usize] = Some(*limit);
        }
        settings.max_json_depth = self.validation.max_json_depth;
        settings.max_record_size = self.output.good.max_record_size;
        settings.accept_invalid = self.validation.accept_invalid || self.feature_flags.accept_invalid;
        settings.emits_failed = emits_failed;
        settings.good_key = self.output.good.partition_key.map(|name| name.0);
        settings.failed_key = self.output.failed.partition_key.map(|name| name.0);
        settings.webhook_schemas = WebhookSchemas::with(self.compatibility, &self.adapters_schemas);
        settings.remote_adapters = self.remote_adapters.configs.clone().into();
        settings.max_decompressed_payload = self.decompression.max_bytes_single_payload;
        settings
    }

    /// Who enriches.
    pub fn processor(&self) -> Processor {
        Processor { artifact: self.processor.artifact.clone(), version: self.processor.version.clone() }
    }

    /// The sinks that are to be opened, with the names of their sections: bad, failed, good.
    pub fn sinks(&self) -> impl Iterator<Item = (&'static str, &Sink)> {
        let Outputs { good, failed, bad, .. } = &self.output;
        let has_failed = failed.is_set() && !self.compatibility.is_apache();
        let all = [("bad", bad), ("failed", failed), ("good", good)];
        all.into_iter().filter(move |(section, _)| *section != "failed" || has_failed)
    }

    /// Where the original's metrics go, if anywhere.
    pub fn statsd(&self) -> Option<statsd::Settings> {
        self.monitoring.metrics.statsd.settings("snowplow.enrich")
    }

    /// What is read, and how.
    pub fn reading(&self) -> Reading {
        self.input.keys().reading(self.input.kind(), input::USUAL)
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
            input: Input::default(),
            output: Outputs::default(),
            log: Log::default(),
            cpu_parallelism_fraction: 1.0,
            sink_parallelism_fraction: Ignored,
            concurrency: Ignored,
            assets_update_period: Duration::from_secs(7 * 86_400),
            validation: Validation::default(),
            feature_flags: FeatureFlags::default(),
            decompression: Decompression::default(),
            iglu: Registries::default(),
            http: Http::default(),
            monitoring: Monitoring::default(),
            compression: Ignored,
            adapters_schemas: Overrides::new(),
            remote_adapters: RemoteAdapters::default(),
            lookups: Lookups::default(),
            js_allowed_java_classes: Ignored,
            metadata: Ignored,
            identity: Ignored,
            blob_clients: Ignored,
            blob_storage: Ignored,
            experimental: Ignored,
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

impl Default for Validation {
    fn default() -> Self {
        Self {
            accept_invalid: false,
            atomic_fields_limits: BTreeMap::new(),
            max_json_depth: 50,
            exit_on_js_compile_error: Ignored,
        }
    }
}

impl Default for Decompression {
    fn default() -> Self {
        Self { max_bytes_single_payload: 10_000_000, max_bytes_in_batch: Ignored }
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

#[cfg(test)]
mod tests;
