//! Taking a compressed record apart.

use std::io::{self, BufReader, Read, Take};

use bytes::Bytes;

use super::{Compression, LENGTH, VERSIONS};

/// What a compressed record says, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One payload.
    Payload(Bytes),
    /// A payload longer than allowed, with its length; it was skipped.
    TooLarge(u64),
    /// The versions are not known; -1 where one is missing. Nothing follows.
    Versions(i32, i32),
    /// The record ends in the middle or is damaged. Nothing follows.
    Corrupt,
    /// More than [`MAX_TOTAL`] bytes in all. Nothing follows.
    Endless,
}

/// Bytes that one record may decompress to. The original has no such limit and dies of memory.
pub const MAX_TOTAL: u64 = 256 * 1024 * 1024;

/// Bytes that are decompressed at once.
const BUFFER: usize = 32 * 1024;
/// Room that a declared length alone makes.
const FIRST_ROOM: u64 = 64 * 1024;

/// The pieces of a record, in order.
pub struct Pieces<'a> {
    /// `None` once nothing follows.
    source: Option<Source<'a>>,
    next: Next,
    max_payload: u64,
}

/// What is to be read next.
enum Next {
    Versions,
    Length,
    /// The bytes of a payload that is too large.
    Skipping(u64),
}

type Source<'a> = BufReader<Take<Box<dyn Read + 'a>>>;

/// Takes a record apart. Payloads of more than `max_payload` bytes are skipped. What is held at a time is one payload, some
/// buffers, and the window that the record names, which zstd caps at 128 MiB.
pub fn pieces(record: &[u8], compression: Compression, max_payload: u64) -> Pieces<'_> {
    pieces_within(record, compression, max_payload, MAX_TOTAL)
}

fn pieces_within(record: &[u8], compression: Compression, max_payload: u64, max_total: u64) -> Pieces<'_> {
    let plain: io::Result<Box<dyn Read>> = match compression {
        Compression::Gzip => Ok(Box::new(flate2::read::MultiGzDecoder::new(record))),
        Compression::Zstd => {
            zstd::stream::read::Decoder::with_buffer(record).map(|decoder| Box::new(decoder) as Box<dyn Read>)
        }
    };
    // A decoder that could not even be made reads like a damaged record.
    let plain = plain.unwrap_or_else(|error| Box::new(Failing(Some(error))));
    let source = Some(BufReader::with_capacity(BUFFER, plain.take(max_total)));
    Pieces { source, next: Next::Versions, max_payload }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let source = self.source.as_mut()?;
        let read = match std::mem::replace(&mut self.next, Next::Length) {
            Next::Versions => match versions(source) {
                Ok(None) => next_payload(source, self.max_payload),
                unknown => unknown,
            },
            Next::Length => next_payload(source, self.max_payload),
            Next::Skipping(rest) => match skip(source, rest) {
                Ok(()) => next_payload(source, self.max_payload),
                Err(error) => Err(error),
            },
        };
        let piece = match read {
            Ok(Some(Piece::TooLarge(length))) => {
                self.next = Next::Skipping(length);
                return Some(Piece::TooLarge(length));
            }
            Ok(Some(Piece::Payload(payload))) => return Some(Piece::Payload(payload)),
            Ok(Some(last)) => Some(last),
            Ok(None) if !goes_on(source) => None,
            Err(_) if source.get_ref().limit() > 0 => Some(Piece::Corrupt),
            Ok(None) | Err(_) => Some(Piece::Endless),
        };
        self.source = None;
        piece
    }
}

impl std::fmt::Debug for Pieces<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces").field("max_payload", &self.max_payload).finish_non_exhaustive()
    }
}

/// Whether there is more than the limit let through.
fn goes_on(source: &mut Source<'_>) -> bool {
    let limited = source.get_mut();
    let is_used_up = limited.limit() == 0;
    limited.set_limit(1);
    is_used_up && !matches!(limited.read(&mut [0]), Ok(0))
}

/// Reads the two versions; they are given back when they are not known.
fn versions(source: &mut Source<'_>) -> io::Result<Option<Piece>> {
    let found = [next_byte(source)?, next_byte(source)?];
    let is_known = found == VERSIONS.map(Some);
    let [spec, format] = found.map(|byte| byte.map_or(-1, i32::from));
    Ok((!is_known).then_some(Piece::Versions(spec, format)))
}

/// The next payload; `None` at the end.
fn next_payload(source: &mut Source<'_>, max_payload: u64) -> io::Result<Option<Piece>> {
    let mut length = [0; LENGTH];
    match next_byte(source)? {
        None => return Ok(None),
        Some(first) => length[0] = first,
    }
    source.read_exact(&mut length[1..])?;
    let length = u64::try_from(i32::from_be_bytes(length)).map_err(|_| io::ErrorKind::InvalidData)?;
    if length > max_payload {
        return Ok(Some(Piece::TooLarge(length)));
    }
    // Grows as bytes arrive: a declared length alone allocates little.
    let mut payload = Vec::with_capacity(length.min(FIRST_ROOM) as usize);
    source.by_ref().take(length).read_to_end(&mut payload)?;
    if (payload.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Piece::Payload(payload.into())))
}

fn skip(source: &mut Source<'_>, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut source.by_ref().take(length), &mut io::sink())?;
    if skipped < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

fn next_byte(source: &mut Source<'_>) -> io::Result<Option<u8>> {
    let mut byte = [0];
    Ok((source.read(&mut byte)? == 1).then_some(byte[0]))
}

/// Fails once, then ends.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn read(record: &[u8], max_payload: u64) -> Vec<Piece> {
        pieces(record, Compression::sniff(record).unwrap(), max_payload).collect()
    }

    fn check(plain: &[u8], expect: &[Piece]) {
        assert_eq!(read(&gzip(plain), 3), expect);
        assert_eq!(read(&zstd::bulk::compress(plain, 1).unwrap(), 3), expect);
    }

    fn payload(text: &'static str) -> Piece {
        Piece::Payload(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn framing() {
        check(b"\x01\x01\0\0\0\x02ab\0\0\0\x01c", &[payload("ab"), payload("c")]);
        check(b"\x01\x01\0\0\0\0\0\0\0\x01c", &[payload(""), payload("c")]);
        check(b"\x01\x01", &[]);
        check(b"\x01\x02\0", &[Piece::Versions(1, 2)]);
        check(b"\x02", &[Piece::Versions(2, -1)]);
        check(b"", &[Piece::Versions(-1, -1)]);
        check(b"\x01\x01\0\0\0\x04abcd\0\0\0\x01c", &[Piece::TooLarge(4), payload("c")]);
        check(b"\x01\x01\0\0\0\x04abc", &[Piece::TooLarge(4), Piece::Corrupt]);
        check(b"\x01\x01\x7f\xff\xff\xff", &[Piece::TooLarge(0x7FFF_FFFF), Piece::Corrupt]);
        check(b"\x01\x01\0\0\0\x02ab\0\0", &[payload("ab"), Piece::Corrupt]);
        check(b"\x01\x01\0\0\0\x02a", &[Piece::Corrupt]);
        check(b"\x01\x01\xff\xff\xff\xff", &[Piece::Corrupt]);
    }

    #[test]
    fn several_members_are_one_record() {
        let halves: [&[u8]; 2] = [b"\x01\x01\0\0\0\x02a", b"b\0\0\0\x01c"];
        let both = [payload("ab"), payload("c")];
        assert_eq!(read(&halves.map(gzip).concat(), 3), both);
        assert_eq!(read(&halves.map(|half| zstd::bulk::compress(half, 1).unwrap()).concat(), 3), both);
    }

    #[test]
    fn broken_streams_are_corrupt() {
        let whole = gzip(b"\x01\x01\0\0\0\x02ab");
        for record in [&[0x1F, 0x8B, 1], &[0x28, 0xB5, 0x2F, 0xFD, 9][..], &[0x1F, 0x8B], &whole[..12]] {
            assert_eq!(read(record, 3), [Piece::Corrupt], "{record:?}");
        }
    }

    #[test]
    fn bombs_end() {
        let check = |plain: &[u8], max_payload, max_total, expect: &[Piece]| {
            for record in [gzip(plain), zstd::bulk::compress(plain, 1).unwrap()] {
                let compression = Compression::sniff(&record).unwrap();
                let found: Vec<Piece> = pieces_within(&record, compression, max_payload, max_total).collect();
                assert_eq!(found, expect, "of {max_total} bytes");
            }
        };
        let mut zeros = vec![0; 1_000_000];
        zeros[..6].copy_from_slice(&[1, 1, 0x7F, 0xFF, 0xFF, 0xFF]);
        check(&zeros, 1000, 100_000, &[Piece::TooLarge(0x7FFF_FFFF), Piece::Endless]);
        check(&zeros, u64::MAX, 100_000, &[Piece::Endless]);
        let plain = b"\x01\x01\0\0\0\x02ab\0\0\0\x01c";
        let whole = plain.len() as u64;
        for (max_total, expect) in [
            (whole, &[payload("ab"), payload("c")][..]),
            (whole - 1, &[payload("ab"), Piece::Endless]),
            (whole - 4, &[payload("ab"), Piece::Endless]),
            (whole - 5, &[payload("ab"), Piece::Endless]),
            (whole - 6, &[Piece::Endless]),
        ] {
            check(plain, 10, max_total, expect);
        }
    }

    #[test]
    fn a_record_of_300_megabytes_is_not_read_to_its_end() {
        let mut zeros = vec![0; 300 * 1024 * 1024];
        zeros[..6].copy_from_slice(&[1, 1, 0x7F, 0xFF, 0xFF, 0xFF]);
        let record = zstd::bulk::compress(&zeros, 1).unwrap();
        assert_eq!(read(&record, 1000), [Piece::TooLarge(0x7FFF_FFFF), Piece::Endless]);
    }
}
