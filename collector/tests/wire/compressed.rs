//! Compressed records: every payload once, answered when its record is durable.

use std::collections::BTreeSet;

use event::payload::{
    CollectorPayload,
    frame::{Compression, Piece, pieces},
};

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

/// Payloads of each record stored so far.
fn frames(running: &Running, expect: Compression) -> Vec<Vec<CollectorPayload>> {
    let payload = |piece| match piece {
        Piece::Payload(payload) => CollectorPayload::decode(&payload).unwrap(),
        other => panic!("{other:?}"),
    };
    let records = running.good.take().into_iter();
    records
        .map(|record| {
            assert_eq!(Compression::sniff(&record.data), Some(expect));
            assert_eq!(record.key.len(), 36);
            pieces(&record.data, expect, u64::MAX).map(payload).collect()
        })
        .collect()
}

fn post(body: &str) -> Vec<u8> {
    format!("POST /a/b HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn body(payload: &CollectorPayload) -> String {
    String::from_utf8(payload.body.clone().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_lone_event_is_a_record() {
    for (kind, compression) in
        [("zstd", Compression::Zstd), ("GZIP", Compression::Gzip), ("Zstd", Compression::Zstd)]
    {
        let running = Running::start(config(&format!("compression {{ enabled = true, type = {kind} }}")));
        for sent in ["one", "two"] {
            assert_eq!(ask(running.address, &post(sent)).await.unwrap().status, 200);
            let frames = frames(&running, compression);
            assert_eq!(
                frames.iter().map(|frame| frame.iter().map(body).collect()).collect::<Vec<Vec<_>>>(),
                [[sent]]
            );
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_stored_once() {
    for longest_wait in ["0", "5 ms"] {
        let text = format!(
            "compression {{ enabled = true, zstdCompressionLevel = 1, longestWait = {longest_wait} }}"
        );
        let running = Running::start(config(&text));
        let clients = (0..32).map(|client| {
            let address = running.address;
            tokio::spawn(async move {
                let mut asker = Asker::connect(address).await;
                for n in 0..20 {
                    assert_eq!(asker.ask(&post(&format!("{client}-{n}"))).await.unwrap().status, 200);
                }
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.unwrap();
        }
        let bodies: Vec<String> = frames(&running, Compression::Zstd).iter().flatten().map(body).collect();
        assert_eq!(bodies.len(), 32 * 20);
        assert_eq!(bodies.into_iter().collect::<BTreeSet<_>>().len(), 32 * 20);
    }
}

#[tokio::test]
async fn the_answer_waits_for_the_record() {
    let running = Running::start(config("compression { enabled = true }"));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut asker = Asker::connect(running.address).await;
    asker.send(&post("one")).await;
    assert_eq!(ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, 200);
    assert!(!asker.has_received());
    running.good.gate.add_permits(1);
    assert_eq!(asker.answer(false).await.unwrap().status, 200);
    assert_eq!(frames(&running, Compression::Zstd).len(), 1);
}

#[tokio::test]
async fn a_record_that_is_refused_is_refused_to_all_its_requests() {
    let running = Running::start(config("compression { enabled = true }"));
    running.good.refuse(true);
    let mut askers = Vec::new();
    for _ in 0..8 {
        let mut asker = Asker::connect(running.address).await;
        asker.send(&post("one")).await;
        askers.push(asker);
    }
    for asker in &mut askers {
        let refused = asker.answer(false).await.unwrap();
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    }
    running.good.refuse(false);
    assert_eq!(askers[0].ask(&post("two")).await.unwrap().status, 200);
    assert_eq!(frames(&running, Compression::Zstd).len(), 1);
}

#[tokio::test]
async fn what_fits_no_record_is_a_bad_row_without_being_split() {
    let text = "compression { enabled = true }, streams { good { name = g, maxBytes = 900 } }, networking { maxPayloadSize = 500 }";
    let running = Running::start(config(text));
    // Larger than maxPayloadSize and maxBytes, and small once compressed.
    let long = "a".repeat(5000);
    assert_eq!(ask(running.address, &post(&long)).await.unwrap().status, 200);
    assert_eq!(frames(&running, Compression::Zstd).iter().flatten().map(body).collect::<Vec<_>>(), [long]);
    assert_eq!(running.bad_rows().len(), 0);

    // Would be split without compression.
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 33) as u8 % 75)
    })
    .filter(|c| c.is_ascii_alphanumeric())
    .take(4000)
    .collect();
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    let batch = format!(r#"{{"schema":"{schema}","data":[{{"a":"{noise}"}},{{"b":1}}]}}"#);
    assert_eq!(ask(running.address, &post(&batch)).await.unwrap().status, 200);
    assert_eq!(running.good.take(), []);
    let rows = running.bad_rows();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let schema = row["schema"].as_str().unwrap();
    assert!(schema.ends_with("/size_violation/jsonschema/1-0-0"), "{schema}");
    let failure = &row["data"]["failure"];
    let size = failure["actualSizeBytes"].as_u64().unwrap();
    assert!(size > batch.len() as u64);
    assert_eq!(failure["maximumAllowedSizeBytes"], 900);
    assert_eq!(
        failure["expectation"],
        format!(
            "oversized collector payload: Uncompressed size {size} exceeded max allowed size 900 after compression"
        )
    );
    let text = row["data"]["payload"].as_str().unwrap();
    assert!(text.starts_with("CollectorPayload(schema:iglu:com.snow") && text.len() == 90, "{text}");
}
