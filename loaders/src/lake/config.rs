//! Configuration of the role, with the keys of the S3 loader 2.x (`spec/loaders-and-leases.md` 1.3), and what one run
//! needs of it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service::config::Ignored;

use super::{
    buffer::Limits,
    template::{Template, TemplateError},
};

/// The whole file: `piste s3-loader --config`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3LoaderConfig {
    /// AWS region; that of the environment when absent.
    pub region: Option<String>,
    /// What the stream carries.
    pub purpose: Purpose,
    /// Where records come from.
    pub input: Input,
    /// Where they go.
    pub output: Output,
    /// When a batch is closed.
    #[serde(default)]
    pub buffer: BufferLimits,
    /// Accepted: errors and heartbeats are sent to nobody, metrics are served for Prometheus.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// Accepted and ignored.
    #[serde(default)]
    pub license: Ignored,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Purpose {
    /// Collector payloads, written as they are; those of a compressed record one by one.
    Raw,
    /// Enriched events as TSV.
    EnrichedEvents,
    /// Self-describing JSON: bad rows.
    SelfDescribing,
}

/// The stream to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    /// Name of the consumer: of its lease table on Kinesis.
    #[serde(default = "default_app_name")]
    pub app_name: String,
    /// Name of the stream.
    pub stream_name: String,
    /// Where a consumer begins that has no checkpoint yet.
    #[serde(default)]
    pub position: InitialPosition,
    /// Another endpoint than AWS's.
    pub custom_endpoint: Option<String>,
    /// Most records of one read.
    #[serde(default = "default_max_records")]
    pub max_records: u32,
}

/// Where a consumer begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InitialPosition {
    /// With what comes from now on.
    Latest,
    /// With the oldest record that is kept.
    #[default]
    TrimHorizon,
    /// With the first record that arrived at or after a time.
    AtTimestamp {
        /// `2026-01-02T03:04:05Z`
        timestamp: Moment,
    },
}

/// A time stamp in a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub Timestamp);

/// Destinations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Objects.
    pub s3: S3,
    /// Accepted for compatibility: this loader makes no bad rows.
    #[serde(default)]
    pub bad: BadOutput,
}

/// Where objects go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3 {
    /// `s3://bucket/folder`, `file:///folder` or a folder.
    pub path: String,
    /// [`Template`]; `{vendor}.{schema}` for self-describing, none for others when absent.
    pub partition_format: Option<String>,
    /// File names begin with it and a dash.
    pub filename_prefix: Option<String>,
    /// The only format of files.
    #[serde(default)]
    pub compression: CompressionFormat,
    /// Milliseconds of failing puts after which the process ends; never when absent.
    #[serde(default, with = "service::config::duration::option")]
    pub max_timeout: Option<Duration>,
    /// Another endpoint than AWS's.
    pub custom_endpoint: Option<String>,
}

/// Formats of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CompressionFormat {
    /// gzip, one member a file.
    #[default]
    Gzip,
}

/// The bad stream of the original.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BadOutput {
    /// Its name; unused.
    pub stream_name: Option<String>,
}

/// When a batch is closed: the first limit that is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BufferLimits {
    /// Bytes of payloads before compression.
    #[serde(with = "service::config::size")]
    pub byte_limit: u64,
    /// Records.
    pub record_limit: u64,
    /// Time since the first record; a bare number is milliseconds.
    #[serde(with = "service::config::duration")]
    pub time_limit: Duration,
}

/// Monitoring keys of the original that mean nothing here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Monitoring {
    /// Accepted.
    pub metrics: Metrics,
    /// Accepted and ignored.
    pub sentry: Ignored,
    /// Accepted and ignored.
    pub snowplow: Ignored,
}

/// Metrics keys of the original.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metrics {
    /// Accepted and ignored.
    pub cloud_watch: Ignored,
}

/// What one run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct LakeConfig {
    /// How records are grouped.
    pub purpose: Purpose,
    /// Folders below the destination.
    pub template: Template,
    /// File names begin with it and a dash.
    pub file_prefix: Option<String>,
    /// When a batch is closed.
    pub limits: Limits,
    /// How long the first record of a batch waits.
    pub time_limit: Duration,
    /// How long puts may fail before the run gives up; `None`: for ever.
    pub max_timeout: Option<Duration>,
}

/// A value that the type alone cannot rule out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConfig {
    /// See there.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Would move objects or leave names with a bare dash.
    #[error(
        "filename prefix `{0}`: expected 1 to 128 characters without `{{`, `}}`, `/`, `\\` and control characters"
    )]
    FilePrefix(String),
    /// Nothing would ever be written.
    #[error("buffer limits: expected at least 1 record, 1 byte and 1 ms")]
    Limits,
}

impl service::config::Checked for S3LoaderConfig {}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |_| format!("expected a time such as `2026-01-02T03:04:05Z`, found `{text}`");
        text.parse().map(Self).map_err(wrong)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.0.to_string()
    }
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self { byte_limit: 64 << 20, record_limit: 1_000_000, time_limit: Duration::from_secs(120) }
    }
}

impl S3LoaderConfig {
    /// What the run needs.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`].
    pub fn lake(&self) -> Result<LakeConfig, InvalidConfig> {
        let s3 = &self.output.s3;
        let mut lake = LakeConfig::new(self.purpose);
        if let Some(format) = &s3.partition_format {
            lake.template = Template::parse(format)?;
        }
        lake.max_timeout = s3.max_timeout;
        lake.limits = Limits { records: self.buffer.record_limit, bytes: self.buffer.byte_limit };
        lake.time_limit = self.buffer.time_limit;
        if lake.limits.records == 0 || lake.limits.bytes == 0 || lake.time_limit.is_zero() {
            return Err(InvalidConfig::Limits);
        }
        match &s3.filename_prefix {
            Some(prefix) => lake.with_file_prefix(prefix),
            None => Ok(lake),
        }
    }
}

impl LakeConfig {
    /// For `piste up`: the original's names, and small batches so that files show soon.
    pub fn new(purpose: Purpose) -> Self {
        let format = if purpose == Purpose::SelfDescribing { "{vendor}.{schema}" } else { "" };
        Self {
            purpose,
            template: Template::parse(format).expect("the patterns above are right"),
            file_prefix: None,
            limits: Limits { records: 100_000, bytes: 16 << 20 },
            time_limit: Duration::from_secs(5),
            max_timeout: None,
        }
    }

    /// The same with file names that begin with `prefix` and a dash: tells apart what two streams put into one folder.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig::FilePrefix`].
    pub fn with_file_prefix(mut self, prefix: &str) -> Result<Self, InvalidConfig> {
        let bad = |c: char| c.is_control() || "{}/\\".contains(c);
        if prefix.is_empty() || prefix.len() > 128 || prefix.starts_with('.') || prefix.contains(bad) {
            return Err(InvalidConfig::FilePrefix(prefix.to_owned()));
        }
        self.file_prefix = Some(prefix.to_owned());
        Ok(self)
    }
}

fn default_app_name() -> String {
    "snowplow-s3-loader".into()
}

fn default_max_records() -> u32 {
    10_000
}
