//! Segment files: a header, then frames without gaps.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 7 | `piste` and two zero bytes |
//! | 7 | 1 | version, 1 |
//! | 8 | 4 | salt of the frames' checksums, random |
//! | 12 | 4 | CRC-32C of the twelve bytes before |
//! | 16 | | frames ([`frame`](super::frame)) |
//!
//! Behind the last frame of the segment that is being written zeros may follow, which frames will replace.
//!
//! The name is the first sequence number in 20 decimal digits and `.seg`. A segment ends where the next one begins: frames
//! with sequence numbers from the next file's name on are leftovers of a failed `fdatasync` and do not count.

use std::{
    fs::{self, File},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::Timestamp;

use super::frame::{self, Decoded, Frame, FrameError};

/// Bytes before the first frame.
pub(crate) const HEADER_BYTES: u64 = 16;
/// Bytes of one read, unless a frame is longer.
pub(crate) const CHUNK_BYTES: u64 = 256 << 10;

const MAGIC: [u8; 8] = *b"piste\0\0\x01";

/// What is wrong in a segment, and where.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file's own header is not ours.
    #[error("{path}: this is no segment of a log, or its header is damaged", path = path.display())]
    Header {
        /// The file.
        path: PathBuf,
    },
    /// A frame is damaged.
    #[error("{path} at byte {offset}: {error}", path = path.display())]
    Frame {
        /// The file.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// What is wrong with it.
        error: FrameError,
    },
    /// A frame ends beyond the end of the data.
    #[error("{path} at byte {offset}: the frame is cut off", path = path.display())]
    CutOff {
        /// The file.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
    },
    /// A frame is whole and has the wrong sequence number.
    #[error("{path} at byte {offset}: sequence number {expected} expected, {found} found", path = path.display())]
    Sequence {
        /// The file.
        path: PathBuf,
        /// Where the frame begins.
        offset: u64,
        /// What had to follow.
        expected: u64,
        /// What follows.
        found: u64,
    },
}

/// The bytes of a segment header.
pub(crate) fn header(salt: u32) -> [u8; HEADER_BYTES as usize] {
    let mut bytes = [0; HEADER_BYTES as usize];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&salt.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..12]);
    bytes[12..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The salt of a segment header; `None` if it is not ours.
pub(crate) fn parse_header(bytes: &[u8; HEADER_BYTES as usize]) -> Option<u32> {
    let salt = u32::from_le_bytes(bytes[8..12].try_into().expect("a slice of four bytes"));
    (*bytes == header(salt)).then_some(salt)
}

/// A salt nobody can guess: the standard library's own hash keys are random.
pub(crate) fn random_salt() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}

/// `00000000000000000001.seg`
pub(crate) fn file_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// The first sequence number of a file name; `None` for other files.
pub(crate) fn parse_file_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// A segment as the folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) first: u64,
    pub(crate) bytes: u64,
    pub(crate) modified: Timestamp,
}

/// The segments of a shard's folder, oldest first.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Listed>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(first) = entry.file_name().to_str().and_then(parse_file_name) else { continue };
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            // Trimmed by the owner between listing and asking.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let modified = Timestamp::try_from(metadata.modified()?).unwrap_or_default();
        found.push(Listed { first, bytes: metadata.len(), modified });
    }
    found.sort_by_key(|listed| listed.first);
    Ok(found)
}

/// A segment opened for reading.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    file: File,
    salt: u32,
    path: PathBuf,
}

impl SegmentFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Damage> {
        let io = |source| Damage::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let mut head = [0; HEADER_BYTES as usize];
        match file.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Damage::Header { path: path.to_owned() });
            }
            Err(error) => return Err(io(error)),
        }
        let salt = parse_header(&head).ok_or_else(|| Damage::Header { path: path.to_owned() })?;
        Ok(Self { file, salt, path: path.to_owned() })
    }

    pub(crate) fn salt(&self) -> u32 {
        self.salt
    }

    pub(crate) fn bytes(&self) -> Result<u64, Damage> {
        Ok(self.file.metadata().map_err(|source| self.io(source))?.len())
    }

    /// The frames from `offset` on that one read brings: at least one if there is one, none beyond `limit`. Returns them
    /// with the offset after them. What is damaged is reported by the call that begins there.
    pub(crate) fn frames(&self, offset: u64, limit: u64) -> Result<(Vec<Frame>, u64), Damage> {
        let mut chunk = self.read(offset, limit.saturating_sub(offset).min(CHUNK_BYTES))?;
        let (mut frames, mut at) = (Vec::new(), offset);
        while at < limit {
            match frame::decode(&chunk, self.salt) {
                Ok(Decoded::Frame(frame)) => {
                    let bytes = frame.header().frame_bytes();
                    chunk = chunk.slice(bytes..);
                    at += bytes as u64;
                    frames.push(frame);
                }
                Ok(Decoded::Short { .. }) | Err(_) if !frames.is_empty() => break,
                Ok(Decoded::Short { needs }) => {
                    let needs = needs as u64;
                    if at + needs <= limit {
                        chunk = self.read(at, needs)?;
                    }
                    if (chunk.len() as u64) < needs {
                        return Err(Damage::CutOff { path: self.path.clone(), offset: at });
                    }
                }
                Err(error) => return Err(Damage::Frame { path: self.path.clone(), offset: at, error }),
            }
        }
        Ok((frames, at))
    }

    /// Up to `bytes` bytes from `offset`: fewer at the end of the file.
    pub(crate) fn read(&self, offset: u64, bytes: u64) -> Result<Bytes, Damage> {
        let (mut buffer, mut filled) = (vec![0; bytes as usize], 0);
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.io(error)),
            }
        }
        buffer.truncate(filled);
        Ok(buffer.into())
    }

    fn io(&self, source: io::Error) -> Damage {
        Damage::Io { path: self.path.clone(), source }
    }
}
