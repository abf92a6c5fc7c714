//! What is durable in a shard: written by the writer, looked up by readers, never locked while anybody reads or writes.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::segment;
use crate::record::ShardId;

/// A shard of a stream.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) id: ShardId,
    pub(super) folder: PathBuf,
    extent: Mutex<Extent>,
}

/// The segments of a shard.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    /// Oldest first. Only the last one grows.
    pub(super) segments: VecDeque<Segment>,
    /// The sequence number of the next record.
    pub(super) next: u64,
}

/// A segment file and how much of it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Tells apart two files that had the same name one after the other.
    pub(super) id: u64,
    pub(super) first: u64,
    /// Durable bytes, header included.
    pub(super) bytes: u64,
    /// When its first record arrived, or when it was found.
    pub(super) oldest: Timestamp,
    /// When its last record arrived.
    pub(super) newest: Timestamp,
}

/// What a reader can read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readable {
    pub(super) segment: u64,
    pub(super) first: u64,
    pub(super) path: PathBuf,
    /// Durable bytes of the file.
    pub(super) limit: u64,
    /// The sequence number with which the segment ends.
    pub(super) end: u64,
    /// Whether it is the segment that is being written, so that the page cache surely holds its end.
    pub(super) growing: bool,
}

impl Shard {
    pub(super) fn new(id: ShardId, folder: PathBuf, extent: Extent) -> Self {
        Self { id, folder, extent: Mutex::new(extent) }
    }

    /// The segments, for a short look or change.
    pub(super) fn extent(&self) -> MutexGuard<'_, Extent> {
        // Nothing panics between changes that belong together.
        self.extent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self, first: u64) -> PathBuf {
        self.folder.join(segment::file_name(first))
    }

    /// Where the record `wanted`, or else the next one that is kept, is; `None` if it has not been written yet.
    pub(super) fn locate(&self, wanted: u64) -> Option<Readable> {
        self.extent().locate(wanted, &self.folder)
    }
}

impl Extent {
    fn locate(&self, wanted: u64, folder: &Path) -> Option<Readable> {
        if wanted >= self.next {
            return None;
        }
        // Usually the last one, so look from behind. A record that is gone is answered with the oldest segment.
        let index = self.segments.iter().rposition(|segment| segment.first <= wanted).unwrap_or(0);
        let segment = self.segments.get(index)?;
        let following = self.segments.get(index + 1);
        Some(Readable {
            segment: segment.id,
            first: segment.first,
            path: folder.join(segment::file_name(segment.first)),
            limit: segment.bytes,
            end: following.map_or(self.next, |following| following.first),
            growing: following.is_none(),
        })
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The oldest sequence number that is kept; `next` if there is none.
    pub(super) fn oldest(&self) -> u64 {
        self.segments.front().map_or(self.next, |segment| segment.first)
    }

    /// The sequence number that follows the oldest segment, if that is not the newest one too.
    pub(super) fn end_of_oldest(&self) -> Option<u64> {
        self.segments.get(1).map(|segment| segment.first)
    }
}
