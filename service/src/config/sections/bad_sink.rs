//! `output.bad` of the loaders: where bad rows go.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FOLDER, KinesisSink, POSITIVE_NUMBER, is_folder};
use crate::config::{Ignored, Notes};

/// `output.bad`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BadSink {
    /// What the sink is: kinesis, local (a file), noop (what cannot be loaded is counted, and lost) or, ours, log. Unset: kinesis,
    /// where the Postgres loader of the original has noop.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"kinesis")]
    pub kind: Option<BadSinkKind>,
    /// Name of the stream. Unset in a log: bad-2, as in `piste up`.
    #[schemars(example = &"bad")]
    pub stream_name: Option<String>,
    /// File that a sink of type local adds lines to.
    #[schemars(with = "String", example = &"/var/lib/piste/bad.jsonl")]
    pub path: Option<PathBuf>,
    /// Region of the stream. Unset: as the environment or the machine says.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// Endpoint instead of the region's own.
    #[schemars(example = &"http://localhost:4566")]
    pub custom_endpoint: Option<String>,
    /// Pauses between attempts where the stream takes no more at the moment.
    pub throttled_backoff_policy: Pauses,
    /// Records of one call to Kinesis, at most 500.
    pub record_limit: usize,
    /// Bytes of one call to Kinesis.
    pub byte_limit: usize,
    /// Largest bad row in bytes. What is larger becomes a size violation.
    pub max_record_size: usize,
    /// Attempts after an error.
    #[schemars(with = "String", extend("x-without-effect" = "attempts go on until the stream takes the record"), example = 10)]
    pub max_retries: Ignored,
    /// The Postgres loader's name of a wait.
    #[schemars(with = "String", extend("x-without-effect" = "bad rows of a batch are sent at once"), example = 200)]
    pub delay_threshold: Ignored,
    /// The Postgres loader's name of `recordLimit`.
    #[schemars(with = "String", extend("x-without-effect" = "`recordLimit` says it"), example = 500)]
    pub max_batch_size: Ignored,
    /// The Postgres loader's name of `byteLimit`.
    #[schemars(with = "String", extend("x-without-effect" = "`byteLimit` says it"), example = 5_000_000)]
    pub max_batch_bytes: Ignored,
    /// Time between two log lines that say how much a sink of type noop has dropped.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub report_period: Duration,
}

/// What a sink is, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BadSinkKind {
    /// A Kinesis stream.
    #[default]
    Kinesis,
    /// Ours: the embedded log.
    Log,
    /// A file.
    Local,
    /// Nothing: bad rows are counted and dropped.
    Noop,
}

/// `throttledBackoffPolicy`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pauses {
    /// The first pause.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", example = &"100 ms")]
    pub min_backoff: Duration,
    /// The longest pause.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", example = &"1 second")]
    pub max_backoff: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { min_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(1) }
    }
}

impl Pauses {
    /// What cannot be, of the policy `key`.
    pub fn problems(&self, key: &str, notes: &mut Notes) {
        notes.positive(&format!("{key}.minBackoff"), self.min_backoff);
        let ordered = self.max_backoff >= self.min_backoff;
        notes.unless(ordered, &format!("{key}.maxBackoff"), "expected at least `minBackoff`");
    }
}

impl Default for BadSink {
    fn default() -> Self {
        Self {
            kind: None,
            stream_name: None,
            path: None,
            region: None,
            custom_endpoint: None,
            throttled_backoff_policy: Pauses::default(),
            record_limit: 500,
            byte_limit: 5_242_880,
            max_record_size: 1_000_000,
            max_retries: Ignored,
            delay_threshold: Ignored,
            max_batch_size: Ignored,
            max_batch_bytes: Ignored,
            report_period: Duration::from_secs(30),
        }
    }
}

impl BadSink {
    /// What the sink is.
    pub fn kind(&self) -> BadSinkKind {
        self.kind.unwrap_or_default()
    }

    /// Name of the stream; empty where it is missing.
    pub fn name(&self) -> &str {
        let usual = if self.kind() == BadSinkKind::Log { "bad-2" } else { "" };
        self.stream_name.as_deref().unwrap_or(usual)
    }

    /// What it says of a Kinesis stream.
    pub fn kinesis(&self) -> KinesisSink<'_> {
        KinesisSink {
            stream: self.name(),
            region: self.region.as_deref(),
            endpoint: self.custom_endpoint.as_deref(),
            pauses: &self.throttled_backoff_policy,
            record_limit: self.record_limit,
            byte_limit: self.byte_limit,
            max_record_size: self.max_record_size,
        }
    }

    /// What cannot be.
    pub fn problems(&self, notes: &mut Notes) {
        match self.kind() {
            BadSinkKind::Kinesis => {
                let unnamed = "is required: the stream of what cannot be loaded";
                self.kinesis().problems("output.bad", unnamed, notes);
            }
            BadSinkKind::Log => notes.unless(is_folder(self.name()), "output.bad.streamName", FOLDER),
            BadSinkKind::Local => {
                let is_set = self.path.as_ref().is_some_and(|path| !path.as_os_str().is_empty());
                notes.unless(is_set, "output.bad.path", "is required: the file of what cannot be loaded");
            }
            BadSinkKind::Noop => notes.positive("output.bad.reportPeriod", self.report_period),
        }
        notes.unless(self.max_record_size > 0, "output.bad.maxRecordSize", POSITIVE_NUMBER);
    }

    /// What has no effect with this sink.
    pub fn without_effect(&self, notes: &mut Notes) {
        let of_type = match self.kind() {
            BadSinkKind::Kinesis => None,
            BadSinkKind::Log => Some("log"),
            BadSinkKind::Local => Some("local"),
            BadSinkKind::Noop => Some("noop"),
        };
        if let Some(kind) = of_type {
            KinesisSink::without_effect("output.bad", &format!("the sink is of type {kind}"), notes);
        }
        for (key, of) in [("path", BadSinkKind::Local), ("reportPeriod", BadSinkKind::Noop)] {
            if self.kind() != of {
                notes.say(format!("output.bad.{key}"), "the sink is of another type");
            }
        }
    }
}
