//! Making a compressed record that stays below a size.
//!
//! How many bytes a payload takes is known only once it is compressed and flushed, and then it cannot be taken back. But
//! a stream that was cut where it was flushed ends well with a footer that does not depend on what the compressor has seen
//! since: that is why a zstd frame carries no checksum, and why the checksum of a gzip member is counted here.

use std::io;

use flate2::{Compress, Crc, FlushCompress};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

use super::{Compression, LENGTH, VERSIONS};

/// Writes one record after the other; its memory is used again.
pub struct FrameWriter {
    codec: Codec,
    out: Vec<u8>,
    /// Bytes the record may have.
    limit: usize,
    /// Plain bytes that the compressor may still hold.
    unflushed: usize,
    /// Payloads in the record.
    payloads: usize,
    /// Whether a payload was cut off: nothing fits any more.
    is_cut: bool,
}

enum Codec {
    Gzip(Box<Gzip>),
    Zstd(Encoder<'static>),
}

struct Gzip {
    compress: Compress,
    crc: Crc,
    /// Where output comes first: the compressor clears whatever room it is given, each time.
    scratch: [u8; ROOM],
}

/// Header of a gzip member: deflate, no flags, no time, no name, made by an unknown system.
const GZIP_HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
/// An empty last block of fixed codes; CRC and size follow.
const GZIP_LAST_BLOCK: [u8; 2] = [3, 0];
const GZIP_FOOTER: usize = GZIP_LAST_BLOCK.len() + 8;
/// An empty last block of raw bytes.
const ZSTD_LAST_BLOCK: [u8; 3] = [1, 0, 0];

/// Room that is made for output at a time.
const ROOM: usize = 16 * 1024;

impl FrameWriter {
    /// A writer of records at this level: 0 to 9 for gzip, 1 to 22 for zstd, which takes the nearest for others. No record is
    /// open.
    ///
    /// # Errors
    /// The compressor could not be made.
    pub fn new(compression: Compression, level: i32) -> io::Result<Self> {
        let codec = match compression {
            Compression::Gzip => {
                let level = flate2::Compression::new(level.clamp(0, 9).unsigned_abs());
                let compress = Compress::new(level, false);
                Codec::Gzip(Box::new(Gzip { compress, crc: Crc::new(), scratch: [0; ROOM] }))
            }
            Compression::Zstd => {
                let mut encoder = Encoder::new(level)?;
                encoder.set_parameter(CParameter::ChecksumFlag(false))?;
                Codec::Zstd(encoder)
            }
        };
        Ok(Self { codec, out: Vec::new(), limit: 0, unflushed: 0, payloads: 0, is_cut: false })
    }

    /// Begins a record of at most `limit` bytes; what was open is dropped.
    ///
    /// # Errors
    /// The compressor failed.
    pub fn open(&mut self, limit: usize) -> io::Result<()> {
        self.out.clear();
        (self.limit, self.unflushed, self.payloads, self.is_cut) = (limit, 0, 0, false);
        match &mut self.codec {
            Codec::Gzip(gzip) => {
                gzip.compress.reset();
                gzip.crc.reset();
                self.out.extend_from_slice(&GZIP_HEADER);
            }
            Codec::Zstd(encoder) => encoder.reinit()?,
        }
        self.write(&VERSIONS)?;
        self.codec.count(&VERSIONS);
        Ok(())
    }

    /// Payloads in the open record.
    pub fn payloads(&self) -> usize {
        self.payloads
    }

    /// Adds a payload to the open record, if it fits. Once one did not fit, none does.
    ///
    /// # Errors
    /// The compressor failed; the record is lost.
    pub fn push(&mut self, payload: &[u8]) -> io::Result<bool> {
        let Ok(length) = i32::try_from(payload.len()) else { return Ok(false) };
        if self.is_cut {
            return Ok(false);
        }
        let (length, plain) = (length.to_be_bytes(), LENGTH + payload.len());
        if !self.surely_fits(plain) {
            self.flush()?;
        }
        let is_sure = self.surely_fits(plain);
        let before = self.out.len();
        self.write(&length)?;
        self.write(payload)?;
        if !is_sure {
            self.flush()?;
            if self.out.len() + self.codec.footer() > self.limit {
                self.out.truncate(before);
                self.is_cut = true;
                return Ok(false);
            }
        }
        self.codec.count(&length);
        self.codec.count(payload);
        self.payloads += 1;
        Ok(true)
    }

    /// Ends the record and returns its bytes. [`FrameWriter::open`] begins the next.
    ///
    /// # Errors
    /// The compressor failed; the record is lost.
    pub fn finish(&mut self) -> io::Result<Vec<u8>> {
        if !self.is_cut {
            self.flush()?;
        }
        match &self.codec {
            Codec::Gzip(gzip) => {
                self.out.extend_from_slice(&GZIP_LAST_BLOCK);
                self.out.extend_from_slice(&gzip.crc.sum().to_le_bytes());
                self.out.extend_from_slice(&gzip.crc.amount().to_le_bytes());
            }
            Codec::Zstd(_) => self.out.extend_from_slice(&ZSTD_LAST_BLOCK),
        }
        self.is_cut = true;
        self.payloads = 0;
        // The copy is as large as the record, the buffer stays as large as the largest.
        Ok(self.out.as_slice().to_vec())
    }

    /// Whether so many plain bytes fit whatever the compressor makes of them.
    fn surely_fits(&self, plain: usize) -> bool {
        self.out.len() + self.codec.at_most(self.unflushed + plain) + self.codec.footer() <= self.limit
    }

    fn write(&mut self, mut plain: &[u8]) -> io::Result<()> {
        self.unflushed += plain.len();
        match &mut self.codec {
            Codec::Gzip(gzip) => {
                while !plain.is_empty() {
                    let (read, written) = gzip.deflate(plain, FlushCompress::None)?;
                    self.out.extend_from_slice(&gzip.scratch[..written]);
                    plain = &plain[read..];
                }
            }
            Codec::Zstd(encoder) => {
                let mut input = InBuffer::around(plain);
                while input.pos() < plain.len() {
                    self.out.reserve(ROOM);
                    let at = self.out.len();
                    encoder.run(&mut input, &mut OutBuffer::around_pos(&mut self.out, at))?;
                }
            }
        }
        Ok(())
    }

    /// Gets everything out of the compressor.
    fn flush(&mut self) -> io::Result<()> {
        if self.unflushed == 0 {
            return Ok(());
        }
        match &mut self.codec {
            Codec::Gzip(gzip) => loop {
                let (_, written) = gzip.deflate(&[], FlushCompress::Sync)?;
                self.out.extend_from_slice(&gzip.scratch[..written]);
                if written < ROOM {
                    break;
                }
            },
            Codec::Zstd(encoder) => loop {
                self.out.reserve(ROOM);
                let at = self.out.len();
                if encoder.flush(&mut OutBuffer::around_pos(&mut self.out, at))? == 0 {
                    break;
                }
            },
        }
        self.unflushed = 0;
        Ok(())
    }
}

impl Gzip {
    /// Bytes read, and bytes in the scratch.
    fn deflate(&mut self, plain: &[u8], flush: FlushCompress) -> io::Result<(usize, usize)> {
        let before = (self.compress.total_in(), self.compress.total_out());
        // `BufError` is no failure: there was nothing to do.
        self.compress.compress(plain, &mut self.scratch, flush).map_err(io::Error::other)?;
        let done = (self.compress.total_in() - before.0, self.compress.total_out() - before.1);
        Ok((done.0 as usize, done.1 as usize))
    }
}

impl Codec {
    /// Plain bytes are in the record for good.
    fn count(&mut self, plain: &[u8]) {
        if let Self::Gzip(gzip) = self {
            gzip.crc.update(plain);
        }
    }

    fn footer(&self) -> usize {
        match self {
            Self::Gzip(_) => GZIP_FOOTER,
            Self::Zstd(_) => ZSTD_LAST_BLOCK.len(),
        }
    }

    /// Bytes that so many plain ones become at most, flushed.
    fn at_most(&self, plain: usize) -> usize {
        match self {
            // The worst that zlib names for any of its settings, and the marks of a flush.
            Self::Gzip(_) => plain + plain / 8 + plain / 64 + 64,
            Self::Zstd(_) => zstd::zstd_safe::compress_bound(plain) + 64,
        }
    }
}

impl std::fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameWriter")
            .field("limit", &self.limit)
            .field("bytes", &self.out.len())
            .field("payloads", &self.payloads)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::payload::frame::{Piece, pieces};

    const WAYS: [(Compression, i32); 6] = [
        (Compression::Gzip, 0),
        (Compression::Gzip, 1),
        (Compression::Gzip, 6),
        (Compression::Zstd, 1),
        (Compression::Zstd, 9),
        (Compression::Zstd, 19),
    ];

    /// Noise that does not compress.
    fn noise(bytes: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        std::iter::repeat_with(next).take(bytes).collect()
    }

    /// The payloads of a record that must be whole, read back.
    fn read(record: &[u8], compression: Compression) -> Vec<Bytes> {
        assert_eq!(Compression::sniff(record), Some(compression));
        let payload = |piece| match piece {
            Piece::Payload(payload) => payload,
            other => panic!("{other:?}"),
        };
        pieces(record, compression, u64::MAX).map(payload).collect()
    }

    /// Puts payloads into records of at most `limit` bytes and returns how many each holds, then how many fit nowhere.
    fn framed(
        payloads: &[Vec<u8>],
        limit: usize,
        (compression, level): (Compression, i32),
    ) -> (Vec<usize>, usize) {
        let mut writer = FrameWriter::new(compression, level).unwrap();
        let (mut counts, mut kept, mut read_back, mut too_large) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut close = |writer: &mut FrameWriter| {
            if writer.payloads() > 0 {
                counts.push(writer.payloads());
                let record = writer.finish().unwrap();
                assert!(record.len() <= limit, "{} of {limit} bytes", record.len());
                read_back.extend(read(&record, compression));
            }
            writer.open(limit).unwrap();
        };
        close(&mut writer);
        for payload in payloads {
            if !writer.push(payload).unwrap() {
                assert!(!writer.push(b"").unwrap(), "a cut record takes nothing");
                close(&mut writer);
                if !writer.push(payload).unwrap() {
                    too_large += 1;
                    close(&mut writer);
                    continue;
                }
            }
            kept.push(payload.clone());
        }
        close(&mut writer);
        assert_eq!(read_back, kept);
        (counts, too_large)
    }

    #[test]
    fn records_are_filled() {
        let check = |payloads: &[Vec<u8>], limit, expect: (&[usize], usize)| {
            for way in WAYS {
                let (counts, too_large) = framed(payloads, limit, way);
                assert_eq!((counts.as_slice(), too_large), expect, "{way:?}");
            }
        };
        let noises = |sizes: &[usize]| -> Vec<Vec<u8>> {
            sizes.iter().enumerate().map(|(i, bytes)| noise(*bytes, i as u64)).collect()
        };
        check(&noises(&[300, 300, 300]), 10_000, (&[3], 0));
        // The third does not fit beside two others.
        check(&noises(&[400, 400, 400]), 1000, (&[2, 1], 0));
        check(&noises(&[900, 400, 400, 900]), 1000, (&[1, 2, 1], 0));
        // What is too large alone is left out, and what came before it is not lost.
        check(&noises(&[400, 1100, 400]), 1000, (&[1, 1], 1));
        check(&noises(&[1100]), 1000, (&[], 1));
        check(&noises(&[1100, 5000, 10]), 1000, (&[1], 2));
        check(&[], 1000, (&[], 0));
        check(&noises(&[0, 0]), 1000, (&[2], 0));
        check(&noises(&[0]), 4, (&[], 1));
    }

    #[test]
    fn what_compresses_well_goes_beyond_the_limit_before_compression() {
        let payloads = vec![vec![b'a'; 5000]; 40];
        for way in WAYS.into_iter().filter(|(_, level)| *level > 0) {
            assert_eq!(framed(&payloads, 4000, way), (vec![40], 0), "{way:?}");
        }
    }

    #[test]
    fn a_lone_payload_has_a_fixed_form() {
        let record = |compression| {
            let mut writer = FrameWriter::new(compression, 6).unwrap();
            writer.open(1000).unwrap();
            assert!(writer.push(b"ab").unwrap());
            writer.finish().unwrap()
        };
        // Magic, descriptor (no checksum, no content size), window; a raw block; an empty last block.
        let zstd = record(Compression::Zstd);
        assert_eq!(zstd[..5], [0x28, 0xB5, 0x2F, 0xFD, 0]);
        assert_eq!(zstd[6..], [64, 0, 0, 1, 1, 0, 0, 0, 2, b'a', b'b', 1, 0, 0]);
        let gzip = record(Compression::Gzip);
        assert_eq!(gzip[..10], GZIP_HEADER);
        assert_eq!(gzip[gzip.len() - 4..], 8_u32.to_le_bytes());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn what_is_framed_is_read_back(
            sizes in vec((0_usize..3000, any::<bool>(), any::<u64>()), 0..40),
            limit in 0_usize..6000,
            way in 0..WAYS.len(),
        ) {
            let payloads: Vec<Vec<u8>> = sizes
                .into_iter()
                .map(|(bytes, is_noise, seed)| if is_noise { noise(bytes, seed) } else { vec![seed as u8; bytes] })
                .collect();
            let (counts, too_large) = framed(&payloads, limit, WAYS[way]);
            prop_assert_eq!(counts.into_iter().sum::<usize>() + too_large, payloads.len());
        }
    }
}
