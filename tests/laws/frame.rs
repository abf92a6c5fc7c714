//! Any record that begins like a compressed one ends in pieces within their caps; whatever is framed is read back.

use event::payload::frame::{Compression, FrameWriter, MAX_TOTAL, Piece, pieces};

/// The law.
pub fn law(data: &[u8]) {
    for compression in [Compression::Gzip, Compression::Zstd] {
        taken_apart(data, compression);
        framed(data, compression);
    }
}

/// `data` is a record.
fn taken_apart(data: &[u8], compression: Compression) {
    const MAX_PAYLOAD: u64 = 1000;
    let mut total = 0;
    let mut has_ended = false;
    for piece in pieces(data, compression, MAX_PAYLOAD) {
        assert!(!has_ended, "something follows the end");
        match piece {
            Piece::Payload(payload) => {
                assert!(payload.len() as u64 <= MAX_PAYLOAD);
                total += 4 + payload.len() as u64;
            }
            Piece::TooLarge(length) => assert!(length > MAX_PAYLOAD && length <= i32::MAX as u64),
            Piece::Versions(spec, format) => {
                assert!((spec, format) != (1, 1));
                assert!([spec, format].iter().all(|version| (-1..256).contains(version)));
                has_ended = true;
            }
            Piece::Corrupt | Piece::Endless => has_ended = true,
        }
    }
    assert!(total <= MAX_TOTAL);
}

/// `data` is payloads, each as long as the byte before it says, for records of at most as many bytes as its first two say.
fn framed(data: &[u8], compression: Compression) {
    let [high, low, rest @ ..] = data else { return };
    let limit = usize::from(u16::from_be_bytes([*high, *low])) % 4096;
    let mut payloads = Vec::new();
    let mut rest = rest;
    while let [length, more @ ..] = rest {
        let (payload, after) = more.split_at(usize::from(*length).min(more.len()));
        payloads.push(payload);
        rest = after;
    }
    let mut writer = FrameWriter::new(compression, 1).expect("memory for a compressor");
    writer.open(limit).expect("compressing to memory does not fail");
    let (mut kept, mut read) = (Vec::new(), Vec::new());
    let mut close = |writer: &mut FrameWriter| {
        if writer.payloads() > 0 {
            let record = writer.finish().expect("compressing to memory does not fail");
            assert!(record.len() <= limit);
            assert_eq!(Compression::sniff(&record), Some(compression));
            read.extend(pieces(&record, compression, u64::MAX));
        }
        writer.open(limit).expect("compressing to memory does not fail");
    };
    for payload in payloads {
        let mut fits = writer.push(payload).expect("compressing to memory does not fail");
        if !fits {
            close(&mut writer);
            fits = writer.push(payload).expect("compressing to memory does not fail");
        }
        if fits {
            kept.push(Piece::Payload(payload.to_vec().into()));
        } else {
            close(&mut writer);
        }
    }
    close(&mut writer);
    assert_eq!(read, kept);
}
