//! `streams`: in the object style of the current line, or names with one shared `sink` and `buffer`.

mod buffer;
mod kind;
mod sink;
mod spill;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::sections::Log;

pub use self::{
    buffer::Buffer,
    kind::Kind,
    sink::{BackoffPolicy, Sink, Stream},
    spill::Spill,
};

/// `streams`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Streams {
    /// Payloads.
    pub good: Stream,
    /// Bad rows.
    pub bad: Stream,
    /// The legacy style's sink for both streams.
    pub sink: Sink,
    /// The legacy style's buffer for both streams.
    pub buffer: Buffer,
    /// Ours. The embedded log of sinks of kind log.
    pub log: Log,
    /// Ours. Records that Kinesis or SQS do not take are kept on the local disk and handed on later, in order; they are
    /// answered 200. While any wait there /sink-health answers 503. Without a folder they are answered 503.
    pub spill: Spill,
    /// With compatibility = "2": records are keyed by the client's address instead of a random UUID.
    pub use_ip_address_as_partition_key: bool,
}

impl Streams {
    /// `streams.good` with all that it takes from the shared sections.
    pub fn good(&self) -> Stream {
        self.whole(&self.good, "good")
    }

    /// `streams.bad` likewise.
    pub fn bad(&self) -> Stream {
        self.whole(&self.bad, "bad")
    }

    /// Bytes a good record may have.
    pub fn good_max_bytes(&self) -> usize {
        let good = self.good();
        good.max_bytes.unwrap_or_else(|| good.kind().max_bytes())
    }

    fn whole(&self, stream: &Stream, name: &str) -> Stream {
        let mut whole = stream.over(&self.sink);
        whole.buffer = stream.buffer.over(&self.buffer);
        if whole.name.is_none() && !whole.kind().is_elsewhere() {
            whole.name = Some(name.to_owned());
        }
        whole
    }
}
