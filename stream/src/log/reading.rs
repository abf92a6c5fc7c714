//! Reading one shard of the log, sequentially.
//!
//! These calls block, but seldom for long: what was written lately is in the page cache and costs a copy. Such reads
//! ([`Ready::Near`]) are done where they are needed, on the thread of the asynchronous task: at most 256 KiB or one frame at a
//! time, cheaper than a hand-over to another thread. A reader that is further behind may wait for the disk and is
//! [`Ready::Far`]: its reads go to the threads that may block.

use std::{io, sync::Arc};

use super::{
    segment::{self, Damage, SegmentFile},
    stream::Stream,
};
use crate::consumer::Delivered;

/// A reader within so many bytes of the end finds what it reads in the page cache.
const NEAR_BYTES: u64 = 8 << 20;

/// Reads one shard from some sequence number on.
#[derive(Debug)]
pub(super) struct ShardReader {
    stream: Arc<Stream>,
    shard: usize,
    /// The sequence number to deliver next.
    next: u64,
    open: Option<Open>,
}

/// The segment that is being read.
#[derive(Debug)]
struct Open {
    id: u64,
    file: SegmentFile,
    offset: u64,
    /// The sequence number at `offset`.
    at: u64,
}

/// Whether there is something to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    Nothing,
    Near,
    Far,
}

impl ShardReader {
    pub(super) fn new(stream: Arc<Stream>, shard: usize, next: u64) -> Self {
        Self { stream, shard, next, open: None }
    }

    pub(super) fn seek(&mut self, next: u64) {
        self.next = next;
        self.open = None;
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn ready(&self) -> Ready {
        let Some(place) = self.stream.shards[self.shard].locate(self.next) else { return Ready::Nothing };
        let begin = match &self.open {
            Some(open) if open.id == place.segment => open.offset,
            _ => 0,
        };
        if place.growing && place.limit - begin <= NEAR_BYTES { Ready::Near } else { Ready::Far }
    }

    /// The next records that are durable, as many as one read brings; none if there are none yet.
    pub(super) fn read(&mut self) -> Result<Vec<Delivered>, Damage> {
        loop {
            let shard = &self.stream.shards[self.shard];
            let Some(place) = shard.locate(self.next) else { return Ok(Vec::new()) };
            if self.next < place.first {
                // Who begins at the oldest record asks for the first one and misses nothing.
                if self.next > 1 {
                    let (stream, records) = (&self.stream.config.name, place.first - self.next);
                    tracing::warn!(stream, shard = %shard.id, records, "records were removed before they were read");
                }
                self.next = place.first;
                continue;
            }
            let mut open = match self.open.take() {
                Some(open) if open.id == place.segment && open.at <= self.next => open,
                _ => match SegmentFile::open(&place.path) {
                    Ok(file) => {
                        Open { id: place.segment, file, offset: segment::HEADER_BYTES, at: place.first }
                    }
                    // Removed since we looked: the next look finds another one.
                    Err(error) if is_missing(&error) && shard.locate(self.next).as_ref() != Some(&place) => {
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
            let mut delivered = Vec::new();
            let (frames, _) = open.file.frames(open.offset, place.limit)?;
            if frames.is_empty() {
                return Err(Damage::CutOff { path: place.path, offset: open.offset });
            }
            for frame in frames {
                if open.at >= place.end {
                    break;
                }
                let header = frame.header();
                if header.first != open.at {
                    let (path, offset) = (place.path, open.offset);
                    return Err(Damage::Sequence { path, offset, expected: open.at, found: header.first });
                }
                frame.deliver(self.next, &mut delivered);
                open.offset += header.frame_bytes() as u64;
                open.at = header.next();
            }
            self.open = Some(open);
            if let Some(last) = delivered.last() {
                self.next = last.position.sequence.to_u64().map_or(self.next, |sequence| sequence + 1);
                return Ok(delivered);
            }
            // All of it stands before what was asked for.
        }
    }
}

fn is_missing(damage: &Damage) -> bool {
    matches!(damage, Damage::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}
