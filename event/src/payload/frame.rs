//! Records that hold many payloads under gzip or zstd: what the collector may write (`spec/collector.md` 6) and enrich reads
//! (`spec/enrich.md` 1.1).
//!
//! A record is one gzip member or one zstd frame. What was compressed is
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version of the framing, 1 |
//! | 1 | version of the payloads, 1: Thrift as in [`CollectorPayload`](super::CollectorPayload) |
//! | 4 | length of a payload, big-endian and signed |
//! | so many | the payload |
//! | ... | length and bytes of the next one, until the end |

mod read;
mod write;

pub use self::{
    read::{MAX_TOTAL, Piece, Pieces, pieces},
    write::FrameWriter,
};

/// Version of the framing, and of the payloads in it.
pub const VERSIONS: [u8; 2] = [1, 1];

/// Bytes of a payload's length.
const LENGTH: usize = 4;

/// How a record is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// By the first bytes of a record; `None` where it is not compressed. Thrift never begins like this.
    pub fn sniff(record: &[u8]) -> Option<Self> {
        match record {
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            _ => None,
        }
    }

    /// As bad rows name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "Gzip",
            Self::Zstd => "Zstd",
        }
    }
}
