//! The reading half of a stream.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    producer::BoxFuture,
    record::{Position, Record, ShardId},
};

/// Where a consumer without a checkpoint begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that is kept (`TRIM_HORIZON`).
    #[default]
    Oldest,
    /// After the newest record at the time of opening (`LATEST`).
    Newest,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its place in the shard.
    pub position: Position,
    /// When the stream took it.
    pub arrival: Timestamp,
    /// The record itself.
    pub record: Record,
}

/// Records of one shard, in order, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Their shard.
    pub shard: ShardId,
    /// The records.
    pub records: Vec<Delivered>,
}

/// What a consumer tells its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The shard is now ours; reading starts after `checkpoint.acknowledged`, unless the role seeks.
    Assigned {
        /// The shard.
        shard: ShardId,
        /// What was saved last, by us or by an earlier owner.
        checkpoint: Checkpoint,
    },
    /// New records.
    Records(Batch),
    /// A closed shard has been delivered whole. The role flushes it and saves its last position.
    Ended {
        /// The shard.
        shard: ShardId,
    },
    /// Another worker owns the shard now: forget what is unflushed, saving would be refused.
    Lost {
        /// The shard.
        shard: ShardId,
    },
}

/// What is durably known about a consumer's progress in one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything up to and including this place is held by every destination. `None`: nothing yet.
    pub acknowledged: Option<Position>,
    /// What the role was about to do beyond it (`spec/loaders-and-leases.md` 7.3).
    pub pending: Option<Pending>,
}

/// A declared intention, saved before the work so that a successor repeats exactly the same work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The last place the intended work covers.
    pub up_to: Position,
    /// The role's own words about it (for example the object key); at most 1 KiB.
    pub note: Bytes,
}

/// Why a consumer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// What was stored is damaged in the middle.
    #[error("stream `{stream}`: {what}")]
    Corrupt {
        /// Name of the stream.
        stream: String,
        /// File, offset and what is wrong there.
        what: String,
    },
    /// Reading or saving failed.
    #[error("stream `{stream}`: {source}")]
    Io {
        /// Name of the stream.
        stream: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The shard is owned by another worker.
    #[error("stream `{stream}`: shard {shard} is not ours any more")]
    NotOwner {
        /// Name of the stream.
        stream: String,
        /// The shard.
        shard: ShardId,
    },
    /// The engine has been shut down.
    #[error("stream `{stream}` is closed")]
    Closed {
        /// Name of the stream.
        stream: String,
    },
}

/// Reads records under a durable name. Consumers of different names are independent of each other.
pub trait Consumer: Send + Sync {
    /// Name of the stream, for messages.
    fn stream(&self) -> &str;

    /// The next event; waits while there is none. Dropping the future loses nothing.
    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>>;

    /// Continues an assigned shard after `after` (`None`: from its oldest record), whatever the checkpoint said: for
    /// destinations that keep the position themselves.
    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>>;

    /// Whether records of a shard are wanted at the moment; they are until this says otherwise. An engine that can leaves a
    /// shard alone while they are not, and goes on with the others. What it delivers all the same has to be kept: nothing is
    /// delivered twice.
    fn want(&mut self, shard: &ShardId, wanted: bool) {
        let _ = (shard, wanted);
    }

    /// A handle that saves progress while `next` waits elsewhere.
    fn checkpointer(&self) -> Box<dyn Checkpointer>;
}

/// Saves a consumer's progress.
pub trait Checkpointer: Send + Sync {
    /// Replaces the shard's checkpoint durably. One that has no intention, in the place of one that has none, may become
    /// durable a little later where each write is dear: what is lost of it is done again.
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>>;
}
