//! Which segments may go.
//!
//! Only the oldest segment of a shard is ever removed, never its newest one, and only while every registered consumer has
//! acknowledged all of it (*released*). Why it goes:
//!
//! * age: its newest record is older than the stream keeps;
//! * size: the stream is at its limit. With [`WhenFull::Drop`] even one that is not released;
//! * room: the disk, or the log's own share of it, is full. Only what has been *delivered* goes for that: released by at
//!   least one consumer. A stream that nobody has read yet is not thrown away for another one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    config::WhenFull,
    disk::Disk,
    shard::{Segment, Shard},
    stream::Stream,
};

/// Removes segments of all streams.
#[derive(Clone)]
pub(super) struct Retention {
    pub(super) streams: Vec<Arc<Stream>>,
    pub(super) disk: Arc<dyn Disk>,
    /// Size limit of all streams together.
    pub(super) max_bytes: Option<u64>,
}

/// An oldest segment that could go.
struct Candidate<'a> {
    stream: &'a Stream,
    shard: &'a Shard,
    segment: Segment,
    released: bool,
    delivered: bool,
}

impl Retention {
    /// Removes what has become too old.
    pub(super) fn by_age(&self, now: Timestamp) {
        for stream in &self.streams {
            let Some(age) = stream.config.retention_age else { continue };
            for index in 0..stream.shards.len() {
                while let Some(oldest) = candidate(stream, index) {
                    if !oldest.released || !is_older(oldest.segment.newest, age, now) || !self.remove(&oldest)
                    {
                        break;
                    }
                }
            }
        }
    }

    /// Makes room for `bytes` more in a stream, or says which limit forbids it.
    pub(super) fn by_size(&self, stream: &Stream, bytes: u64) -> Result<(), String> {
        if let Some(limit) = stream.config.retention_bytes {
            while stream.bytes() + bytes > limit {
                let dropping = stream.config.when_full == WhenFull::Drop;
                let fits = |oldest: &Candidate<'_>| oldest.released || dropping;
                let Some(oldest) = oldest(candidates(stream).filter(fits)) else {
                    return Err(format!("{limit} bytes are kept at most{}", holder(stream)));
                };
                if !oldest.released {
                    let (first, file) = (oldest.segment.first, oldest.path());
                    tracing::warn!(stream = stream.config.name, first, file = %file.display(), "dropped unread records");
                }
                if !self.remove(&oldest) {
                    return Err(format!(
                        "{limit} bytes are kept at most, and an old segment cannot be removed"
                    ));
                }
            }
        }
        if let Some(limit) = self.max_bytes {
            while self.streams.iter().map(|stream| stream.bytes()).sum::<u64>() + bytes > limit {
                if !self.for_room() {
                    return Err(format!("the log as a whole may take {limit} bytes{}", holder(stream)));
                }
            }
        }
        Ok(())
    }

    /// Removes the oldest delivered segment of any stream. False if there is none.
    pub(super) fn for_room(&self) -> bool {
        let all = self.streams.iter().flat_map(|stream| candidates(stream));
        oldest(all.filter(|oldest| oldest.delivered)).is_some_and(|oldest| self.remove(&oldest))
    }

    fn remove(&self, oldest: &Candidate<'_>) -> bool {
        let mut extent = oldest.shard.extent();
        if extent.segments.front() != Some(&oldest.segment) {
            return false;
        }
        extent.segments.pop_front();
        // Readers must not find it any more once it is gone.
        drop(extent);
        match self.disk.remove(&oldest.path()) {
            Ok(()) => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => {
                oldest.shard.extent().segments.push_front(oldest.segment.clone());
                tracing::warn!(stream = oldest.stream.config.name, file = %oldest.path().display(), %error, "a segment cannot be removed");
                false
            }
        }
    }
}

impl Candidate<'_> {
    fn path(&self) -> PathBuf {
        self.shard.path(self.segment.first)
    }
}

/// Whether `time` is more than `age` before `now`.
pub(super) fn is_older(time: Timestamp, age: Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(age).is_ok_and(|age| now.duration_since(time) > age)
}

fn candidates(stream: &Stream) -> impl Iterator<Item = Candidate<'_>> {
    (0..stream.shards.len()).filter_map(|index| candidate(stream, index))
}

fn candidate(stream: &Stream, index: usize) -> Option<Candidate<'_>> {
    let slowest = stream.registry().slowest(index).map(|(_, acknowledged)| acknowledged);
    let shard = &stream.shards[index];
    let extent = shard.extent();
    let last = extent.end_of_oldest()? - 1;
    Some(Candidate {
        stream,
        shard,
        segment: extent.segments.front()?.clone(),
        released: slowest.is_none_or(|acknowledged| acknowledged >= last),
        delivered: slowest.is_some_and(|acknowledged| acknowledged >= last),
    })
}

fn oldest<'a>(candidates: impl Iterator<Item = Candidate<'a>>) -> Option<Candidate<'a>> {
    candidates.min_by_key(|candidate| candidate.segment.newest)
}

/// Who is furthest behind, as the end of a sentence.
fn holder(stream: &Stream) -> String {
    let registry = stream.registry();
    let behind = |index: usize| {
        let (name, acknowledged) = registry.slowest(index)?;
        let newest = stream.shards[index].extent().next - 1;
        Some((newest.saturating_sub(acknowledged), name))
    };
    match (0..stream.shards.len()).filter_map(behind).max() {
        Some((lag, name)) if lag > 0 => format!(" and consumer `{name}` still needs {lag} records"),
        _ => String::new(),
    }
}
