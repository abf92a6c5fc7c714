//! Finding the end of a shard, and cutting what a crash left behind it.
//!
//! Only one frame of a shard can be unsynced at a time, so a crash leaves at most one torn frame, at the end of the last
//! segment, and the zeros that were written ahead. Only that segment is read; the others are known by name and size.

use std::{fs, io, path::Path, sync::Arc};

use jiff::Timestamp;
use memchr::memmem;

use super::{
    disk::Disk,
    frame::{self, Decoded, Header},
    segment::{self, Damage, Listed, SegmentFile},
    shard::{Extent, Segment, Shard},
};
use crate::record::ShardId;

/// The sequence number of a shard's first record.
const FIRST: u64 = 1;

/// How a segment ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Offset after the last whole frame.
    pub(super) end: u64,
    /// The sequence number after the last record.
    pub(super) next: u64,
    /// Arrival of the first and the last frame.
    pub(super) arrivals: Option<(Timestamp, Timestamp)>,
    /// Bytes of a torn frame behind `end`.
    pub(super) torn: u64,
}

/// Opens the shard in `folder`, which is made if missing.
pub(super) fn open(id: ShardId, folder: &Path, disk: &Arc<dyn Disk>) -> Result<Shard, Damage> {
    let io = |source| Damage::Io { path: folder.to_owned(), source };
    if !folder.try_exists().map_err(io)? {
        fs::create_dir_all(folder).map_err(io)?;
        if let Some(parent) = folder.parent() {
            disk.sync_folder(parent).map_err(io)?;
        }
    }
    let listed = segment::list(folder).map_err(io)?;
    let mut segments: Vec<Segment> = listed.iter().zip(0..).map(as_segment).collect();
    let Some(last) = segments.last_mut() else {
        return Ok(Shard::new(id, folder.to_owned(), Extent { segments: Default::default(), next: FIRST }));
    };
    let path = folder.join(segment::file_name(last.first));
    let tail = if last.bytes < segment::HEADER_BYTES {
        // The process ended while it made the file: nothing can have been acknowledged in it.
        Tail { end: last.bytes, next: last.first, arrivals: None, torn: 0 }
    } else {
        find_tail(&path, last.first)?
    };
    if tail.torn > 0 {
        tracing::warn!(file = %path.display(), offset = tail.end, bytes = tail.torn, "cut a torn frame");
    }
    let settle = || {
        let mut file = disk.open(&path)?;
        if last.bytes > tail.end {
            file.cut(tail.end)?;
        }
        // A killed process can leave a whole frame that was never synced: readers must not get ahead of the disk.
        file.sync()
    };
    settle().map_err(|source| Damage::Io { path: path.clone(), source })?;
    last.bytes = tail.end;
    if let Some((oldest, newest)) = tail.arrivals {
        (last.oldest, last.newest) = (oldest, newest);
    }
    Ok(Shard::new(id, folder.to_owned(), Extent { segments: segments.into(), next: tail.next }))
}

/// Walks over the frames of the last segment. What is damaged and has a whole frame behind it is reported; a damaged end
/// is measured.
pub(super) fn find_tail(path: &Path, first: u64) -> Result<Tail, Damage> {
    let file = SegmentFile::open(path)?;
    let bytes = file.bytes()?;
    let mut tail = Tail { end: segment::HEADER_BYTES, next: first, arrivals: None, torn: 0 };
    while tail.end < bytes {
        let (frames, end) = match file.frames(tail.end, bytes) {
            Ok(found) => found,
            Err(error @ Damage::Io { .. }) => return Err(error),
            Err(damage) if whole_frame_behind(&file, tail.end, bytes, tail.next)?.is_some() => {
                return Err(damage);
            }
            Err(_) => {
                tail.torn = length_without_zeros(&file, tail.end, bytes)?;
                break;
            }
        };
        for frame in &frames {
            let Header { first: found, arrival, .. } = *frame.header();
            if found != tail.next {
                let (path, offset, expected) = (path.to_owned(), tail.end, tail.next);
                return Err(Damage::Sequence { path, offset, expected, found });
            }
            tail.next = frame.header().next();
            tail.end += frame.header().frame_bytes() as u64;
            let oldest = tail.arrivals.map_or(arrival, |(oldest, _)| oldest);
            tail.arrivals = Some((oldest, arrival));
        }
        debug_assert_eq!(tail.end, end);
    }
    Ok(tail)
}

/// How many bytes stand between two offsets, without zeros at their end.
pub(super) fn length_without_zeros(file: &SegmentFile, from: u64, limit: u64) -> Result<u64, Damage> {
    let mut end = limit;
    while end > from {
        let begin = end.saturating_sub(segment::CHUNK_BYTES).max(from);
        let chunk = file.read(begin, end - begin)?;
        if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
            return Ok(begin + last as u64 + 1 - from);
        }
        end = begin;
    }
    Ok(0)
}

/// Where the next whole frame with a sequence number of at least `next` begins after `offset`, and its sequence number.
pub(super) fn whole_frame_behind(
    file: &SegmentFile,
    offset: u64,
    limit: u64,
    next: u64,
) -> Result<Option<(u64, u64)>, Damage> {
    /// Bytes searched at a time.
    const WINDOW: u64 = 1 << 20;
    // Somebody may have filled a payload with beginnings of frames: stop computing checksums over the same bytes at some
    // point and let a human look.
    let mut budget: u64 = 1 << 30;
    let mut at = offset + 1;
    while at < limit {
        let window = file.read(at, WINDOW.min(limit - at))?;
        for found in memmem::find_iter(&window, &frame::MAGIC) {
            let begin = at + found as u64;
            let head = file.read(begin, frame::HEADER_BYTES as u64)?;
            let Some(Ok(header)) = head.first_chunk().map(Header::parse) else { continue };
            let bytes = header.frame_bytes() as u64;
            if header.first < next || begin + bytes > limit {
                continue;
            }
            budget = budget.saturating_sub(bytes);
            let candidate = file.read(begin, bytes)?;
            if budget == 0 || matches!(frame::decode(&candidate, file.salt()), Ok(Decoded::Frame(_))) {
                return Ok(Some((begin, header.first)));
            }
        }
        if limit - at <= WINDOW {
            break;
        }
        // A beginning may lie across the border.
        at += WINDOW - (frame::MAGIC.len() as u64 - 1);
    }
    Ok(None)
}

fn as_segment((listed, id): (&Listed, u64)) -> Segment {
    Segment { id, first: listed.first, bytes: listed.bytes, oldest: listed.modified, newest: listed.modified }
}

/// The shards that a stream's folder has already: they are kept even if the configuration asks for fewer.
pub(super) fn existing_shards(folder: &Path) -> io::Result<u32> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("shardId-"));
        if let Some(number) = number.and_then(|digits| digits.parse::<u32>().ok()).filter(|n| *n < 4096) {
            count = count.max(number + 1);
        }
    }
    Ok(count)
}
