//! The keys of a sink. They stand in `streams.good` and `streams.bad`, beside the name of the stream, and in
//! `streams.sink` for both.

use std::{fmt, time::Duration};

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
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[serde(default)]
        pub struct Sink {
            $($(#[$about])* #[serde(rename = $key)] pub $field: $type,)*
        }

        /// `streams.good`, `streams.bad`: a name, or an object with one.
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[serde(remote = "Self", default)]
        pub struct Stream {
            /// Name of the stream or queue.
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
    /// What the sink is.
    "enabled" enabled: Option<Kind>,
    /// Region of the stream or queue; unset: as the environment says.
    "region" region: Option<String>,
    /// Endpoint of a stand-in or a private one.
    "customEndpoint" custom_endpoint: Option<String>,
    /// Bytes of one record; a larger payload is split, or becomes a bad row.
    "maxBytes" max_bytes: Option<usize>,
    /// Queue that takes good records while Kinesis refuses.
    "sqsGoodBuffer" sqs_good_buffer: Option<String>,
    /// Queue that takes bad rows while Kinesis refuses.
    "sqsBadBuffer" sqs_bad_buffer: Option<String>,
    /// Bytes of one record that may go to such a queue.
    "sqsMaxBytes" sqs_max_bytes: Option<usize>,
    /// Pauses between attempts.
    "backoffPolicy" backoff: Option<BackoffPolicy>,
    /// Time between two looks at a stream that is not there yet.
    #[serde(with = "service::config::duration::option")]
    "startupCheckInterval" startup_check_interval: Option<Duration>,
    /// Accepted and without effect: no thread waits for a call.
    "threadPoolSize" thread_pool_size: Option<Ignored>,
    /// Accepted and without effect: credentials come from the environment.
    "aws" aws: Option<Ignored>,
}

/// `backoffPolicy`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BackoffPolicy {
    /// First pause, in milliseconds.
    pub min_backoff: Option<u64>,
    /// Longest pause, in milliseconds.
    pub max_backoff: Option<u64>,
    /// Accepted and without effect: attempts go on.
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
