//! Who reads which shard, and how far: one item per shard in a DynamoDB table, as the Kinesis Client Library 2.x keeps it
//! (`spec/loaders-and-leases.md` 6). Its workers and ours can share a table.
//!
//! * [`item`]: a lease as attributes, and back
//! * [`write`]: what is done to an item, under which condition
//! * [`taking`]: which leases a worker takes from whom
//! * [`shards`]: for which shards there have to be leases
//! * [`leader`]: which worker looks for missing leases

pub mod item;
pub mod leader;
pub mod shards;
pub mod taking;
pub mod write;

use bytes::Bytes;

use crate::record::{Position, ShardId};

/// How far a shard has been read. In order: what comes later is further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Not begun: begins at the time that the configuration says.
    AtTimestamp,
    /// Not begun: begins at the oldest record.
    TrimHorizon,
    /// Not begun: begins after the newest record.
    Latest,
    /// Everything up to and including this place is done.
    At(Position),
    /// Everything is done, and nothing will follow.
    ShardEnd,
}

impl Progress {
    /// Whether the first record has been done.
    pub fn has_begun(self) -> bool {
        self > Self::Latest
    }

    /// The last place that is done, if there is one.
    pub fn position(self) -> Option<Position> {
        if let Self::At(position) = self { Some(position) } else { None }
    }
}

/// The hashes of partition keys that a shard takes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashRange {
    /// The lowest.
    pub start: u128,
    /// The highest.
    pub end: u128,
}

impl HashRange {
    /// Every hash.
    pub const ALL: Self = Self { start: 0, end: u128::MAX };

    /// Whether a hash is within.
    pub fn contains(self, hash: u128) -> bool {
        (self.start..=self.end).contains(&hash)
    }
}

/// An intention that was stored beside the progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingProgress {
    /// Where the progress will be.
    pub up_to: Progress,
    /// The application's own words.
    pub state: Option<Bytes>,
}

/// A lease as it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The shard.
    pub shard: ShardId,
    /// The worker that reads it.
    pub owner: Option<String>,
    /// Goes up by one with every write of the owner: who does not know it owns nothing.
    pub counter: u64,
    /// How far it has been read.
    pub progress: Progress,
    /// What was about to be done.
    pub pending: Option<PendingProgress>,
    /// How often it changed hands since the progress last moved.
    pub owner_switches: u64,
    /// The shards it was made from, sorted.
    pub parents: Vec<ShardId>,
    /// The shards made from it, sorted; known from its end on.
    pub children: Vec<ShardId>,
    /// Its hashes, where they are known.
    pub range: Option<HashRange>,
}

impl Lease {
    /// A lease that nobody has had yet.
    pub fn new(shard: ShardId, progress: Progress) -> Self {
        Self {
            shard,
            owner: None,
            counter: 0,
            progress,
            pending: None,
            owner_switches: 0,
            parents: Vec::new(),
            children: Vec::new(),
            range: None,
        }
    }

    /// Whether the shard has been read to its end.
    pub fn is_ended(&self) -> bool {
        self.progress == Progress::ShardEnd
    }
}

#[cfg(test)]
mod tests;
