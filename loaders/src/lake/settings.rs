//! Configuration of the role, with the keys of the S3 loader (`spec/loaders-and-leases.md` 1.2, 1.3). Two lines of the original
//! are in use: a file with `output.good` is of the current one (3.x), a file with `output.s3` of the Apache one (2.x).

mod problems;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{
    Ignored,
    sections::{
        BadSink, BadSinkKind, HealthProbe, InitialPosition, Log, PositionKind, Prometheus, Reading,
        SourceKind, Statsd, Usual,
    },
};

use super::{
    buffer::Limits,
    config::{InvalidConfig, LakeConfig, Purpose},
    format::FileFormat,
    template::Template,
};
use crate::parquet::{Compression, Options};

/// The whole file: `piste s3-loader --config`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct S3LoaderConfig {
    /// What the stream carries: ENRICHED_EVENTS, SELF_DESCRIBING (bad rows) or, as in the line 2.x, RAW (collector payloads).
    /// Required.
    #[schemars(with = "String", example = &"ENRICHED_EVENTS")]
    pub purpose: Option<Purpose>,
    /// Region of streams, lease table and bucket, as in the line 2.x. Unset: as the environment or the machine says.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// Where records come from. What stands in the comments here is the default, unless a comment says otherwise; but for
    /// retrievalMode, which is 10000 records, 1 second.
    pub input: Input,
    /// Where they go: s3 in a file of the line 2.x, good in one of the line 3.x.
    pub output: Outputs,
    /// The line 2.x: a file is closed at the first of these limits.
    pub buffer: BufferLimits,
    /// The line 3.x: a file is closed at the first of these limits. Each shard has files of its own, so that each record is in
    /// exactly one file whatever happens.
    pub batching: Batching,
    /// Compressed records.
    pub decompression: Decompression,
    /// The lake loader's key. Patterns of schemas whose data have no columns in Parquet files, such as
    /// iglu:com.acme/click/jsonschema/1-*-*; those of a model are left out where all versions of it in a batch are named.
    pub skip_schemas: Vec<String>,
    /// Ours. The embedded log of inputs and outputs of type log.
    pub log: Log,
    /// What is told to whom.
    pub monitoring: Monitoring,
    /// Threads that prepare files.
    #[schemars(with = "String", extend("x-without-effect" = "a shard is worked on by one thread at a time"), example = 1)]
    pub cpu_parallelism_factor: Ignored,
    /// Uploads at once.
    #[schemars(with = "String", extend("x-without-effect" = "a shard has one upload at a time"), example = 2)]
    pub upload_parallelism_factor: Ignored,
    /// Memory of a file at its beginning.
    #[schemars(with = "String", extend("x-without-effect" = "memory grows with what there is"), example = 1_000_000)]
    pub initial_buffer_size: Ignored,
    /// The licence of the original.
    #[schemars(with = "String", extend("x-without-effect" = "nothing here is licensed"), example = serde_json::json!({"accept": true}))]
    pub license: Ignored,
    /// The original's reports to its vendor.
    #[schemars(with = "String", extend("x-without-effect" = "nothing phones home"), example = serde_json::json!({"disable": true}))]
    pub telemetry: Ignored,
}

service::input_section! {
    /// The line 2.x's name of `initialPosition`.
    pub position: Option<InitialPosition>,
    /// The line 2.x's name of `retrievalMode.maxRecords`.
    #[schemars(example = 10_000)]
    pub max_records: Option<u32>,
}

/// `output`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Outputs {
    /// The line 2.x: files.
    pub s3: S3,
    /// The line 3.x: files.
    pub good: Good,
    /// The line 3.x: what cannot be written to a file. In the line 2.x nothing is: what is not self-describing goes to the
    /// folder unknown.unknown.
    pub bad: BadSink,
}

/// `output.s3`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct S3 {
    /// A bucket and folder, a file:// URL or a local folder.
    #[schemars(example = &"s3://bucket/enriched")]
    pub path: Option<String>,
    /// Folders below the path: {vendor}, {name} or {schema}, {format}, {model}; {yyyy}, {MM} (month, in any case), {dd}, {HH},
    /// {ss}; or a date pattern such as {yyyy-MM-dd}. Unset: {vendor}.{schema} for SELF_DESCRIBING, none for others.
    #[schemars(example = &"{yyyy}/{MM}/{dd}")]
    pub partition_format: Option<String>,
    /// File names begin with it and a dash.
    #[schemars(example = &"enriched")]
    pub filename_prefix: Option<String>,
    /// The format of files: GZIP, or LZO, which are blocks of records for Hadoop, each file with its index beside it.
    #[schemars(with = "String", example = &"GZIP")]
    pub compression: Option<FileFormat>,
    /// After failing puts for so long the process ends with exit code 69. Unset: never. A bare number is milliseconds.
    #[serde(with = "service::config::duration::option")]
    #[schemars(with = "String", example = 300_000)]
    pub max_timeout: Option<Duration>,
    /// Endpoint instead of the region's own.
    #[schemars(example = &"http://localhost:4566")]
    pub custom_endpoint: Option<String>,
}

/// `output.good`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Good {
    /// A bucket and folder, a file:// URL or a local folder.
    #[schemars(example = &"s3://bucket/enriched")]
    pub path: Option<String>,
    /// Folders below the path: {vendor}, {name} or {schema}, {format}, {model}; {yyyy}, {MM}, {dd}, {HH}, {mm} (minutes), {ss}.
    /// Events have only dates. Other braces stay as they are. Unset: as in the line 2.x.
    #[schemars(example = &"{yyyy}/{MM}/{dd}/{HH}")]
    pub partition_format: Option<String>,
    /// File names begin with it, without a dash.
    #[schemars(example = &"enriched-")]
    pub filename_prefix: Option<String>,
    /// The only format of files: gzip.
    #[schemars(with = "String", example = &"gzip")]
    pub compression_type: Option<CompressionType>,
    /// Ours. What files are: lines, or for ENRICHED_EVENTS parquet, with a column for each field and each model of an entity.
    /// These have folders in Hive's way, for which partitionFormat may name {load_date}, {event_date} (of the collector),
    /// {event_name} and times; unset: load_date={load_date}/event_name={event_name}.
    pub file_format: Layout,
    /// Ours. How Parquet files are written.
    pub parquet: ParquetKeys,
    /// Ours. Endpoint instead of the region's own.
    #[schemars(example = &"http://localhost:4566")]
    pub custom_endpoint: Option<String>,
}

/// Formats of files in the line 3.x, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CompressionType {
    /// One member a file.
    Gzip,
}

/// `buffer`
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BufferLimits {
    /// Bytes of payloads before compression.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub byte_limit: u64,
    /// Records.
    pub record_limit: u64,
    /// Time since the first record of the file; a bare number is milliseconds.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub time_limit: Duration,
}

/// `batching`
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Batching {
    /// Bytes after compression.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub max_bytes: u64,
    /// Time since the first record of the file.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_delay: Duration,
}

/// `decompression`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decompression {
    /// The line 3.x: largest payload in a compressed record, in bytes. What is larger becomes a size violation.
    pub max_bytes_single_payload: u64,
    /// Bytes of payloads worked on together.
    #[schemars(with = "String", extend("x-without-effect" = "what a record holds is never worked on in parts"), example = 5_242_880)]
    pub max_bytes_in_batch: Ignored,
}

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
    /// Events about the loader itself, in the line 2.x.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to a collector"), example = serde_json::json!({"collector": "collector.acme.com", "appId": "loader"}))]
    pub snowplow: Ignored,
}

/// `monitoring.metrics`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metrics {
    /// Metrics for Prometheus, under /metrics of the probe's port.
    pub prometheus: Prometheus,
    /// Metrics for a StatsD server, over UDP, with the original's names: off without a hostname. What cannot be sent is
    /// dropped: no record waits for it.
    pub statsd: Statsd,
    /// Metrics of the original's library.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to CloudWatch"), example = false)]
    pub cloud_watch: Ignored,
}

/// `output.good.fileFormat`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// As they came.
    #[default]
    Lines,
    /// As columns.
    Parquet,
}

/// `output.good.parquet`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParquetKeys {
    /// How pages are compressed: zstd or snappy.
    #[schemars(with = "String")]
    pub compression: Compression,
    /// Bytes after which a row group is closed.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub row_group_bytes: u64,
}

impl Default for ParquetKeys {
    fn default() -> Self {
        let Options { compression, row_group_bytes } = Options::default();
        Self { compression, row_group_bytes }
    }
}

impl ParquetKeys {
    /// As the writer takes it.
    pub fn options(self) -> Options {
        let Self { compression, row_group_bytes } = self;
        Options { compression, row_group_bytes }
    }
}

/// What is read where the keys say nothing.
const USUAL: Usual = Usual {
    stream: "enriched",
    application: "snowplow-s3-loader",
    consumer: "lake",
    position: PositionKind::TrimHorizon,
    max_records: 10_000,
    idle: Duration::from_secs(1),
};

/// Which line of the original a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileLine {
    /// 2.x
    Apache,
    /// 3.x
    Current,
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self { byte_limit: 64 << 20, record_limit: 1_000_000, time_limit: Duration::from_secs(120) }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_delay: Duration::from_secs(120) }
    }
}

impl Default for Decompression {
    fn default() -> Self {
        Self { max_bytes_single_payload: 10_000_000, max_bytes_in_batch: Ignored }
    }
}

impl S3LoaderConfig {
    /// What stands at the top of the reference configuration.
    pub const ABOUT: &str = "Every key of the S3 loader, each with its default, or with an example in a comment where it has \
        none. Keys of the original keep its names and defaults; those marked with \"Ours\" are not in it. Files of the lines 2.x \
        and 3.x are read: one with output.good is of the line 3.x. The whole may also be nested under a top-level snowplow \
        section. Environment variables are read with ${?NAME}. Keys that nothing reads are reported at start and ignored.";

    /// The line that the file is of.
    pub fn line(&self) -> FileLine {
        if self.output.good.path.is_some() { FileLine::Current } else { FileLine::Apache }
    }

    /// What is read, and how.
    pub fn reading(&self) -> Reading {
        let mut keys = self.input.keys();
        keys.region = keys.region.or(self.region.clone());
        keys.initial_position = self.initial_position();
        let mut usual = USUAL;
        usual.max_records = self.input.max_records.unwrap_or(usual.max_records);
        keys.reading(self.input.kind(), usual)
    }

    /// Where reading begins, as either line says it.
    fn initial_position(&self) -> Option<InitialPosition> {
        self.input.keys().initial_position.or(self.input.position.clone())
    }

    /// Where files go; empty where it is missing.
    pub fn path(&self) -> &str {
        let Outputs { s3, good, .. } = &self.output;
        good.path.as_deref().or(s3.path.as_deref()).unwrap_or_default()
    }

    /// Endpoint of the bucket.
    pub fn endpoint(&self) -> Option<&str> {
        match self.line() {
            FileLine::Apache => self.output.s3.custom_endpoint.as_deref(),
            FileLine::Current => self.output.good.custom_endpoint.as_deref(),
        }
    }

    /// Whether source or sinks are in a log.
    pub fn uses_log(&self) -> bool {
        self.input.kind() == SourceKind::Log || self.bad_in_log().is_some()
    }

    /// The stream of bad rows in the log, if it is there.
    pub fn bad_in_log(&self) -> Option<&str> {
        let bad = &self.output.bad;
        (self.line() == FileLine::Current && bad.kind() == BadSinkKind::Log).then(|| bad.name())
    }

    /// What the run needs.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`].
    pub fn lake(&self) -> Result<LakeConfig, InvalidConfig> {
        let mut lake = LakeConfig::new(self.purpose.unwrap_or(Purpose::EnrichedEvents));
        lake.statsd = self.monitoring.metrics.statsd.settings("snowplow.s3loader");
        let Outputs { s3, good, bad } = &self.output;
        match self.line() {
            FileLine::Apache => {
                if let Some(format) = &s3.partition_format {
                    lake.template = Template::parse(format)?;
                }
                if let Some(prefix) = &s3.filename_prefix {
                    lake = lake.with_file_prefix(prefix, "-")?;
                }
                lake.format = s3.compression.unwrap_or_default();
                lake.max_timeout = s3.max_timeout;
                let BufferLimits { byte_limit, record_limit, time_limit } = self.buffer;
                lake.limits = Limits { records: record_limit, bytes: byte_limit, ..Limits::NONE };
                lake.time_limit = time_limit;
            }
            FileLine::Current => {
                match good.file_format {
                    Layout::Parquet => {
                        let pattern = good.partition_format.as_deref();
                        lake = lake.in_columns(good.parquet.options(), pattern)?;
                        for text in &self.skip_schemas {
                            let criterion = text.parse().map_err(|_| InvalidConfig::Skip(text.clone()));
                            lake.skip.push(criterion?);
                        }
                    }
                    Layout::Lines => {
                        let pattern = good.partition_format.as_deref().unwrap_or(lake.template.text());
                        lake.template = Template::parse_current(pattern)?;
                    }
                }
                if let Some(prefix) = &good.filename_prefix {
                    lake = lake.with_file_prefix(prefix, "")?;
                }
                lake.limits = Limits { compressed_bytes: self.batching.max_bytes, ..Limits::NONE };
                lake.time_limit = self.batching.max_delay;
                lake.rejects = Some(self.decompression.max_bytes_single_payload);
                lake.max_bad_row_bytes = bad.max_record_size;
                if lake.purpose == Purpose::EnrichedEvents && lake.template.names_schema() {
                    return Err(InvalidConfig::OnlyDates);
                }
            }
        }
        if !lake.limits.let_something_in() || lake.time_limit.is_zero() {
            return Err(InvalidConfig::Limits);
        }
        Ok(lake)
    }
}
