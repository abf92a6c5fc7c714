//! Looking for damage, without changing anything.

use std::{io, path::Path};

use super::{
    opening,
    segment::{self, Damage, SegmentFile},
};
use crate::record::ShardId;

/// A damaged place in a stream.
#[derive(Debug)]
pub struct Finding {
    /// The shard.
    pub shard: ShardId,
    /// File, offset and what is wrong there.
    pub damage: Damage,
    /// The first sequence number that cannot be read.
    pub first_lost: u64,
    /// The sequence number with which readable records go on; `None` at the end of the shard, where the damage is a torn
    /// tail that opening the log cuts. A consumer gets there with `seek`, after the one before.
    pub resumes: Option<u64>,
}

/// Reads every frame of a stream in a log's folder. Beside a running writer the last finding may be a frame that is just
/// being written.
pub fn check(folder: &Path, stream: &str) -> io::Result<Vec<Finding>> {
    let folder = folder.join(stream);
    let mut findings = Vec::new();
    for shard in (0..opening::existing_shards(&folder)?).map(ShardId::numbered) {
        let path = folder.join(shard.as_str());
        let listed = match segment::list(&path) {
            // Shards are numbered without gaps unless somebody removed one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            listed => listed?,
        };
        let ends = listed.iter().skip(1).map(|next| Some(next.first)).chain([None]);
        for (segment, end) in listed.iter().zip(ends) {
            let file = path.join(segment::file_name(segment.first));
            check_segment(&shard, &file, segment.first, end, &mut findings)?;
        }
    }
    Ok(findings)
}

/// Checks one file up to the sequence number with which the next one begins.
fn check_segment(
    shard: &ShardId,
    path: &Path,
    first: u64,
    end: Option<u64>,
    findings: &mut Vec<Finding>,
) -> io::Result<()> {
    let mut find = |damage, first_lost, resumes| {
        findings.push(Finding { shard: shard.clone(), damage, first_lost, resumes });
    };
    let file = match SegmentFile::open(path) {
        Ok(file) => file,
        Err(Damage::Io { source, .. }) => return Err(source),
        Err(damage) => {
            find(damage, first, end);
            return Ok(());
        }
    };
    let bytes = file.bytes().map_err(into_io)?;
    let (mut at, mut next) = (segment::HEADER_BYTES, first);
    while end.is_none_or(|end| next < end) {
        let damage = match file.frames(at, bytes) {
            Ok((frames, _)) if frames.is_empty() && end.is_none() => return Ok(()),
            Ok((frames, _)) if frames.is_empty() => Damage::CutOff { path: path.to_owned(), offset: at },
            Ok((frames, _)) => {
                let strange = frames.iter().find_map(|frame| {
                    let header = frame.header();
                    if header.first != next {
                        return Some(header.first);
                    }
                    at += header.frame_bytes() as u64;
                    next = header.next();
                    // What follows the end of the segment does not count.
                    end.is_some_and(|end| next >= end).then_some(next)
                });
                match strange {
                    Some(found) if end.is_none_or(|end| next < end) => {
                        Damage::Sequence { path: path.to_owned(), offset: at, expected: next, found }
                    }
                    _ => continue,
                }
            }
            Err(damage @ Damage::Io { .. }) => return Err(into_io(damage)),
            Err(damage) => damage,
        };
        if end.is_none() && opening::length_without_zeros(&file, at, bytes).map_err(into_io)? == 0 {
            // Written ahead of frames to come.
            return Ok(());
        }
        let behind = opening::whole_frame_behind(&file, at, bytes, next).map_err(into_io)?;
        let behind = behind.filter(|(_, first)| end.is_none_or(|end| *first < end));
        find(damage, next, behind.map(|(_, first)| first).or(end));
        let Some(resumed) = behind else { return Ok(()) };
        (at, next) = resumed;
    }
    Ok(())
}

fn into_io(damage: Damage) -> io::Error {
    match damage {
        Damage::Io { path, source } => io::Error::new(source.kind(), format!("{}: {source}", path.display())),
        damage => io::Error::new(io::ErrorKind::InvalidData, damage),
    }
}
