//! Frames: what one group commit leaves in a shard.
//!
//! All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 3 | `pst` |
//! | 3 | 1 | version, 1 |
//! | 4 | 4 | CRC-32C over everything from offset 8 to the end of the frame, seeded with the segment's salt |
//! | 8 | 4 | length of the body in bytes, at most [`MAX_BODY_BYTES`] |
//! | 12 | 4 | number of records, at least 1 |
//! | 16 | 8 | sequence number of the first record; the others follow without gaps |
//! | 24 | 8 | arrival time, microseconds since 1970 (signed) |
//! | 32 | | body: the records one after another |
//!
//! A record:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | length of the key, k |
//! | 4 | 4 | length of the attributes, a |
//! | 8 | 4 | length of the data, d |
//! | 12 | k + a + d | key, attributes, data |
//!
//! The salt is random and part of no record, so neither a frame that somebody sent as a payload nor a stale block of a
//! deleted file passes for a frame of this segment.

use bytes::Bytes;
use jiff::Timestamp;

use crate::{consumer::Delivered, record::Record};

/// The first four bytes: name and version.
pub const MAGIC: [u8; 4] = *b"pst\x01";
/// Bytes of a frame before its body.
pub const HEADER_BYTES: usize = 32;
/// Bytes of a record before its key.
pub const RECORD_HEADER_BYTES: usize = 12;
/// The longest body: a reader never holds more than one such frame for a shard.
pub const MAX_BODY_BYTES: usize = 16 << 20;

/// What is wrong with bytes that should be a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first four bytes are others.
    #[error("no frame begins here: {found:02x?}")]
    Magic {
        /// The bytes found.
        found: [u8; 4],
    },
    /// The length is above the cap.
    #[error("the frame claims a body of {length} bytes, at most {MAX_BODY_BYTES} are written")]
    Length {
        /// The length claimed.
        length: u32,
    },
    /// No record, more records than the body can hold, or numbers beyond 2^64.
    #[error("the frame claims {count} records from sequence number {first} in {length} bytes")]
    Count {
        /// The number of records claimed.
        count: u32,
        /// The first sequence number claimed.
        first: u64,
        /// The length of the body.
        length: u32,
    },
    /// The checksum differs.
    #[error("the checksum is {found:08x} where {expected:08x} was written")]
    Checksum {
        /// Computed over the bytes found.
        found: u32,
        /// Written in the frame.
        expected: u32,
    },
    /// The records do not fill the body exactly.
    #[error("record {index} of the frame does not fit its body")]
    Record {
        /// Index of the first record that does not fit; the number of records if bytes are left.
        index: u32,
    },
    /// The arrival time is no time.
    #[error("the arrival time {micros} is out of range")]
    Arrival {
        /// Microseconds claimed.
        micros: i64,
    },
}

/// The checked fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// CRC-32C of the rest.
    pub checksum: u32,
    /// Bytes of the body.
    pub length: u32,
    /// Number of records.
    pub count: u32,
    /// Sequence number of the first record.
    pub first: u64,
    /// When the records arrived.
    pub arrival: Timestamp,
}

impl Header {
    /// Reads the fixed part. The checksum is not looked at: the body is needed for that.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, FrameError> {
        let magic = four(bytes, 0);
        if magic != MAGIC {
            return Err(FrameError::Magic { found: magic });
        }
        let [checksum, length, count] = [4, 8, 12].map(|at| u32::from_le_bytes(four(bytes, at)));
        let (first, micros) = (u64::from_le_bytes(eight(bytes, 16)), i64::from_le_bytes(eight(bytes, 24)));
        if length as usize > MAX_BODY_BYTES {
            return Err(FrameError::Length { length });
        }
        let fits = count > 0
            && count as usize <= length as usize / RECORD_HEADER_BYTES
            && first.checked_add(u64::from(count)).is_some();
        if !fits {
            return Err(FrameError::Count { count, first, length });
        }
        let arrival = Timestamp::from_microsecond(micros).map_err(|_| FrameError::Arrival { micros })?;
        Ok(Self { checksum, length, count, first, arrival })
    }

    /// Bytes of the whole frame.
    pub fn frame_bytes(&self) -> usize {
        HEADER_BYTES + self.length as usize
    }

    /// The sequence number after the last record.
    pub fn next(&self) -> u64 {
        self.first + u64::from(self.count)
    }
}

/// A frame whose checksum and records are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    header: Header,
    body: Bytes,
}

/// What the front of a buffer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A whole frame.
    Frame(Frame),
    /// The beginning of one that needs this many bytes in all.
    Short {
        /// Bytes needed from the beginning of the buffer.
        needs: usize,
    },
}

/// Reads the frame at the front of `bytes`; nothing is copied. Bytes after the frame are not looked at.
pub fn decode(bytes: &Bytes, salt: u32) -> Result<Decoded, FrameError> {
    let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Ok(Decoded::Short { needs: HEADER_BYTES });
    };
    let header = Header::parse(head)?;
    let needs = header.frame_bytes();
    if bytes.len() < needs {
        return Ok(Decoded::Short { needs });
    }
    let found = crc32c::crc32c_append(salt, &bytes[8..needs]);
    if found != header.checksum {
        return Err(FrameError::Checksum { found, expected: header.checksum });
    }
    let body = bytes.slice(HEADER_BYTES..needs);
    check_records(&body, header.count)?;
    Ok(Decoded::Frame(Frame { header, body }))
}

impl Frame {
    /// The fixed part.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The records, as slices of the frame's memory.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let mut at = 0;
        (0..self.header.count).map(move |_| {
            let lengths = lengths(&self.body[at..]).expect("`decode` walked over all records");
            let mut part = at + RECORD_HEADER_BYTES;
            let [key, attributes, data] = lengths.map(|length| {
                let bytes = if length == 0 { Bytes::new() } else { self.body.slice(part..part + length) };
                part += length;
                bytes
            });
            at = part;
            Record { key, attributes, data }
        })
    }

    /// Appends the records with sequence numbers of at least `from` to `out`.
    pub fn deliver(&self, from: u64, out: &mut Vec<Delivered>) {
        let Header { first, arrival, count, .. } = self.header;
        let skipped = from.saturating_sub(first).min(u64::from(count)) as usize;
        out.reserve(count as usize - skipped);
        out.extend(self.records().enumerate().skip(skipped).map(|(index, record)| Delivered {
            position: (first + index as u64).into(),
            arrival,
            record,
        }));
    }
}

/// Builds one frame after another in the same buffer.
#[derive(Debug)]
pub struct Encoder {
    buffer: Vec<u8>,
    count: u32,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { buffer: vec![0; HEADER_BYTES], count: 0 }
    }
}

impl Encoder {
    /// Forgets the records. A buffer that a very large frame has grown is given back.
    pub fn clear(&mut self) {
        self.buffer.truncate(HEADER_BYTES);
        self.buffer.shrink_to(2 << 20);
        self.count = 0;
    }

    /// Adds a record. The caller keeps the body below [`MAX_BODY_BYTES`].
    pub fn push(&mut self, record: &Record) {
        for part in [&record.key, &record.attributes, &record.data] {
            self.buffer.extend_from_slice(&(part.len() as u32).to_le_bytes());
        }
        for part in [&record.key, &record.attributes, &record.data] {
            self.buffer.extend_from_slice(part);
        }
        self.count += 1;
    }

    /// Number of records so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Bytes of the whole frame so far.
    pub fn frame_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Writes the header and lends the whole frame. Needs at least one record.
    pub fn finish(&mut self, salt: u32, first: u64, arrival: Timestamp) -> &[u8] {
        let length = (self.buffer.len() - HEADER_BYTES) as u32;
        self.buffer[..4].copy_from_slice(&MAGIC);
        self.buffer[8..12].copy_from_slice(&length.to_le_bytes());
        self.buffer[12..16].copy_from_slice(&self.count.to_le_bytes());
        self.buffer[16..24].copy_from_slice(&first.to_le_bytes());
        self.buffer[24..32].copy_from_slice(&arrival.as_microsecond().to_le_bytes());
        let checksum = crc32c::crc32c_append(salt, &self.buffer[8..]);
        self.buffer[4..8].copy_from_slice(&checksum.to_le_bytes());
        &self.buffer
    }
}

/// Bytes a record takes in a body.
pub(crate) fn record_bytes(record: &Record) -> usize {
    RECORD_HEADER_BYTES + record.size()
}

fn check_records(body: &[u8], count: u32) -> Result<(), FrameError> {
    let mut rest = body;
    for index in 0..count {
        let lengths = lengths(rest).ok_or(FrameError::Record { index })?;
        // Three lengths below 2^32 cannot overflow 64 bits.
        let bytes = lengths.iter().map(|length| *length as u64).sum::<u64>() + RECORD_HEADER_BYTES as u64;
        rest = usize::try_from(bytes)
            .ok()
            .and_then(|bytes| rest.get(bytes..))
            .ok_or(FrameError::Record { index })?;
    }
    if rest.is_empty() { Ok(()) } else { Err(FrameError::Record { index: count }) }
}

fn lengths(record: &[u8]) -> Option<[usize; 3]> {
    let head = record.get(..RECORD_HEADER_BYTES)?;
    Some([0, 4, 8].map(|at| u32::from_le_bytes(four(head, at)) as usize))
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    bytes[at..at + 4].try_into().expect("a slice of four bytes")
}

fn eight(bytes: &[u8], at: usize) -> [u8; 8] {
    bytes[at..at + 8].try_into().expect("a slice of eight bytes")
}
