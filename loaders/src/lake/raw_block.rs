//! Blocks of records as Hadoop jobs read them (`spec/loaders-and-leases.md` 1.7): records that may hold any byte, found
//! again from any place in a file by the marker in front of each block.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | marker |
//! | 4, little-endian | length of what follows |
//! | | a message of Protocol Buffers: 1 = version 1, 2 = class name `byte[]`, 3, repeated = the records |

/// In front of each block.
const MARKER: [u8; 16] =
    [0x29, 0xd8, 0xd5, 0x06, 0x58, 0xcd, 0x4c, 0x29, 0xb2, 0xbc, 0x57, 0x99, 0x21, 0x71, 0xbd, 0xff];

/// Version and class name.
const HEAD: &[u8] = b"\x08\x01\x12\x06byte[]";

/// Tag of field 3, bytes.
const RECORD: u8 = 0x1a;

/// Records of a block, at most.
const RECORDS: usize = 100;

/// Bytes before the message: marker and length.
const PREFIX: usize = MARKER.len() + 4;

/// Gathers records into blocks.
#[derive(Default)]
pub struct RawBlocks {
    /// The open block; empty while it has no record.
    block: Vec<u8>,
    records: usize,
}

impl RawBlocks {
    /// Adds a record; the block that it completes goes to `out`.
    pub fn push(&mut self, record: &[u8], out: &mut Vec<u8>) {
        if self.records == 0 {
            self.block.extend_from_slice(&MARKER);
            self.block.extend_from_slice(&[0; 4]);
            self.block.extend_from_slice(HEAD);
        }
        self.block.push(RECORD);
        push_varint(record.len(), &mut self.block);
        self.block.extend_from_slice(record);
        self.records += 1;
        if self.records == RECORDS {
            self.close(out);
        }
    }

    /// The open block, if any, goes to `out`.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        if self.records == 0 {
            return;
        }
        let length = u32::try_from(self.block.len() - PREFIX).unwrap_or(u32::MAX);
        self.block[MARKER.len()..PREFIX].copy_from_slice(&length.to_le_bytes());
        out.append(&mut self.block);
        self.records = 0;
    }
}

fn push_varint(mut value: usize, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
