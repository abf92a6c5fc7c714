//! What the log is told when it is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    disk::{Disk, LocalDisk},
    frame::{MAX_BODY_BYTES, RECORD_HEADER_BYTES},
    observer::Observer,
};
use crate::clock::{self, Clock};

/// Where the log lives and what its limits are.
#[derive(Clone)]
pub struct LogConfig {
    /// Folder of the streams; made if missing.
    pub folder: PathBuf,
    /// Folder of the consumers' checkpoints; made if missing.
    pub checkpoints: PathBuf,
    /// The streams, each a folder in `folder`.
    pub streams: Vec<StreamConfig>,
    /// A segment is closed when the next frame would make it longer. Smaller where a size limit asks for it. The last
    /// segment of every shard is read on opening. 32 MiB.
    pub segment_bytes: u64,
    /// How long a group waits for more records when others are appending too, at most 2 ms. 2 ms.
    pub group_window: Duration,
    /// A group with so many bytes is written at once. 1 MB.
    pub group_bytes: usize,
    /// Largest record: key, attributes and data together. 1 MiB.
    pub max_record_bytes: usize,
    /// Size limit of all streams together; producers are refused beyond it. None.
    pub max_bytes: Option<u64>,
    /// Who is told what the writer does. Nobody.
    pub observer: Observer,
    pub(crate) clock: Clock,
    pub(crate) disk: Arc<dyn Disk>,
}

/// A stream and how long it keeps its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// Its name: a folder name, so no `/` and no `.` in front.
    pub name: String,
    /// Number of shards; more if the folder already has more. 1.
    pub shards: u32,
    /// Segments whose newest record is older are removed, once every registered consumer has acknowledged them. 7 days.
    pub retention_age: Option<Duration>,
    /// Size limit of the stream, all shards together. 10 GB.
    pub retention_bytes: Option<u64>,
    /// What happens at the size limit while a registered consumer still needs the oldest records.
    pub when_full: WhenFull,
}

/// What happens at the size limit while a registered consumer still needs the oldest records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Producers are refused until it has acknowledged them.
    #[default]
    Refuse,
    /// The oldest records are removed unread.
    Drop,
}

impl LogConfig {
    /// The defaults, for these folders and streams.
    pub fn new(
        folder: impl Into<PathBuf>,
        checkpoints: impl Into<PathBuf>,
        streams: Vec<StreamConfig>,
    ) -> Self {
        Self {
            folder: folder.into(),
            checkpoints: checkpoints.into(),
            streams,
            segment_bytes: 32 << 20,
            group_window: Duration::from_millis(2),
            group_bytes: 1_000_000,
            max_record_bytes: 1 << 20,
            max_bytes: None,
            observer: Observer::default(),
            clock: clock::system(),
            disk: Arc::new(LocalDisk),
        }
    }

    /// The same with another clock, which gives records their arrival time and decides about retention by age.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Bytes of the largest record that can be configured: it has to fit into a frame.
    pub const MAX_RECORD_BYTES: usize = MAX_BODY_BYTES - RECORD_HEADER_BYTES;

    /// The first thing that cannot be, in words.
    pub(super) fn fault(&self) -> Option<String> {
        let named = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
        for (index, stream) in self.streams.iter().enumerate() {
            let StreamConfig { name, shards, .. } = stream;
            if !named(name) {
                return Some(format!(
                    "`{name}` cannot be the name of a stream: it has to be the name of a folder"
                ));
            }
            if self.streams[..index].iter().any(|other| other.name == *name) {
                return Some(format!("two streams are named `{name}`"));
            }
            if *shards == 0 || *shards > 4096 {
                return Some(format!("stream `{name}` has {shards} shards: 1 to 4096 are possible"));
            }
        }
        if self.max_record_bytes == 0 || self.max_record_bytes > Self::MAX_RECORD_BYTES {
            let (asked, max) = (self.max_record_bytes, Self::MAX_RECORD_BYTES);
            return Some(format!("records of {asked} bytes: 1 to {max} are possible"));
        }
        None
    }
}

impl StreamConfig {
    /// The defaults, for this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            shards: 1,
            retention_age: Some(Duration::from_secs(7 * 24 * 3600)),
            retention_bytes: Some(10_000_000_000),
            when_full: WhenFull::Refuse,
        }
    }
}
