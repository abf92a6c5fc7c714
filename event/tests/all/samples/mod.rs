//! Recorded payloads and lines to break, made-up structs, and Apache Thrift's own codec as the reference.

mod reference;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use event::payload::CollectorPayload;
use proptest::prelude::*;
use serde_json::Value;

/// The recorded cases of `golden/enrich/sample.jsonl`.
pub fn cases() -> impl Iterator<Item = Value> {
    include_str!("../../golden/enrich/sample.jsonl").lines().map(|line| event::json::parse(line).unwrap())
}

/// The bytes of a case's payload.
pub fn record(case: &Value) -> Vec<u8> {
    STANDARD.decode(case["payload_b64"].as_str().unwrap()).unwrap()
}

/// The payload of a case, if it is one.
pub fn payload(case: &Value) -> Option<CollectorPayload> {
    CollectorPayload::decode(&record(case).into()).ok()
}

pub fn payloads() -> Vec<Vec<u8>> {
    cases().map(|case| record(&case)).collect()
}

pub fn lines() -> Vec<Vec<u8>> {
    let lines = cases().flat_map(|case| case["expect"].as_array().unwrap().clone());
    lines.filter_map(|outcome| outcome["enriched"].as_str().map(|line| line.as_bytes().to_vec())).collect()
}

/// Asserts that our reader and the reference come to the same value, or both to an error.
pub fn decoders_agree(data: &[u8]) {
    let ours = CollectorPayload::decode(&Bytes::copy_from_slice(data));
    let reference = reference::decode(data);
    match (&ours, &reference) {
        (Ok(ours), Ok(reference)) => assert_eq!(ours, reference),
        (Err(_), Err(_)) => {}
        _ => panic!("ours {ours:?}, reference {reference:?}"),
    }
}

/// Structs with known, unknown, repeated and mistyped fields, some of them nested deep.
pub fn structs() -> impl Strategy<Value = Vec<u8>> {
    let ids = [100_i16, 200, 210, 220, 300, 310, 320, 330, 340, 350, 360, 400, 410, 31337, 1, -5];
    let field = (proptest::sample::select(ids.to_vec()), value()).prop_map(|(id, (kind, bytes))| {
        let mut field = vec![kind];
        field.extend(id.to_be_bytes());
        field.extend(bytes);
        field
    });
    (proptest::collection::vec(field, 0..8), any::<bool>()).prop_map(|(fields, with_schema)| {
        let mut bytes = fields.concat();
        if with_schema {
            bytes.extend([11, 0x7A, 0x69, 0, 0, 0, 1, b's']);
        }
        bytes.push(0);
        bytes
    })
}

/// A value with its type byte.
fn value() -> BoxedStrategy<(u8, Vec<u8>)> {
    let text = prop_oneof![
        any::<String>().prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..8),
        Just(vec![0xED, 0xA0, 0x80, b'x', 0xE2, 0x82]),
    ]
    .prop_map(|text| (11_u8, [&(text.len() as i32).to_be_bytes()[..], &text].concat()));
    let odd = (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..10));
    let leaf = prop_oneof![
        6 => text,
        2 => any::<i64>().prop_map(|n| (10_u8, n.to_be_bytes().to_vec())),
        1 => any::<i32>().prop_map(|n| (8_u8, n.to_be_bytes().to_vec())),
        1 => any::<i16>().prop_map(|n| (6_u8, n.to_be_bytes().to_vec())),
        1 => any::<u8>().prop_map(|n| (2_u8, vec![n])),
        1 => any::<u64>().prop_map(|n| (4_u8, n.to_be_bytes().to_vec())),
        1 => odd,
        // A length far beyond the end, and a negative one.
        1 => Just((11_u8, vec![0x7F, 0xFF, 0xFF, 0xFF])),
        1 => Just((11_u8, vec![0xFF, 0xFF, 0xFF, 0xFB])),
        1 => Just((15_u8, vec![11, 0x00, 0xFF, 0xFF, 0xFF])),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let items = (inner.clone(), 0..4_usize);
        let list =
            (prop_oneof![Just(14_u8), Just(15_u8)], items).prop_map(|(container, ((kind, item), count))| {
                (container, [&[kind][..], &(count as i32).to_be_bytes(), &item.repeat(count)].concat())
            });
        let map = (inner.clone(), inner.clone(), 0..3_usize).prop_map(|((key, k), (value, v), count)| {
            (
                13_u8,
                [&[key, value][..], &(count as i32).to_be_bytes(), &[k, v].concat().repeat(count)].concat(),
            )
        });
        let structure = proptest::collection::vec((any::<i16>(), inner), 0..4).prop_map(|fields| {
            let mut bytes = Vec::new();
            for (id, (kind, value)) in fields {
                bytes.push(kind);
                bytes.extend(id.to_be_bytes());
                bytes.extend(value);
            }
            bytes.push(0);
            (12_u8, bytes)
        });
        prop_oneof![list, map, structure]
    })
    .boxed()
}
