//! `streams`: in the object style of the current line, or names with one shared `sink` and `buffer`.

mod buffer;
mod kind;
mod log;
mod sink;

use serde::{Deserialize, Serialize};

pub use self::{
    buffer::Buffer,
    kind::Kind,
    log::Log,
    sink::{BackoffPolicy, Sink, Stream},
};

/// `streams`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Streams {
    /// Payloads.
    pub good: Stream,
    /// Bad rows.
    pub bad: Stream,
    /// What is not set in a stream is taken from here: the legacy style's shared sink.
    pub sink: Sink,
    /// As `sink`, for the buffers.
    pub buffer: Buffer,
    /// The embedded log of sinks of kind `log`.
    pub log: Log,
    /// Whether the partition key is the client's IP address; in the Apache line alone.
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
