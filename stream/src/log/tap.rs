//! Reading a log that another process writes.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    opening,
    segment::{self, Damage, SegmentFile},
};
use crate::{
    consumer::{Batch, Delivered},
    record::{Position, ShardId},
};

/// Reads a stream's folder without taking part in it: no lock, no checkpoint, nothing held back. Sees whole, valid frames,
/// which may be a moment ahead of the disk.
#[derive(Debug)]
pub struct Reader {
    shards: Vec<Tapped>,
    /// The shard that is looked at first.
    turn: usize,
}

#[derive(Debug)]
struct Tapped {
    id: ShardId,
    folder: PathBuf,
    /// The sequence number to deliver next.
    next: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    first: u64,
    file: SegmentFile,
    offset: u64,
    at: u64,
}

impl Reader {
    /// Opens a stream in a log's folder, at its oldest records.
    pub fn open(folder: &Path, stream: &str) -> io::Result<Self> {
        let folder = folder.join(stream);
        let tapped = |index| {
            let id = ShardId::numbered(index);
            Tapped { folder: folder.join(id.as_str()), id, next: 0, open: None }
        };
        let shards = (0..opening::existing_shards(&folder)?).map(tapped).collect();
        Ok(Self { shards, turn: 0 })
    }

    /// The shards it found.
    pub fn shards(&self) -> impl Iterator<Item = &ShardId> {
        self.shards.iter().map(|shard| &shard.id)
    }

    /// Continues a shard after a place (`None`: at its oldest record). False if there is no such shard.
    pub fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> bool {
        let found = self.shards.iter_mut().find(|tapped| tapped.id == *shard);
        found.is_some_and(|tapped| {
            tapped.next = after
                .map_or(0, |position| position.sequence.to_u64().map_or(u64::MAX, |n| n.saturating_add(1)));
            tapped.open = None;
            true
        })
    }

    /// Continues every shard after its newest record.
    pub fn seek_newest(&mut self) -> Result<(), Damage> {
        for shard in &mut self.shards {
            if let Some(last) = shard.list()?.last() {
                shard.next = last.0;
                shard.open = None;
                while !shard.read()?.is_empty() {}
            }
        }
        Ok(())
    }

    /// The next records of some shard, shards taking turns; `None` if there is nothing new now. Blocks only for the disk.
    pub fn read(&mut self) -> Result<Option<Batch>, Damage> {
        let count = self.shards.len();
        for index in (self.turn..self.turn + count).map(|index| index % count) {
            let records = self.shards[index].read()?;
            if !records.is_empty() {
                self.turn = index + 1;
                return Ok(Some(Batch { shard: self.shards[index].id.clone(), records }));
            }
        }
        Ok(None)
    }
}

impl Tapped {
    /// First sequence numbers and sizes of the segments.
    fn list(&self) -> Result<Vec<(u64, u64)>, Damage> {
        let listed = segment::list(&self.folder);
        let listed = listed.map_err(|source| Damage::Io { path: self.folder.clone(), source })?;
        Ok(listed.into_iter().map(|segment| (segment.first, segment.bytes)).collect())
    }

    fn read(&mut self) -> Result<Vec<Delivered>, Damage> {
        loop {
            if let Some(records) = self.read_open()? {
                return Ok(records);
            }
            // The open segment has no more: look which file goes on.
            let segments = self.list()?;
            let wanted = self.open.as_ref().map_or(self.next, |open| open.at.max(self.next));
            let Some(index) = segments
                .iter()
                .rposition(|(first, _)| *first <= wanted)
                .or((!segments.is_empty()).then_some(0))
            else {
                return Ok(Vec::new());
            };
            let (first, bytes) = segments[index];
            if self.open.as_ref().is_some_and(|open| open.first == first) || bytes <= segment::HEADER_BYTES {
                return Ok(Vec::new());
            }
            let path = self.folder.join(segment::file_name(first));
            match SegmentFile::open(&path) {
                Ok(file) => self.open = Some(Open { first, file, offset: segment::HEADER_BYTES, at: first }),
                // Trimmed meanwhile; the next call finds another one.
                Err(Damage::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    return Ok(Vec::new());
                }
                Err(damage) => return Err(damage),
            }
        }
    }

    /// New records of the open segment; `None` if it has none.
    fn read_open(&mut self) -> Result<Option<Vec<Delivered>>, Damage> {
        let Some(open) = &mut self.open else { return Ok(None) };
        loop {
            let bytes = open.file.bytes()?;
            let frames = match open.file.frames(open.offset, bytes) {
                Ok((frames, _)) if !frames.is_empty() => frames,
                // Half-written, or a leftover that another segment replaces.
                Ok(_) | Err(Damage::CutOff { .. } | Damage::Frame { .. }) => return Ok(None),
                Err(damage) => return Err(damage),
            };
            let mut delivered = Vec::new();
            for frame in frames {
                let header = frame.header();
                if header.first != open.at {
                    return Ok(None);
                }
                frame.deliver(self.next, &mut delivered);
                open.offset += header.frame_bytes() as u64;
                open.at = header.next();
            }
            if let Some(last) = delivered.last() {
                self.next = last.position.sequence.to_u64().map_or(self.next, |sequence| sequence + 1);
                return Ok(Some(delivered));
            }
        }
    }
}
