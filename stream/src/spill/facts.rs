//! What can be known about a spill at a moment: for health, metrics and people who look.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{REFUSED, REPLAY, Shared, WAITING, gate::Mode};

/// A spill at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpillFacts {
    /// Name of the stream in front of which it is.
    pub stream: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether appends go into it, or wait for the last of what is in it.
    pub spilling: bool,
    /// What waits in it.
    pub waiting: Left,
    /// Bytes it may have on the disk.
    pub limit: u64,
    /// When the oldest record arrived that waits.
    pub oldest: Option<Timestamp>,
    /// Records that the stream can never take and that nobody else took, in the stream `refused` of the folder.
    pub refused: u64,
    /// Records spilled by this process.
    pub spilled: u64,
    /// Records handed on by this process.
    pub replayed: u64,
    /// Why the stream did not take records when it was last asked; `None` while appends are direct.
    pub trouble: Option<String>,
    /// Why the last append found no room in the spill; `None` if it did.
    pub full: Option<String>,
}

/// What is in a spill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Records that the stream has not taken yet.
    pub records: u64,
    /// Bytes on the disk, which may hold records a little longer than they wait.
    pub bytes: u64,
}

/// What is counted and remembered.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) spilled: u64,
    pub(super) replayed: u64,
    /// When the oldest record arrived that is being handed on.
    pub(super) oldest: Option<Timestamp>,
    /// Why the stream does not take records.
    pub(super) trouble: Option<String>,
    /// Why the spill does not.
    pub(super) full: Option<String>,
}

impl Shared {
    /// What waits.
    pub(super) fn left(&self) -> Left {
        let facts = self.log.facts();
        let waiting = facts.iter().find(|facts| facts.stream == WAITING);
        let consumers = waiting.into_iter().flat_map(|facts| &facts.consumers);
        Left {
            records: consumers.filter(|facts| facts.consumer == REPLAY).map(|facts| facts.lag).sum(),
            bytes: waiting.map_or(0, |facts| facts.bytes),
        }
    }

    pub(super) fn facts(&self) -> SpillFacts {
        let refused = self.log.facts();
        let refused = refused.iter().filter(|facts| facts.stream == REFUSED).flat_map(|facts| &facts.shards);
        let waiting = self.left();
        let counts = self.counts();
        SpillFacts {
            stream: self.inner.stream().to_owned(),
            folder: self.config.folder.clone(),
            spilling: matches!(self.gate.mode(), Mode::Spilling | Mode::Handover),
            waiting,
            limit: self.config.max_bytes,
            oldest: counts.oldest.filter(|_| waiting.records > 0),
            refused: refused.map(|shard| shard.newest.unwrap_or(0)).sum(),
            spilled: counts.spilled,
            replayed: counts.replayed,
            trouble: counts.trouble.clone(),
            full: counts.full.clone(),
        }
    }
}
