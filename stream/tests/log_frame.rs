//! Frames of the log: golden bytes, and the law over arbitrary ones.
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use bytes::Bytes;
use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use stream::{
    log::frame::{self, Decoded, Encoder, FrameError},
    record::Record,
};

#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
#[path = "../../tests/laws/log_frame.rs"]
mod log_frame;

const SALT: u32 = 0x5eed_5a17;

fn golden() -> Vec<u8> {
    let text = include_str!("golden/frame.hex");
    let digits: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap_or_default().bytes())
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn records() -> Vec<Record> {
    vec![
        Record { key: "ab".into(), attributes: vec![9].into(), data: "hello".into() },
        Record::default(),
        Record::new("k", vec![0xff; 3]),
    ]
}

fn encode(records: &[Record], salt: u32, first: u64, arrival: Timestamp) -> Vec<u8> {
    let mut encoder = Encoder::default();
    records.iter().for_each(|record| encoder.push(record));
    encoder.finish(salt, first, arrival).to_vec()
}

#[test]
fn bytes_are_as_documented() {
    let arrival = Timestamp::from_microsecond(1_750_000_000_123_456).unwrap();
    let bytes = encode(&records(), SALT, 513, arrival);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes, golden(), "{hex}");
    let Ok(Decoded::Frame(frame)) = frame::decode(&golden().into(), SALT) else { panic!("no frame") };
    assert_eq!(frame.records().collect::<Vec<_>>(), records());
    let header = frame.header();
    assert_eq!((header.first, header.count, header.arrival, header.next()), (513, 3, arrival, 516));
}

#[test]
fn every_damage_is_seen() {
    let golden = golden();
    for byte in 0..golden.len() {
        for bit in 0..8 {
            let mut damaged = golden.clone();
            damaged[byte] ^= 1 << bit;
            let decoded = frame::decode(&damaged.into(), SALT);
            assert!(!matches!(decoded, Ok(Decoded::Frame(_))), "bit {bit} of byte {byte}");
        }
    }
    let other_salt = frame::decode(&Bytes::from(golden.clone()), SALT + 1);
    assert!(matches!(other_salt, Err(FrameError::Checksum { .. })));
    for length in 0..golden.len() {
        let decoded = frame::decode(&Bytes::copy_from_slice(&golden[..length]), SALT);
        assert!(matches!(decoded, Ok(Decoded::Short { needs }) if needs > length), "{length} bytes");
    }
}

#[test]
fn records_must_fill_the_body() {
    let arrival = Timestamp::UNIX_EPOCH;
    let whole = encode(&records(), SALT, 1, arrival);
    // The lengths of the second record, which is empty; 44 bytes come before it.
    for (at, value) in [(52, 1_u8), (55, 0xff), (59, 0x80), (63, 0xff)] {
        let mut bytes = whole.clone();
        bytes[at] = value;
        let checksum = crc32c::crc32c_append(SALT, &bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        let decoded = frame::decode(&bytes.into(), SALT);
        assert!(matches!(decoded, Err(FrameError::Record { .. })), "byte {at}: {decoded:?}");
    }
}

proptest! {
    #[test]
    fn the_law_holds_for_any_bytes(data in vec(any::<u8>(), 0..400)) {
        log_frame::law(&data);
    }

    #[test]
    fn the_law_holds_for_nearly_frames(
        parts in vec((vec(any::<u8>(), 0..5), vec(any::<u8>(), 0..3), vec(any::<u8>(), 0..40)), 1..6),
        salt: u32,
        first: u64,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        seal: u8,
    ) {
        let record = |(key, attributes, data): (Vec<u8>, Vec<u8>, Vec<u8>)| {
            Record { key: key.into(), attributes: attributes.into(), data: data.into() }
        };
        let records: Vec<_> = parts.into_iter().map(record).collect();
        let mut bytes = encode(&records, salt, first, Timestamp::UNIX_EPOCH);
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        let mut data = salt.to_le_bytes().to_vec();
        data.push(seal);
        data.extend(bytes);
        log_frame::law(&data);
    }
}
