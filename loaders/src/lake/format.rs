//! Formats of files.

use serde::{Deserialize, Serialize};

use super::{gzip::GzipLines, lzo::LzoRecords};

/// How the records of an object lie in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FileFormat {
    /// Lines in one gzip member.
    #[default]
    Gzip,
    /// Blocks of records in an lzop container, with an index in an object of its own; in the line 2.x.
    Lzo,
}

/// The bytes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The file.
    pub bytes: Vec<u8>,
    /// What is put beside it afterwards, under its name with [`INDEX`] behind it.
    pub index: Option<Vec<u8>>,
}

/// What the name of an index ends with.
pub const INDEX: &str = ".index";

/// An object being written.
pub(super) enum Packer {
    Gzip(GzipLines),
    Lzo(LzoRecords),
}

impl FileFormat {
    /// What names of files end with.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Lzo => ".lzo",
        }
    }

    /// Whether it is the usual one.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Begins an object.
    pub(super) fn packer(self) -> Packer {
        match self {
            Self::Gzip => Packer::Gzip(GzipLines::default()),
            Self::Lzo => Packer::Lzo(LzoRecords::default()),
        }
    }
}

impl Packer {
    /// Adds a payload.
    pub(super) fn push(&mut self, payload: &[u8]) {
        match self {
            Self::Gzip(lines) => lines.push(payload),
            Self::Lzo(records) => records.push(payload),
        }
    }

    /// Bytes of the file so far; what was not compressed yet does not count.
    pub(super) fn compressed_bytes(&self) -> u64 {
        match self {
            Self::Gzip(lines) => lines.compressed_bytes(),
            Self::Lzo(records) => records.compressed_bytes(),
        }
    }

    /// The whole object.
    pub(super) fn finish(self) -> Packed {
        match self {
            Self::Gzip(lines) => Packed { bytes: lines.finish(), index: None },
            Self::Lzo(records) => {
                let (bytes, index) = records.finish();
                Packed { bytes, index: Some(index) }
            }
        }
    }
}
