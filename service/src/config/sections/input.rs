//! `input`: where records are read. The keys of Kinesis stand in `input` itself or in `input.kinesis`.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FOLDER, InitialPosition, POSITIVE_NUMBER, Pauses, PositionKind, URL, is_folder, is_url};
use crate::config::Notes;

/// Makes a role's `Input`: the keys of [`Keys`], which are read key by key so that each is known, and the role's own.
#[macro_export]
macro_rules! input_section {
    (@with $kind:ident { $($own:tt)* }) => {
        $crate::input_section! {
            @$kind { $($own)* }
            /// Name of the stream. Unset in a log: that of `piste up`.
            #[schemars(example = &"events")]
            "streamName" stream_name: Option<String>,
            /// Region of the stream. Unset: as the environment or the machine says.
            #[schemars(example = &"eu-central-1")]
            "region" region: Option<String>,
            /// Under which name progress is kept; the lease table of a Kinesis stream. Unset: the original's name of the role,
            /// and in a log that of `piste up`.
            #[schemars(example = &"my-pipeline")]
            "appName" app_name: Option<String>,
            /// Who this process is among those that share a stream. Unset: the name of the host.
            #[schemars(example = &"worker-1")]
            "workerIdentifier" worker_identifier: Option<String>,
            /// Where reading begins when no progress is kept. Unset: LATEST for the enricher of a Kinesis stream, else
            /// TRIM_HORIZON.
            "initialPosition" initial_position: Option<$crate::config::sections::InitialPosition>,
            /// How records are fetched.
            "retrievalMode" retrieval_mode: Option<$crate::config::sections::RetrievalMode>,
            /// A lease that was not renewed for so long may be taken by others.
            #[serde(with = "service::config::duration::option")]
            #[schemars(with = "String", example = &"10 seconds")]
            "leaseDuration" lease_duration: Option<std::time::Duration>,
            /// Leases taken from others at one time, as a factor of the cores.
            #[schemars(example = 2.0)]
            "maxLeasesToStealAtOneTimeFactor" max_leases_to_steal_at_one_time_factor: Option<f64>,
            /// Pauses where the lease table takes no more at the moment.
            "checkpointThrottledBackoffPolicy" checkpoint_throttled_backoff_policy: Option<$crate::config::sections::Pauses>,
            /// Time between two checkpoints of a shard, at most: signs of life, three in a leaseDuration, carry one, too.
            #[serde(with = "service::config::duration::option")]
            #[schemars(with = "String", example = &"10 seconds")]
            "debounceCheckpoints" debounce_checkpoints: Option<std::time::Duration>,
            /// Attempts after an error of a call.
            #[schemars(with = "String", extend("x-without-effect" = "attempts go on until there is an answer"), example = 10)]
            "maxRetries" max_retries: Option<$crate::config::Ignored>,
            /// Time for one attempt.
            #[serde(with = "service::config::duration::option")]
            #[schemars(with = "String", example = &"15 seconds")]
            "apiCallAttemptTimeout" api_call_attempt_timeout: Option<std::time::Duration>,
            /// Endpoint of the stream. Unset: the region's own.
            #[schemars(example = &"http://localhost:4566")]
            "customEndpoint" custom_endpoint: Option<String>,
            /// Endpoint of the lease table. Unset: the region's own.
            #[schemars(example = &"http://localhost:4566")]
            "dynamodbCustomEndpoint" dynamodb_custom_endpoint: Option<String>,
            /// Endpoint of metrics of the original's library.
            #[schemars(with = "String", extend("x-without-effect" = "nothing is sent to CloudWatch"), example = &"http://localhost:4566")]
            "cloudwatchCustomEndpoint" cloudwatch_custom_endpoint: Option<$crate::config::Ignored>,
        }
    };
    (@section { $($own:tt)* } $($(#[$about:meta])* $key:literal $field:ident: $type:ty,)*) => {
        /// `input`
        #[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema, serde::Serialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct Input {
            /// What the source is: kinesis or, ours, log. Unset: kinesis.
            #[serde(rename = "type")]
            #[schemars(with = "String", example = &"kinesis")]
            pub kind: Option<$crate::config::sections::SourceKind>,
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
            $($own)*
            /// The same keys, where they stand beside those of another source.
            pub kinesis: $crate::config::sections::Keys,
        }

        impl Input {
            /// What the source is.
            pub fn kind(&self) -> $crate::config::sections::SourceKind {
                self.kind.unwrap_or_default()
            }

            /// What is set in `input.kinesis`, and what `input` says where nothing is.
            pub fn keys(&self) -> $crate::config::sections::Keys {
                $crate::config::sections::Keys { $($field: self.kinesis.$field.clone().or(self.$field.clone()),)* }
            }
        }
    };
    (@keys { } $($(#[$about:meta])* $key:literal $field:ident: $type:ty,)*) => {
        /// `input.kinesis`
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema, Serialize)]
        #[serde(default)]
        pub struct Keys {
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
        }
    };
    ($($own:tt)*) => { $crate::input_section! { @with section { $($own)* } } };
}

input_section! { @with keys { } }

/// What a source is, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Kinesis stream.
    #[default]
    Kinesis,
    /// Ours: the embedded log.
    Log,
    /// Files, for the Postgres loader.
    Local,
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
    #[serde(with = "crate::config::duration::option")]
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

/// What a role reads unless its keys say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// Name of the stream in a log.
    pub stream: &'static str,
    /// Name of the application.
    pub application: &'static str,
    /// Name of the consumer of a log.
    pub consumer: &'static str,
    /// Where reading of a Kinesis stream begins.
    pub position: PositionKind,
    /// Records of one call.
    pub max_records: u32,
    /// Time between two calls of a shard.
    pub idle: Duration,
}

/// What is read, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What the source is.
    pub kind: SourceKind,
    /// Name of the stream; empty where it is missing.
    pub stream: String,
    /// Under which name progress is kept.
    pub application: String,
    /// Who this process is among those that share the stream.
    pub worker: Option<String>,
    /// Where reading begins when no progress is kept.
    pub position: PositionKind,
    /// The time of [`PositionKind::AtTimestamp`].
    pub since: Option<Timestamp>,
    /// Region of stream and lease table.
    pub region: Option<String>,
    /// Endpoint of the stream.
    pub endpoint: Option<String>,
    /// Endpoint of the lease table.
    pub dynamodb_endpoint: Option<String>,
    /// How records are fetched.
    pub retrieval: RetrievalKind,
    /// Records of one call.
    pub max_records: u32,
    /// Time between two calls of a shard.
    pub idle: Duration,
    /// Time after which a lease may be taken.
    pub lease_duration: Duration,
    /// Leases taken from others at one time, as a factor of the cores.
    pub steal_factor: f64,
    /// Time between two checkpoints of a shard, at most.
    pub debounce: Duration,
    /// Pauses after writes that the lease table has refused to carry out.
    pub pauses: Pauses,
    /// Time for one attempt of a call.
    pub attempt_timeout: Duration,
}

/// Keys that only mean something to Kinesis.
const OF_KINESIS: [&str; 10] = [
    "region",
    "workerIdentifier",
    "retrievalMode",
    "leaseDuration",
    "maxLeasesToStealAtOneTimeFactor",
    "debounceCheckpoints",
    "checkpointThrottledBackoffPolicy",
    "apiCallAttemptTimeout",
    "customEndpoint",
    "dynamodbCustomEndpoint",
];

impl Keys {
    /// What these keys of a source of this kind say together.
    pub fn reading(self, kind: SourceKind, usual: Usual) -> Reading {
        let is_log = kind == SourceKind::Log;
        let position = self.initial_position.unwrap_or_default();
        let retrieval = self.retrieval_mode.unwrap_or_default();
        let stream = self.stream_name.or_else(|| is_log.then(|| usual.stream.to_owned()));
        let application = if is_log { usual.consumer } else { usual.application };
        Reading {
            kind,
            stream: stream.unwrap_or_default(),
            application: self.app_name.unwrap_or_else(|| application.to_owned()),
            worker: self.worker_identifier,
            position: position.kind().unwrap_or(if is_log {
                PositionKind::TrimHorizon
            } else {
                usual.position
            }),
            since: position.time(),
            region: self.region,
            endpoint: self.custom_endpoint,
            dynamodb_endpoint: self.dynamodb_custom_endpoint,
            retrieval: retrieval.kind.unwrap_or_default(),
            max_records: retrieval.max_records.unwrap_or(usual.max_records),
            idle: retrieval.idle_time_between_reads.unwrap_or(usual.idle),
            lease_duration: self.lease_duration.unwrap_or(Duration::from_secs(10)),
            steal_factor: self.max_leases_to_steal_at_one_time_factor.unwrap_or(2.0),
            debounce: self.debounce_checkpoints.unwrap_or(Duration::from_secs(10)),
            pauses: self.checkpoint_throttled_backoff_policy.unwrap_or_default(),
            attempt_timeout: self.api_call_attempt_timeout.unwrap_or(Duration::from_secs(15)),
        }
    }
}

impl Reading {
    /// Leases taken from others at one time on a machine of so many cores.
    pub fn leases_to_steal(&self, cores: usize) -> usize {
        ((cores as f64 * self.steal_factor).ceil() as usize).max(1)
    }

    /// What cannot be; `position` is what the keys say of it.
    pub fn problems(&self, position: Option<&InitialPosition>, notes: &mut Notes) {
        match self.kind {
            SourceKind::Kinesis => self.problems_of_kinesis(notes),
            SourceKind::Log => {
                notes.unless(is_folder(&self.stream), "input.streamName", FOLDER);
                notes.unless(is_folder(&self.application), "input.appName", FOLDER);
                let at = self.position == PositionKind::AtTimestamp;
                notes.unless(!at, "input.initialPosition.type", "a log is read from LATEST or TRIM_HORIZON");
            }
            SourceKind::Local => notes.say("input.type", "this role reads no files; set kinesis or log"),
        }
        let fine = position.is_none_or(InitialPosition::has_fine_time);
        let key = "input.initialPosition.timestamp";
        notes.unless(fine, key, "expected a time such as `2026-01-01T00:00:00Z`");
    }

    fn problems_of_kinesis(&self, notes: &mut Notes) {
        let named = !self.stream.trim().is_empty();
        let why = "is required: the name of the stream; or set `input.type`";
        notes.unless(named, "input.streamName", why);
        for (key, time) in
            [("leaseDuration", self.lease_duration), ("apiCallAttemptTimeout", self.attempt_timeout)]
        {
            notes.positive(&format!("input.{key}"), time);
        }
        self.pauses.problems("input.checkpointThrottledBackoffPolicy", notes);
        let fine = self.steal_factor.is_finite() && self.steal_factor > 0.0;
        notes.unless(fine, "input.maxLeasesToStealAtOneTimeFactor", POSITIVE_NUMBER);
        let fine = (1..=10_000).contains(&self.max_records);
        notes.unless(fine, "input.retrievalMode.maxRecords", "expected 1 to 10000");
        for (key, endpoint) in
            [("customEndpoint", &self.endpoint), ("dynamodbCustomEndpoint", &self.dynamodb_endpoint)]
        {
            let fine = endpoint.as_deref().is_none_or(is_url);
            notes.unless(fine, &format!("input.{key}"), URL);
        }
    }

    /// What has no effect with this source.
    pub fn without_effect(&self, notes: &mut Notes) {
        for section in ["input", "input.kinesis"] {
            let other = match self.kind {
                SourceKind::Kinesis => None,
                SourceKind::Log => Some("the source is of type log"),
                SourceKind::Local => Some("the source is of type local"),
            };
            if let Some(why) = other {
                let of_streams = ["streamName", "initialPosition"].iter();
                let of_streams = of_streams.filter(|_| self.kind == SourceKind::Local);
                for key in OF_KINESIS.iter().chain(of_streams) {
                    notes.say(format!("{section}.{key}"), why);
                }
            } else if self.retrieval == RetrievalKind::FanOut {
                for key in ["maxRecords", "idleTimeBetweenReads"] {
                    notes.say(format!("{section}.retrievalMode.{key}"), "nothing is polled in fan-out");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Usual = Usual {
        stream: "raw",
        application: "snowplow-role",
        consumer: "role",
        position: PositionKind::Latest,
        max_records: 750,
        idle: Duration::from_millis(200),
    };

    #[test]
    fn what_is_not_set_is_usual() {
        let kinesis = Keys::default().reading(SourceKind::Kinesis, USUAL);
        assert_eq!((&*kinesis.stream, &*kinesis.application), ("", "snowplow-role"));
        assert_eq!((kinesis.position, kinesis.max_records), (PositionKind::Latest, 750));
        assert_eq!((kinesis.leases_to_steal(3), kinesis.lease_duration), (6, Duration::from_secs(10)));
        let log = Keys::default().reading(SourceKind::Log, USUAL);
        assert_eq!((&*log.stream, &*log.application), ("raw", "role"));
        assert_eq!(log.position, PositionKind::TrimHorizon);
    }
}
