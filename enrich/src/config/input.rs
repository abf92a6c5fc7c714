//! `input`: where raw records come from (`spec/enrich.md` 7.2, 7.3). The keys of Kinesis stand in `input` itself or in
//! `input.kinesis`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::Ignored;

/// Makes [`Input`] and [`Keys`], which share keys: both are read key by key, so that each is known.
macro_rules! input_keys {
    ($($(#[$about:meta])* $key:literal $field:ident: $type:ty,)*) => {
        /// `input`
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
        #[serde(default)]
        pub struct Input {
            /// What the source is: kinesis or, ours, log. Unset: kinesis.
            #[serde(rename = "type")]
            #[schemars(with = "String", example = &"kinesis")]
            pub kind: Option<SourceKind>,
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
            /// The same keys, where they stand beside those of another source.
            pub kinesis: Keys,
        }

        /// `input.kinesis`
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema, Serialize)]
        #[serde(default)]
        pub struct Keys {
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
        }

        impl Input {
            /// What is set in `input.kinesis`, and what `input` says where nothing is.
            pub fn keys(&self) -> Keys {
                Keys { $($field: self.kinesis.$field.clone().or(self.$field.clone()),)* }
            }
        }
    };
}

input_keys! {
    /// Name of the stream. In a log it is raw unless set, as in `piste up`.
    #[schemars(example = &"raw")]
    "streamName" stream_name: Option<String>,
    /// Region of the stream, as in the Apache line. Unset: as the environment or the machine says.
    #[schemars(example = &"eu-central-1")]
    "region" region: Option<String>,
    /// Under which name progress is kept; the lease table of a Kinesis stream. Unset: snowplow-enrich,
    /// and enrich in a log, as in `piste up`.
    #[schemars(example = &"snowplow-enrich")]
    "appName" app_name: Option<String>,
    /// Who this process is among those that share a stream. Unset: the name of the host.
    #[schemars(example = &"worker-1")]
    "workerIdentifier" worker_identifier: Option<String>,
    /// Where reading begins when no progress is kept. Unset: LATEST in Kinesis, TRIM_HORIZON in a log.
    "initialPosition" initial_position: Option<InitialPosition>,
    /// How records are fetched.
    "retrievalMode" retrieval_mode: Option<RetrievalMode>,
    /// A lease that was not renewed for so long may be taken by others.
    #[serde(with = "service::config::duration::option")]
    #[schemars(with = "String", example = &"10 seconds")]
    "leaseDuration" lease_duration: Option<Duration>,
    /// Leases taken from others at one time, as a factor of the cores.
    #[schemars(example = 2.0)]
    "maxLeasesToStealAtOneTimeFactor" max_leases_to_steal_at_one_time_factor: Option<f64>,
    /// Pauses where the lease table takes no more at the moment.
    #[schemars(with = "String", extend("x-without-effect" = "pauses grow by themselves, up to some seconds"), example = serde_json::json!({"minBackoff": "100 ms", "maxBackoff": "1 second"}))]
    "checkpointThrottledBackoffPolicy" checkpoint_throttled_backoff_policy: Option<Ignored>,
    /// Time between two checkpoints of a shard.
    #[schemars(with = "String", extend("x-without-effect" = "a checkpoint is written when the one before is"), example = &"10 seconds")]
    "debounceCheckpoints" debounce_checkpoints: Option<Ignored>,
    /// Attempts after an error of a call.
    #[schemars(with = "String", extend("x-without-effect" = "attempts go on until there is an answer"), example = 10)]
    "maxRetries" max_retries: Option<Ignored>,
    /// Time for one attempt.
    #[serde(with = "service::config::duration::option")]
    #[schemars(with = "String", example = &"15 seconds")]
    "apiCallAttemptTimeout" api_call_attempt_timeout: Option<Duration>,
    /// Endpoint of the stream. Unset: the region's own.
    #[schemars(example = &"http://localhost:4566")]
    "customEndpoint" custom_endpoint: Option<String>,
    /// Endpoint of the lease table. Unset: the region's own.
    #[schemars(example = &"http://localhost:4566")]
    "dynamodbCustomEndpoint" dynamodb_custom_endpoint: Option<String>,
    /// Endpoint of metrics of the original's library.
    #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to CloudWatch"), example = &"http://localhost:4566")]
    "cloudwatchCustomEndpoint" cloudwatch_custom_endpoint: Option<Ignored>,
    /// Batches that the Apache line read ahead.
    #[schemars(with = "String", extend("x-without-effect" = "how much is read ahead depends on what waits"), example = 3)]
    "bufferSize" buffer_size: Option<Ignored>,
}

/// What a source is, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Kinesis stream.
    #[default]
    Kinesis,
    /// Ours: the embedded log.
    Log,
}

/// `initialPosition`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct InitialPosition {
    /// LATEST, what comes from now on; TRIM_HORIZON, the oldest record; AT_TIMESTAMP, what came since then.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"TRIM_HORIZON")]
    pub kind: Option<PositionKind>,
    /// The time of AT_TIMESTAMP.
    #[schemars(example = &"2026-01-01T00:00:00Z")]
    pub timestamp: Option<String>,
}

/// `initialPosition.type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PositionKind {
    /// What comes from now on.
    Latest,
    /// The oldest record.
    TrimHorizon,
    /// What came since a time.
    AtTimestamp,
}

/// `retrievalMode`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetrievalMode {
    /// Polling, or FanOut: a throughput of its own for this reader.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"Polling")]
    pub kind: Option<RetrievalKind>,
    /// Records of one call when polling.
    #[schemars(example = 750)]
    pub max_records: Option<u32>,
    /// Time between two calls of a shard when polling.
    #[serde(with = "service::config::duration::option")]
    #[schemars(with = "String", example = &"200 ms")]
    pub idle_time_between_reads: Option<Duration>,
}

/// `retrievalMode.type`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum RetrievalKind {
    /// Calls again and again.
    #[default]
    Polling,
    /// Enhanced fan-out.
    FanOut,
}

impl Input {
    /// What the source is.
    pub fn kind(&self) -> SourceKind {
        self.kind.unwrap_or_default()
    }
}

impl Keys {
    /// Under which name progress is kept.
    pub fn app_name(&self) -> &str {
        self.app_name.as_deref().unwrap_or("snowplow-enrich")
    }

    /// Where reading begins when no progress is kept.
    pub fn position(&self) -> Option<PositionKind> {
        self.initial_position.as_ref().and_then(|position| position.kind)
    }

    /// Time after which a lease may be taken.
    pub fn lease_duration(&self) -> Duration {
        self.lease_duration.unwrap_or(Duration::from_secs(10))
    }

    /// Leases taken from others at one time on a machine of so many cores.
    pub fn leases_to_steal(&self, cores: usize) -> usize {
        let factor = self.max_leases_to_steal_at_one_time_factor.unwrap_or(2.0);
        ((cores as f64 * factor).ceil() as usize).max(1)
    }

    /// Time for one attempt of a call.
    pub fn attempt_timeout(&self) -> Duration {
        self.api_call_attempt_timeout.unwrap_or(Duration::from_secs(15))
    }
}

impl RetrievalMode {
    /// Records of one call when polling.
    pub fn max_records(&self) -> u32 {
        self.max_records.unwrap_or(750)
    }

    /// Time between two calls of a shard when polling.
    pub fn idle_time_between_reads(&self) -> Duration {
        self.idle_time_between_reads.unwrap_or(Duration::from_millis(200))
    }
}
