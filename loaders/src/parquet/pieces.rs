//! Lines of an open batch in memory: as they are while there are few, compressed when there are many. What is read back does
//! not depend on which of them were compressed. Beside each line stands where its entities are, so that they are looked for once.

use std::{collections::HashMap, ops::Range};

use iglu::field::column::Place;
use zstd::bulk::{Compressor, Decompressor};

/// Lines are compressed in pieces of this size.
const PIECE: usize = 256 * 1024;

/// Level of zstd: quick.
const LEVEL: i32 = 1;

const IN_MEMORY: &str = "compressing in memory does not fail";

/// What plain lines come to in a file, roughly: one byte of so many.
const PLAIN_TO_FILE: u64 = 6;

/// More spellings of schemas, or entities of one line, are not kept: a client must not fill the memory with them.
const MAX_SPELLINGS: u16 = 16 * 1024;

/// In the place of a count: the line has to be looked at again.
const UNKNOWN: u16 = u16::MAX;

/// Lines in order.
#[derive(Debug, Default)]
pub struct Pieces {
    done: Vec<Piece>,
    open: Vec<u8>,
    plain: u64,
    compressed: u64,
    spellings: Spellings,
}

/// The schemas of entities as lines spell them.
#[derive(Debug, Default)]
struct Spellings {
    all: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u16>,
}

/// An entity of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where the event holds it.
    pub place: Place,
    /// The number of its schema among [`Pieces::spellings`].
    pub spelling: u16,
    /// Its data in the line, a valid JSON text.
    pub data: Range<usize>,
}

/// Lines, each after a head: its length, four bytes little-endian, and the entities: their count, two bytes, and for each of
/// them the number of the spelling with the place in the highest bit, two bytes, start and length of the data, four each.
#[derive(Debug)]
enum Piece {
    Plain(Vec<u8>),
    Zstd { bytes: Vec<u8>, length: usize },
}

impl Pieces {
    /// Adds a line. `found`: its entities in order, if it is known where they are.
    pub fn push(&mut self, line: &str, found: Option<&[Found]>) {
        let before = self.open.len();
        self.open.extend_from_slice(&size(line.len()));
        let count = found.and_then(|found| u16::try_from(found.len()).ok()).filter(|n| *n < MAX_SPELLINGS);
        self.open.extend_from_slice(&count.unwrap_or(UNKNOWN).to_le_bytes());
        if let (Some(_), Some(found)) = (count, found) {
            for Found { place, spelling, data } in found {
                let highest = if *place == Place::Unstruct { 1 << 15 } else { 0 };
                self.open.extend_from_slice(&(spelling | highest).to_le_bytes());
                self.open.extend_from_slice(&size(data.start));
                self.open.extend_from_slice(&size(data.len()));
            }
        }
        self.open.extend_from_slice(line.as_bytes());
        self.plain += (self.open.len() - before) as u64;
        if self.open.len() >= PIECE {
            let next = Vec::with_capacity(self.open.len());
            self.done.push(Piece::Plain(std::mem::replace(&mut self.open, next)));
        }
    }

    /// The number of a spelling; `None`: there are too many.
    pub fn spelling(&mut self, uri: &str) -> Option<u16> {
        let Spellings { all, numbers } = &mut self.spellings;
        if let Some(number) = numbers.get(uri) {
            return Some(*number);
        }
        let number = u16::try_from(all.len()).ok().filter(|number| *number < MAX_SPELLINGS)?;
        numbers.insert(uri.into(), number);
        all.push(uri.into());
        Some(number)
    }

    /// The spelling with this number.
    pub fn spelled(&self, number: u16) -> Option<&str> {
        self.spellings.all.get(usize::from(number)).map(|uri| &**uri)
    }

    /// All spellings, by number.
    pub fn spellings(&self) -> &[Box<str>] {
        &self.spellings.all
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
        let mut compressor = None;
        for piece in &mut self.done {
            let Piece::Plain(plain) = piece else { continue };
            let compressor = compressor.get_or_insert_with(|| Compressor::new(LEVEL).expect(IN_MEMORY));
            let mut bytes = compressor.compress(plain).expect(IN_MEMORY);
            // It has room for the worst case.
            bytes.shrink_to_fit();
            self.compressed += bytes.len() as u64;
            *piece = Piece::Zstd { bytes, length: plain.len() };
        }
        self.plain = 0;
    }

    /// Gives every line to `take`, and its memory back piece by piece. With it go its entities, if it is known where they are.
    pub fn for_each(self, mut take: impl FnMut(&str, Option<&[Found]>)) {
        let (mut plain, mut found, mut decompressor) = (Vec::new(), Vec::new(), None);
        for piece in self.done.into_iter().chain([Piece::Plain(self.open)]) {
            match piece {
                Piece::Plain(bytes) => plain = bytes,
                Piece::Zstd { bytes, length } => {
                    plain.clear();
                    plain.reserve(length);
                    let decompressor =
                        decompressor.get_or_insert_with(|| Decompressor::new().expect(IN_MEMORY));
                    decompressor
                        .decompress_to_buffer(&bytes, &mut plain)
                        .expect("what was compressed here is whole");
                }
            }
            let mut rest = plain.as_slice();
            while let Some((length, after)) = rest.split_first_chunk() {
                let length = u32::from_le_bytes(*length) as usize;
                let (is_known, after) = read_found(after, &mut found);
                let (line, after) = after.split_at(length);
                let line = std::str::from_utf8(line).expect("a text was put in");
                take(line, is_known.then_some(found.as_slice()));
                rest = after;
            }
        }
    }
}

/// Reads the entities of a head; whether they are known, and what follows.
fn read_found<'a>(head: &'a [u8], found: &mut Vec<Found>) -> (bool, &'a [u8]) {
    const OURS: &str = "heads are as they were put in";
    found.clear();
    let (count, mut rest) = head.split_first_chunk().expect(OURS);
    let count = u16::from_le_bytes(*count);
    if count == UNKNOWN {
        return (false, rest);
    }
    for _ in 0..count {
        let (entity, after) = rest.split_first_chunk::<10>().expect(OURS);
        let [a, b, start @ .., _, _, _, _] = *entity;
        let [.., c, d, e, f] = *entity;
        let spelling = u16::from_le_bytes([a, b]);
        let (start, length) = (u32::from_le_bytes(start) as usize, u32::from_le_bytes([c, d, e, f]) as usize);
        let place = if spelling >> 15 == 1 { Place::Unstruct } else { Place::Contexts };
        found.push(Found { place, spelling: spelling & !(1 << 15), data: start..start + length });
        rest = after;
    }
    (true, rest)
}

fn size(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("records are smaller than 4 GiB").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: Pieces) -> Vec<(String, Option<Vec<Found>>)> {
        let mut lines = Vec::new();
        pieces.for_each(|line, found| lines.push((line.to_owned(), found.map(<[Found]>::to_vec))));
        lines
    }

    #[test]
    fn lines_come_back_in_order_whatever_was_compressed() {
        let lines: Vec<(String, Option<Vec<Found>>)> = (0..1000)
            .map(|n| {
                let line = format!("{n}\n{}", "é".repeat(n * 7 % 900));
                let place = if n % 2 == 0 { Place::Contexts } else { Place::Unstruct };
                let entity = |at: usize| Found { place, spelling: at as u16, data: at..at + n };
                (line, (n % 7 != 0).then(|| (0..n % 4).map(entity).collect()))
            })
            .chain([(String::new(), Some(Vec::new()))])
            .collect();
        for compress_at in [None, Some(0), Some(1), Some(500), Some(1000)] {
            let mut pieces = Pieces::default();
            for (at, (line, found)) in lines.iter().enumerate() {
                pieces.push(line, found.as_deref());
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

    #[test]
    fn only_so_many_spellings_and_entities_are_kept() {
        let mut pieces = Pieces::default();
        for n in 0..MAX_SPELLINGS {
            assert_eq!(pieces.spelling(&n.to_string()), Some(n));
        }
        assert_eq!((pieces.spelling("more"), pieces.spelling("7")), (None, Some(7)));
        assert_eq!((pieces.spelled(7), pieces.spelled(MAX_SPELLINGS)), (Some("7"), None));
        let many =
            vec![Found { place: Place::Contexts, spelling: 0, data: 0..0 }; usize::from(MAX_SPELLINGS)];
        pieces.push("x", Some(&many));
        assert_eq!(read(pieces), [("x".to_owned(), None)]);
    }
}
