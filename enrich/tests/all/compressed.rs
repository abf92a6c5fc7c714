//! Compressed records give what their payloads would give alone.

use enrich::{
    compatibility::Compatibility,
    output::{Kind, Output},
    settings::Settings,
};
use event::{
    bad_row::Processor,
    json,
    payload::frame::{Compression, FrameWriter},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    registry::Registry,
    samples::{get, post},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn settings(compatibility: Compatibility) -> Settings {
    Settings::new(compatibility, Processor { artifact: "test".into(), version: "1".into() })
}

fn compressed(compression: Compression, payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = FrameWriter::new(compression, 6).unwrap();
    writer.open(1_000_000).unwrap();
    for payload in payloads {
        assert!(writer.push(payload).unwrap());
    }
    writer.finish().unwrap()
}

fn outputs(registry: &Registry, record: &[u8], settings: &Settings) -> Vec<Output> {
    registry.process(record, settings, NOW, &mut || Uuid::nil()).expect("no foreign schema is needed")
}

/// Kind and bytes.
fn said(outputs: Vec<Output>) -> Vec<(Kind, bytes::Bytes)> {
    outputs.into_iter().map(|output| (output.kind, output.data)).collect()
}

#[test]
fn payloads_of_a_record_are_read_in_order() {
    let registry = Registry::at(NOW);
    let payloads = [
        get("e=pv&p=web&url=http%3A%2F%2Fexample.com%2F&eid=7c2a1e61-267b-4b6d-bece-a00e6b559324"),
        b"no payload".to_vec(),
        post("no JSON"),
        get("e=se&p=web&se_ca=c&se_ac=a&eid=7c2a1e61-267b-4b6d-bece-a00e6b559325"),
    ];
    for compatibility in [Compatibility::Current, Compatibility::Apache] {
        let settings = settings(compatibility);
        let alone: Vec<_> =
            payloads.iter().flat_map(|payload| said(outputs(&registry, payload, &settings))).collect();
        assert_eq!(alone.iter().filter(|(kind, _)| *kind == Kind::Good).count(), 2);
        assert_eq!(alone.len(), 4);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let together = outputs(&registry, &compressed(compression, &payloads), &settings);
            // Each is told apart by its place, which a successor after a crash relies on.
            assert_eq!(together.iter().map(|output| output.event).collect::<Vec<_>>(), [0, 1, 2, 3]);
            assert_eq!(said(together), alone, "{compression:?}, {compatibility:?}");
        }
    }
}

#[test]
fn payloads_before_the_damage_are_kept() {
    let registry = Registry::at(NOW);
    // A raw block with a good payload and the beginning of another.
    let payload = get("e=pv&p=web&eid=7c2a1e61-267b-4b6d-bece-a00e6b559324");
    let mut plain = vec![1, 1];
    plain.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    plain.extend_from_slice(&payload);
    plain.extend_from_slice(&[0, 0, 1]);
    let mut record = vec![0x28, 0xB5, 0x2F, 0xFD, 0, 0x60];
    record.extend_from_slice(&(plain.len() as u32 * 8 + 1).to_le_bytes()[..3]);
    record.extend_from_slice(&plain);
    for compatibility in [Compatibility::Current, Compatibility::Apache] {
        let outputs = outputs(&registry, &record, &settings(compatibility));
        assert_eq!(outputs.len(), 2);
        assert_eq!(outputs[0].kind, Kind::Good);
        let row = json::parse(std::str::from_utf8(&outputs[1].data).unwrap()).unwrap();
        let error = &row["data"]["failure"]["message"]["error"];
        assert_eq!(error.as_str(), Some("corrupt compressed payload"));
    }
}
