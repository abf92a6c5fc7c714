//! Lines of an open batch in memory: as they are while there are few, compressed when there are many. What is read back does
//! not depend on which of them were compressed.

use std::io::Read;

/// Lines are compressed in pieces of this size.
const PIECE: usize = 256 * 1024;

/// Level of zstd: quick.
const LEVEL: i32 = 1;

/// What plain lines come to in a file, roughly: one byte of so many.
const PLAIN_TO_FILE: u64 = 6;

/// Lines in order.
#[derive(Debug, Default)]
pub struct Pieces {
    done: Vec<Piece>,
    open: Vec<u8>,
    plain: u64,
    compressed: u64,
}

/// Lines, each with its length in front, four bytes little-endian.
#[derive(Debug)]
enum Piece {
    Plain(Vec<u8>),
    Zstd { bytes: Vec<u8>, length: usize },
}

impl Pieces {
    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        let length = u32::try_from(line.len()).expect("records are smaller than 4 GiB");
        self.open.extend_from_slice(&length.to_le_bytes());
        self.open.extend_from_slice(line.as_bytes());
        self.plain += 4 + line.len() as u64;
        if self.open.len() >= PIECE {
            self.done.push(Piece::Plain(std::mem::take(&mut self.open)));
        }
    }

    /// Bytes of lines that are not compressed.
    pub fn plain_bytes(&self) -> u64 {
        self.plain
    }

    /// About the size of the file that the lines become.
    pub fn estimated_bytes(&self) -> u64 {
        self.compressed + self.plain / PLAIN_TO_FILE
    }

    /// Compresses all lines.
    pub fn compress(&mut self) {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            self.done.push(Piece::Plain(open));
        }
        for piece in &mut self.done {
            let Piece::Plain(plain) = piece else { continue };
            let mut bytes = zstd::bulk::compress(plain, LEVEL).expect("compressing in memory does not fail");
            // It has room for the worst case.
            bytes.shrink_to_fit();
            self.compressed += bytes.len() as u64;
            *piece = Piece::Zstd { bytes, length: plain.len() };
        }
        self.plain = 0;
    }

    /// Gives every line to `take`, and its memory back piece by piece.
    pub fn for_each(self, mut take: impl FnMut(&str)) {
        let mut plain = Vec::new();
        for piece in self.done.into_iter().chain([Piece::Plain(self.open)]) {
            match piece {
                Piece::Plain(bytes) => plain = bytes,
                Piece::Zstd { bytes, length } => {
                    plain.clear();
                    plain.reserve(length);
                    zstd::Decoder::new(bytes.as_slice())
                        .and_then(|mut decoder| decoder.read_to_end(&mut plain))
                        .expect("what was compressed here is whole");
                }
            }
            let mut rest = plain.as_slice();
            while let Some((length, after)) = rest.split_first_chunk() {
                let (line, after) = after.split_at(u32::from_le_bytes(*length) as usize);
                take(std::str::from_utf8(line).expect("a text was put in"));
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: Pieces) -> Vec<String> {
        let mut lines = Vec::new();
        pieces.for_each(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_come_back_in_order_whatever_was_compressed() {
        let lines: Vec<String> =
            (0..1000).map(|n| format!("{n}\n{}", "é".repeat(n * 7 % 900))).chain([String::new()]).collect();
        for compress_at in [None, Some(0), Some(1), Some(500), Some(1000)] {
            let mut pieces = Pieces::default();
            for (at, line) in lines.iter().enumerate() {
                pieces.push(line);
                if compress_at == Some(at) {
                    pieces.compress();
                }
            }
            if compress_at == Some(1000) {
                assert_eq!(pieces.plain_bytes(), 0);
                assert!(pieces.estimated_bytes() > 0);
            }
            assert_eq!(read(pieces), lines, "{compress_at:?}");
        }
    }
}
