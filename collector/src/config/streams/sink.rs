//! The keys of a sink. They stand in `streams.good` and `streams.bad`, beside the name of the stream, and in
//! `streams.sink` for both.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use service::config::Ignored;

use super::{Buffer, Kind};

/// Makes [`Sink`] and [`Stream`], which has the same keys and two more: both are read key by key, so that each is known.
macro_rules! sink_keys {
    ($($(#[$about:meta])* $key:literal $field:ident: $type:ty,)*) => {
        /// `streams.sink`
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
        #[serde(default)]
        pub struct Sink {
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
        }

        /// `streams.good`, `streams.bad`: a name, or an object with one.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
        #[serde(remote = "Self", default)]
        pub struct Stream {
            /// Name of the stream or queue.
            #[schemars(example = &"raw")]
            pub name: Option<String>,
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
            /// Limits of one call to the sink.
            pub buffer: Buffer,
        }

        const KEYS: &[&str] = &["name", $($key,)* "buffer"];

        impl Stream {
            /// What is set here, and the shared `sink`'s where nothing is.
            pub(super) fn over(&self, sink: &Sink) -> Self {
                Self {
                    name: self.name.clone(),
                    $($field: self.$field.clone().or(sink.$field.clone()),)*
                    buffer: self.buffer.clone(),
                }
            }
        }
    };
}

sink_keys! {
    /// Kind of the sink: kinesis, sqs, stdout or, ours, log.
    #[schemars(with = "String", example = &"kinesis")]
    "enabled" enabled: Option<Kind>,
    /// Region of the stream or queue; unset: as the environment or the machine says.
    #[schemars(example = &"eu-central-1")]
    "region" region: Option<String>,
    /// Endpoint instead of the region's own.
    #[schemars(example = &"http://localhost:4566")]
    "customEndpoint" custom_endpoint: Option<String>,
    /// Bytes of one record; a larger payload is split, or becomes a bad row. Unset: 1000000, for SQS 192000, for standard output 1000000000.
    #[schemars(example = 1_000_000)]
    "maxBytes" max_bytes: Option<usize>,
    /// Queue that takes good records while Kinesis refuses.
    #[schemars(example = &"good-buffer")]
    "sqsGoodBuffer" sqs_good_buffer: Option<String>,
    /// Queue that takes bad rows while Kinesis refuses.
    #[schemars(example = &"bad-buffer")]
    "sqsBadBuffer" sqs_bad_buffer: Option<String>,
    /// Bytes of one record that may go to such a queue.
    #[schemars(example = 192_000)]
    "sqsMaxBytes" sqs_max_bytes: Option<usize>,
    /// Pauses between attempts.
    "backoffPolicy" backoff: Option<BackoffPolicy>,
    /// Time between two looks at a stream that is not there yet.
    #[serde(with = "service::config::duration::option")]
    #[schemars(with = "String", example = &"1 second")]
    "startupCheckInterval" startup_check_interval: Option<Duration>,
    /// Threads of the original's client.
    #[schemars(with = "String", extend("x-without-effect" = "no thread waits for a call"), example = 10)]
    "threadPoolSize" thread_pool_size: Option<Ignored>,
    /// Keys of an account.
    #[schemars(with = "String", extend("x-without-effect" = "credentials come from the environment or the machine"), example = serde_json::json!({"accessKey": "iam"}))]
    "aws" aws: Option<Ignored>,
}

/// `backoffPolicy`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackoffPolicy {
    /// First pause, in milliseconds.
    #[schemars(example = 500)]
    pub min_backoff: Option<u64>,
    /// Longest pause, in milliseconds.
    #[schemars(example = 1_500)]
    pub max_backoff: Option<u64>,
    /// Attempts of one round.
    #[schemars(with = "String", extend("x-without-effect" = "attempts go on until the record is refused or spilled"), example = 3)]
    pub max_retries: Option<Ignored>,
}

impl Stream {
    /// What the sink is.
    pub fn kind(&self) -> Kind {
        self.enabled.unwrap_or_default()
    }

    /// Bytes of one record, key and data, that may go to the buffer in SQS.
    pub fn sqs_max_bytes(&self) -> usize {
        self.sqs_max_bytes.unwrap_or(192_000)
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrKeys;
        impl<'de> Visitor<'de> for NameOrKeys {
            type Value = Stream;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a stream or an object with `name`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Stream, E> {
                Ok(Stream { name: Some(name.into()), ..Stream::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Stream, A::Error> {
                Stream::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_struct("Stream", KEYS, NameOrKeys)
    }
}

impl Serialize for Stream {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}
