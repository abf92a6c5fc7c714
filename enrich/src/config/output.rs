//! `output`: the three sinks (`spec/enrich.md` 7.2, 7.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{
    Ignored,
    sections::{KinesisSink, Pauses},
};

use super::FieldName;

/// `output`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Outputs {
    /// Enriched events.
    pub good: Sink,
    /// Failed events: what could be enriched of events that became bad rows. Only where it has a streamName or a type, and
    /// not in the Apache line.
    pub failed: Sink,
    /// Bad rows.
    pub bad: Sink,
    /// The Apache line's stream of what personal data was replaced by.
    #[schemars(with = "String", extend("x-without-effect" = "no events about replaced personal data are made"), example = serde_json::json!({"streamName": "pii"}))]
    pub pii: Ignored,
}

/// `output.good`, `output.failed`, `output.bad`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sink {
    /// What the sink is: kinesis or, ours, log or stdout. Unset: kinesis.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"kinesis")]
    pub kind: Option<SinkKind>,
    /// Name of the stream. In a log it is enriched, failed or bad-1 unless set, as in `piste up`.
    #[schemars(example = &"enriched")]
    pub stream_name: Option<String>,
    /// Region of the stream, as in the Apache line; unset: as the environment or the machine says.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// Endpoint instead of the region's own.
    #[schemars(example = &"http://localhost:4566")]
    pub custom_endpoint: Option<String>,
    /// Atomic field whose text is the partition key, which records of one key keep their order by. Unset: every event has a
    /// random key. Bad rows always have.
    #[schemars(with = "String", example = &"user_id")]
    pub partition_key: Option<FieldName>,
    /// Fields that go beside the record.
    #[schemars(with = "String", extend("x-without-effect" = "neither Kinesis nor the log has room beside a record"), example = serde_json::json!(["app_id"]))]
    pub attributes: Ignored,
    /// Pauses between attempts where the stream takes no more at the moment.
    pub throttled_backoff_policy: Pauses,
    /// The Apache line's name of it.
    #[schemars(with = "String", extend("x-without-effect" = "`throttledBackoffPolicy` says how long pauses are"), example = serde_json::json!({"minBackoff": "100 ms", "maxBackoff": "10 seconds", "maxRetries": 10}))]
    pub backoff_policy: Ignored,
    /// Records of one call to Kinesis, at most 500.
    pub record_limit: usize,
    /// Bytes of one call to Kinesis.
    pub byte_limit: usize,
    /// Largest record in bytes. What is larger becomes a size violation. That of good holds for all.
    pub max_record_size: usize,
    /// Attempts after an error.
    #[schemars(with = "String", extend("x-without-effect" = "attempts go on until the stream takes the record"), example = 10)]
    pub max_retries: Ignored,
}

/// What a sink is, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    /// A Kinesis stream.
    #[default]
    Kinesis,
    /// Ours: the embedded log.
    Log,
    /// Ours: lines of Base64 on standard output.
    Stdout,
}

impl Sink {
    /// What the sink is.
    pub fn kind(&self) -> SinkKind {
        self.kind.unwrap_or_default()
    }

    /// Whether anybody asked for it.
    pub fn is_set(&self) -> bool {
        self.kind.is_some() || self.stream_name.is_some()
    }

    /// What it says of a Kinesis stream.
    pub fn kinesis(&self) -> KinesisSink<'_> {
        KinesisSink {
            stream: self.stream_name.as_deref().unwrap_or_default(),
            region: self.region.as_deref(),
            endpoint: self.custom_endpoint.as_deref(),
            pauses: &self.throttled_backoff_policy,
            record_limit: self.record_limit,
            byte_limit: self.byte_limit,
            max_record_size: self.max_record_size,
        }
    }

    /// Name of the stream of this section.
    pub fn name<'a>(&'a self, section: &'a str) -> &'a str {
        let usual = match section {
            "good" => "enriched",
            "bad" => "bad-1",
            other => other,
        };
        self.stream_name.as_deref().unwrap_or(usual)
    }
}

impl Default for Sink {
    fn default() -> Self {
        Self {
            kind: None,
            stream_name: None,
            region: None,
            custom_endpoint: None,
            partition_key: None,
            attributes: Ignored,
            throttled_backoff_policy: Pauses::default(),
            backoff_policy: Ignored,
            record_limit: 500,
            byte_limit: 5_242_880,
            max_record_size: 1_000_000,
            max_retries: Ignored,
        }
    }
}
