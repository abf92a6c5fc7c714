//! `streams`: in the object style of the current line, or names with one shared `sink` and `buffer`.

use serde::{Deserialize, Deserializer, de};

use service::config::Ignored;

/// `streams`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Streams {
    /// Payloads.
    pub good: Stream,
    /// Bad rows.
    pub bad: Stream,
    /// The legacy style's shared sink.
    pub sink: Option<Sink>,
    /// Whether records are keyed by the client's address, in the Apache line alone.
    pub use_ip_address_as_partition_key: bool,
    /// The legacy style's shared buffer; accepted and without effect: what is appended is durable before it is answered.
    pub buffer: Ignored,
}

/// `streams.good`, `streams.bad`
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Name of the stream.
    pub name: Option<String>,
    /// Bytes a record may have.
    pub max_bytes: Option<usize>,
}

/// `streams.sink`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sink {
    /// Bytes a record may have.
    pub max_bytes: Option<usize>,
}

impl Streams {
    /// Bytes a good record may have.
    pub fn good_max_bytes(&self) -> usize {
        self.good.max_bytes.or(self.sink.as_ref().and_then(|s| s.max_bytes)).unwrap_or(1_000_000)
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Object {
            name: Option<String>,
            max_bytes: Option<usize>,
            /// As the shared one.
            #[serde(rename = "buffer")]
            _buffer: Option<Ignored>,
        }

        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Stream;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a stream or an object with `name`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Stream, E> {
                Ok(Stream { name: Some(name.into()), ..Stream::default() })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Stream, A::Error> {
                let o = Object::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Stream { name: o.name, max_bytes: o.max_bytes })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
