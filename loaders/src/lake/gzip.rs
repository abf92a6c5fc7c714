//! Lines in one gzip member: each payload followed by one LF, not escaped (`spec/loaders-and-leases.md` 1.7). The same
//! payloads in the same order give the same bytes: level 6, no time stamp.

use std::io::Write;

use flate2::{Compression, GzBuilder, write::GzEncoder};

/// Lines are compressed in pieces of this size. An encoder is some 270 KiB large, so only groups that have gathered
/// a piece get one: memory stays bounded however many groups there are.
const PIECE: usize = 256 * 1024;

/// An object being written.
#[derive(Default)]
pub struct GzipLines {
    lines: Vec<u8>,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl GzipLines {
    /// Adds a payload and its LF.
    pub fn push(&mut self, payload: &[u8]) {
        self.lines.extend_from_slice(payload);
        self.lines.push(b'\n');
        if self.lines.len() >= PIECE {
            self.compress();
        }
    }

    /// Bytes of the file so far; what was not compressed yet does not count.
    pub fn compressed_bytes(&self) -> u64 {
        self.encoder.as_ref().map_or(0, |encoder| encoder.get_ref().len() as u64)
    }

    /// The whole gzip file.
    pub fn finish(mut self) -> Vec<u8> {
        self.compress();
        let encoder = self.encoder.unwrap_or_else(encoder);
        encoder.finish().expect("writing to memory does not fail")
    }

    fn compress(&mut self) {
        let encoder = self.encoder.get_or_insert_with(encoder);
        encoder.write_all(&self.lines).expect("writing to memory does not fail");
        self.lines.clear();
    }
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6))
}
