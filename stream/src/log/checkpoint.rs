//! Checkpoint files: `<checkpoints>/<stream>/<consumer>/<shard>`, replaced as a whole.
//!
//! All numbers are little-endian; a place that is absent is zeros.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 3 | `pck` |
//! | 3 | 1 | version, 1 |
//! | 4 | 4 | CRC-32C of everything after |
//! | 8 | 4 | flags: 1 = something is acknowledged, 2 = something is pending |
//! | 12 | 24 + 8 | acknowledged: sequence number, sub-sequence number |
//! | 44 | 24 + 8 | pending up to: sequence number, sub-sequence number |
//! | 76 | 4 | length of the note, at most 1024 |
//! | 80 | | the note |
//!
//! Written as `<shard>.new`, synced, renamed, and the folder synced: after a crash the old one or the new one is there.

use std::{fs, io, path::Path};

use bytes::Bytes;

use super::disk::{Disk, write_all};
use crate::{
    consumer::{Checkpoint, Pending},
    record::{Position, SequenceNumber},
};

/// Bytes of a note, at most.
pub(crate) const MAX_NOTE_BYTES: usize = 1024;

const MAGIC: [u8; 4] = *b"pck\x01";
const HEAD_BYTES: usize = 80;
const ACKNOWLEDGED: u32 = 1;
const PENDING: u32 = 2;

/// The bytes of a checkpoint file; `None` if the note is too long.
pub(crate) fn encode(checkpoint: &Checkpoint) -> Option<Vec<u8>> {
    let note = checkpoint.pending.as_ref().map_or(&[][..], |pending| &pending.note);
    if note.len() > MAX_NOTE_BYTES {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEAD_BYTES + note.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[0; 4]);
    let mut flags = 0;
    if checkpoint.acknowledged.is_some() {
        flags |= ACKNOWLEDGED;
    }
    if checkpoint.pending.is_some() {
        flags |= PENDING;
    }
    bytes.extend_from_slice(&flags.to_le_bytes());
    for place in [checkpoint.acknowledged, checkpoint.pending.as_ref().map(|pending| pending.up_to)] {
        let place = place.unwrap_or_default();
        bytes.extend_from_slice(&place.sequence.to_le_bytes());
        bytes.extend_from_slice(&place.sub_sequence.to_le_bytes());
    }
    bytes.extend_from_slice(&(note.len() as u32).to_le_bytes());
    bytes.extend_from_slice(note);
    let checksum = crc32c::crc32c(&bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    Some(bytes)
}

/// Reads the bytes of a checkpoint file; the error says what is wrong with them.
pub(crate) fn decode(bytes: &[u8]) -> Result<Checkpoint, &'static str> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of four bytes"));
    if bytes.len() < HEAD_BYTES {
        return Err("it is too short");
    }
    if bytes[..4] != MAGIC {
        return Err("it is no checkpoint of this version");
    }
    if number(4) != crc32c::crc32c(&bytes[8..]) {
        return Err("its checksum is wrong");
    }
    let (flags, note) = (number(8), &bytes[HEAD_BYTES..]);
    if flags & !(ACKNOWLEDGED | PENDING) != 0 {
        return Err("it has flags of a later version");
    }
    if number(76) as usize != note.len() || note.len() > MAX_NOTE_BYTES {
        return Err("its note has another length than it says");
    }
    let place = |at: usize| Position {
        sequence: SequenceNumber::from_le_bytes(
            bytes[at..at + 24].try_into().expect("a slice of twenty-four bytes"),
        ),
        sub_sequence: u64::from_le_bytes(bytes[at + 24..at + 32].try_into().expect("a slice of eight bytes")),
    };
    let pending = || Pending { up_to: place(44), note: Bytes::copy_from_slice(note) };
    Ok(Checkpoint {
        acknowledged: (flags & ACKNOWLEDGED != 0).then(|| place(12)),
        pending: (flags & PENDING != 0).then(pending),
    })
}

/// The checkpoint in a file; `None` if there is none. A damaged one is an `InvalidData` error that names the file.
pub(crate) fn load(path: &Path) -> io::Result<Option<Checkpoint>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    };
    decode(&bytes).map(Some).map_err(|what| {
        let advice = "remove the file to begin again where a new consumer would";
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}; {advice}", path.display()))
    })
}

/// Replaces the checkpoint `shard` in `folder` durably.
pub(crate) fn save(disk: &dyn Disk, folder: &Path, shard: &str, checkpoint: &Checkpoint) -> io::Result<()> {
    let bytes = encode(checkpoint).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("the note is above {MAX_NOTE_BYTES} bytes"))
    })?;
    let (new, path) = (folder.join(format!("{shard}.new")), folder.join(shard));
    let mut file = match disk.create(&new) {
        // Left by a crash.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(&new)?;
            disk.create(&new)?
        }
        created => created?,
    };
    write_all(&mut *file, &bytes, 0)?;
    file.sync()?;
    disk.rename(&new, &path)?;
    disk.sync_folder(folder)
}
