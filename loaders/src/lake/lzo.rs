//! Record blocks in an lzop container, and the index by which Hadoop jobs split it (`spec/loaders-and-leases.md` 1.7). The
//! same records in the same order give the same bytes: no time stamp, one library.
//!
//! | bytes, big-endian | what |
//! |---|---|
//! | 38 | [`HEADER`] |
//! | 4, 4, and as many as the second says | a block: bytes before and after compression; equal where it is stored as it is |
//! | 4 | zero |
//!
//! The index is 8 bytes for each block: where in the file it begins.

use super::raw_block::RawBlocks;

/// Magic; version 0x1010 of lzop, 0x20a0 of the library, 0x0940 needed to unpack; method 1 (LZO1X-1), level 5; no flags;
/// mode 0644; no time; no name; Adler-32 of all that but the magic.
const HEADER: [u8; 38] = {
    let mut header =
        *b"\x89LZO\0\r\n\x1a\n\x10\x10\x20\xa0\x09\x40\x01\x05\0\0\0\0\0\0\x81\xa4\0\0\0\0\0\0\0\0\0____";
    let (mut low, mut high, mut at) = (1, 0, 9);
    while at < 34 {
        low = (low + header[at] as u32) % 65521;
        high = (high + low) % 65521;
        at += 1;
    }
    let sum = (high << 16 | low).to_be_bytes();
    let mut at = 0;
    while at < 4 {
        header[34 + at] = sum[at];
        at += 1;
    }
    header
};

/// Bytes of a block before compression, at most: what fits into the 256 KiB of the original's buffer in the worst case.
const BLOCK: usize = (256 << 10) - (256 << 10 >> 4) - 67;

/// An object being written, and its index.
#[derive(Default)]
pub struct LzoRecords {
    blocks: RawBlocks,
    /// Not compressed yet.
    waiting: Vec<u8>,
    /// The file so far; empty before the first block.
    file: Vec<u8>,
    index: Vec<u8>,
}

impl LzoRecords {
    /// Adds a record.
    pub fn push(&mut self, record: &[u8]) {
        self.blocks.push(record, &mut self.waiting);
        if self.waiting.len() >= BLOCK {
            let whole = self.waiting.len() / BLOCK * BLOCK;
            self.compress(whole);
        }
    }

    /// Bytes of the file so far; what was not compressed yet does not count.
    pub fn compressed_bytes(&self) -> u64 {
        self.file.len() as u64
    }

    /// The whole file, and its index.
    pub fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.blocks.close(&mut self.waiting);
        self.compress(self.waiting.len());
        if self.file.is_empty() {
            self.file.extend_from_slice(&HEADER);
        }
        self.file.extend_from_slice(&[0; 4]);
        (self.file, self.index)
    }

    /// Compresses the first bytes of what waits.
    fn compress(&mut self, bytes: usize) {
        if self.file.is_empty() {
            self.file.extend_from_slice(&HEADER);
        }
        for block in self.waiting[..bytes].chunks(BLOCK) {
            let packed = lzokay_native::compress(block).ok().filter(|packed| packed.len() < block.len());
            let stored = packed.as_deref().unwrap_or(block);
            self.index.extend_from_slice(&(self.file.len() as u64).to_be_bytes());
            for length in [block.len(), stored.len()] {
                self.file.extend_from_slice(&(length as u32).to_be_bytes());
            }
            self.file.extend_from_slice(stored);
        }
        self.waiting.drain(..bytes);
    }
}
