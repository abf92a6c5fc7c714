//! Any bytes are a frame of the log, the beginning of one, or refused; never a panic, never memory beyond the cap.

use bytes::Bytes;
use stream::log::frame::{self, Decoded, Encoder, HEADER_BYTES, MAX_BODY_BYTES};

/// The first four bytes are the salt; with an odd fifth byte the checksum is made right first, so that what lies behind it
/// is reached.
pub fn law(data: &[u8]) {
    let Some((salt, rest)) = data.split_first_chunk() else { return };
    let salt = u32::from_le_bytes(*salt);
    let Some((seal, rest)) = rest.split_first() else { return };
    let mut bytes = rest.to_vec();
    if seal % 2 == 1 && bytes.len() >= HEADER_BYTES {
        bytes[..4].copy_from_slice(&frame::MAGIC);
        let length = (bytes.len() - HEADER_BYTES) as u32;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let checksum = crc32c::crc32c_append(salt, &bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    }
    let bytes = Bytes::from(bytes);
    match frame::decode(&bytes, salt) {
        Err(_) => {}
        Ok(Decoded::Short { needs }) => {
            assert!(needs > bytes.len(), "more is asked for than is there");
            assert!(needs <= HEADER_BYTES + MAX_BODY_BYTES, "{needs} bytes are asked for");
        }
        Ok(Decoded::Frame(found)) => {
            let header = found.header();
            assert!(header.frame_bytes() <= bytes.len());
            assert_eq!(found.records().count(), header.count as usize);
            // Writing it again gives the same bytes.
            let mut encoder = Encoder::default();
            found.records().for_each(|record| encoder.push(&record));
            let again = encoder.finish(salt, header.first, header.arrival);
            assert_eq!(again, &bytes[..header.frame_bytes()]);
            let mut delivered = Vec::new();
            found.deliver(header.first + 1, &mut delivered);
            assert_eq!(delivered.len(), header.count as usize - 1);
        }
    }
}
