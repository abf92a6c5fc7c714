//! What the writer does, for whoever counts it.

use std::{fmt, sync::Arc, time::Duration};

/// Something the writer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done<'a> {
    /// A group of a stream is durable.
    Committed {
        /// Name of the stream.
        stream: &'a str,
        /// Its records.
        records: u64,
        /// Bytes of its frames.
        bytes: u64,
    },
    /// An `fdatasync` of a frame, and the time it took.
    Synced(Duration),
    /// So many batches of a stream were refused, as there is no room.
    Refused {
        /// Name of the stream.
        stream: &'a str,
        /// How many.
        batches: u64,
    },
    /// The files of a stream have so many bytes now.
    Stored {
        /// Name of the stream.
        stream: &'a str,
        /// Bytes.
        bytes: u64,
    },
}

/// Is told of everything the writer did, on its thread: it must be quick.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Done<'_>) + Send + Sync>);

impl Observer {
    /// Calls this.
    pub fn new(tell: impl Fn(Done<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, done: Done<'_>) {
        (self.0)(done);
    }
}

/// Nobody listens.
impl Default for Observer {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
