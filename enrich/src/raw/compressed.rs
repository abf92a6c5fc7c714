//! Records that hold many payloads under gzip or zstd (`spec/enrich.md` 1.1).
//!
//! Layout after decompression: version of the framing (1), version of the payloads (1), then for each payload its length
//! as four bytes, big-endian and signed, and its bytes.

use std::io::{self, Read};

use bytes::Bytes;

/// How a record is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

/// What a compressed record says, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// One payload.
    Payload(Bytes),
    /// A payload longer than allowed; it was skipped.
    TooLarge(u64),
    /// The versions are not known. Nothing follows.
    Versions(i32, i32),
    /// The record ends in the middle or is damaged. Nothing follows.
    Corrupt,
    /// More than [`MAX_TOTAL`] bytes in all. Nothing follows.
    Endless,
}

/// Bytes that one record may decompress to. The original has no such limit and dies of memory.
pub(crate) const MAX_TOTAL: u64 = 256 * 1024 * 1024;

impl Compression {
    /// By the first bytes of the record.
    pub(crate) fn sniff(record: &[u8]) -> Option<Self> {
        match record {
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Self::Zstd),
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            _ => None,
        }
    }

    /// As bad rows name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "Gzip",
            Self::Zstd => "Zstd",
        }
    }
}

/// Takes a record apart. Payloads that were read before an error are kept.
pub(crate) fn pieces(record: &[u8], compression: Compression, max_payload: u64) -> Vec<Piece> {
    match compression {
        Compression::Gzip => read(flate2::read::MultiGzDecoder::new(record), max_payload),
        Compression::Zstd => match zstd::stream::read::Decoder::with_buffer(record) {
            Ok(decoder) => read(decoder, max_payload),
            Err(_) => vec![Piece::Corrupt],
        },
    }
}

fn read(source: impl Read, max_payload: u64) -> Vec<Piece> {
    let mut source = source.take(MAX_TOTAL);
    let mut pieces = Vec::new();
    let end = read_into(&mut source, max_payload, &mut pieces);
    match end {
        Ok(()) => {}
        Err(_) if source.limit() == 0 => pieces.push(Piece::Endless),
        Err(_) => pieces.push(Piece::Corrupt),
    }
    pieces
}

fn read_into(source: &mut impl Read, max_payload: u64, pieces: &mut Vec<Piece>) -> io::Result<()> {
    let versions = (next_byte(source)?, next_byte(source)?);
    if versions != (1, 1) {
        pieces.push(Piece::Versions(versions.0, versions.1));
        return Ok(());
    }
    loop {
        let mut length = [0; 4];
        match next_byte(source)? {
            -1 => return Ok(()),
            first => length[0] = first as u8,
        }
        source.read_exact(&mut length[1..])?;
        let length = u64::try_from(i32::from_be_bytes(length)).map_err(|_| io::ErrorKind::InvalidData)?;
        if length > max_payload {
            let skipped = io::copy(&mut source.by_ref().take(length), &mut io::sink())?;
            pieces.push(Piece::TooLarge(length));
            if skipped < length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        }
        // Grows as bytes arrive: a declared length alone allocates nothing.
        let mut payload = Vec::new();
        source.by_ref().take(length).read_to_end(&mut payload)?;
        if (payload.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        pieces.push(Piece::Payload(payload.into()));
    }
}

/// The next byte; -1 at the end, as Java says it.
fn next_byte(source: &mut impl Read) -> io::Result<i32> {
    let mut byte = [0];
    Ok(if source.read(&mut byte)? == 0 { -1 } else { i32::from(byte[0]) })
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

    fn check(plain: &[u8], expect: &[Piece]) {
        assert_eq!(pieces(&gzip(plain), Compression::Gzip, 3), expect);
        let record = zstd::bulk::compress(plain, 1).unwrap();
        assert_eq!(Compression::sniff(&record), Some(Compression::Zstd));
        assert_eq!(pieces(&record, Compression::Zstd, 3), expect);
    }

    #[test]
    fn framing() {
        let payload = |text: &'static str| Piece::Payload(Bytes::from_static(text.as_bytes()));
        check(b"\x01\x01\0\0\0\x02ab\0\0\0\x01c", &[payload("ab"), payload("c")]);
        check(b"\x01\x01", &[]);
        check(b"\x01\x02\0", &[Piece::Versions(1, 2)]);
        check(b"", &[Piece::Versions(-1, -1)]);
        check(b"\x01\x01\0\0\0\x04abcd\0\0\0\x01c", &[Piece::TooLarge(4), payload("c")]);
        check(b"\x01\x01\0\0\0\x02ab\0\0", &[payload("ab"), Piece::Corrupt]);
        check(b"\x01\x01\0\0\0\x02a", &[Piece::Corrupt]);
        check(b"\x01\x01\xff\xff\xff\xff", &[Piece::Corrupt]);
    }

    #[test]
    fn broken_streams_are_corrupt() {
        assert_eq!(pieces(&[0x1F, 0x8B, 1], Compression::Gzip, 3), [Piece::Corrupt]);
        assert_eq!(pieces(&[0x28, 0xB5, 0x2F, 0xFD, 9], Compression::Zstd, 3), [Piece::Corrupt]);
    }
}
