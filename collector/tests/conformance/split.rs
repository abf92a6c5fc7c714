//! P1 to P10: what becomes of payloads that are too large.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use collector::{
    compatibility::Compatibility,
    rejected::bad_rows,
    split::{Limits, cut},
};
use event::payload::{
    CollectorPayload, SCHEMA,
    frame::{Compression, FrameWriter},
};
use serde_json::Value;
use stream::record::Record;

use super::{get, send};
use crate::support::{Running, config};

#[test]
fn items_go_into_batches_by_size() {
    // Sizes are those of JSON texts, with their quotes.
    let check = |items: &[&str], join: usize, budget: usize, batches: &[&[&str]], rejected: &[&str]| {
        let got = cut(items.iter().copied(), |item| item.len() + 2, join, budget);
        assert_eq!(got.batches, batches, "{items:?}");
        assert_eq!(got.rejected, rejected, "{items:?}");
    };
    check(&["a", "b", "c"], 1, 9, &[&["c"], &["b", "a"]], &[]);
    check(&["1234567", "1", "123"], 0, 8, &[&["123", "1"]], &["1234567"]);
    let falling =
        ["123456778901", "123456789", "12345678", "1234567", "123456", "12345", "1234", "123", "12", "1"];
    check(
        &falling,
        0,
        13,
        &[&["1", "12", "123"], &["1234", "12345"], &["123456"], &["1234567"], &["12345678"], &["123456789"]],
        &["123456778901"],
    );
    check(&[], 1, 9, &[], &[]);
}

const BATCH: &str =
    r#"{ "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": "#;

fn violation(row: &Value) -> (u64, &str, &str) {
    assert_eq!(row["schema"], "iglu:com.snowplowanalytics.snowplow.badrows/size_violation/jsonschema/1-0-0");
    let failure = &row["data"]["failure"];
    let expectation = failure["expectation"].as_str().unwrap();
    let reason = expectation.strip_prefix("oversized collector payload: ").unwrap();
    (failure["maximumAllowedSizeBytes"].as_u64().unwrap(), reason, row["data"]["payload"].as_str().unwrap())
}

#[tokio::test]
async fn a_query_cannot_be_split() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 1000 } }"));
    let answer = get(running.address, &format!("/i?{}", "x".repeat(1000)), &[]).await;
    assert_eq!(answer.status, 200);
    let rows = running.bad_rows();
    let (max, reason, payload) = violation(&rows[0]);
    assert_eq!((max, reason), (1000, "GET requests cannot be split"));
    assert!(payload.starts_with("CollectorPayload(schema:iglu:") && payload.len() == 100, "{payload}");
    assert!(rows.len() == 1 && running.payloads().is_empty());
}

#[tokio::test]
async fn bodies_that_cannot_be_split() {
    let running = Running::start(config(
        "streams { good { name = g, maxBytes = 2000 } }, networking { maxPayloadSize = 20000 }",
    ));
    let long = "s".repeat(2000);
    let cases = [
        (long.clone(), "cannot split POST requests which are not json expected json value got 'ssssss...' (line 1, column 1)".to_owned()),
        (" ".repeat(2000), "cannot split POST requests which are not json exhausted input".into()),
        (format!("[\"{long}\""), "cannot split POST requests which are not json exhausted input".into()),
        (format!("[\"{long}\",\n x]"), "cannot split POST requests which are not json expected json value got 'x]' (line 2, column 2)".into()),
        (format!("{{\"a\":\"{long}\"}}}}"), "cannot split POST requests which are not json expected whitespace or eof got '}' (line 1, column 2009)".into()),
        (format!("{{\"a\" \"{long}\"}}"), "cannot split POST requests which are not json expected : got '\"sssss...' (line 1, column 6)".into()),
        (
            format!(r#"{{"a":"{long}"}}"#),
            "cannot split POST requests which are not self-describing schema key is not available".into(),
        ),
        (
            format!(r#"{{"schema":null,"data":["{long}"]}}"#),
            "cannot split POST requests which are not self-describing Got value 'null' with wrong type, expecting string".into(),
        ),
        (
            format!(r#"["{long}"]"#),
            format!("cannot split POST requests which are not self-describing Got value '[\"{long}\"]' with wrong type, expecting object"),
        ),
        (
            format!(r#"{{"schema":"x","data":["{long}"]}}"#),
            "cannot split POST requests which are not self-describing Invalid Iglu URI: x, code: INVALID_IGLUURI".into(),
        ),
        (
            format!(r#"{{"schema":"iglu:a/b/jsonschema/0-0-1","data":["{long}"]}}"#),
            "cannot split POST requests which are not self-describing Invalid schema version: iglu:a/b/jsonschema/0-0-1, code: INVALID_SCHEMAVER".into(),
        ),
        (
            format!(r#"{{"schema":"iglu:a/b/jsonschema/1-0-0","other":"{long}"}}"#),
            "cannot split POST requests which are not self-describing data key is not available".into(),
        ),
        (
            format!(r#"{BATCH}{{"a":"{long}"}}}}"#),
            "cannot split POST requests which do not contain a data array".into(),
        ),
        (
            format!(r#"{BATCH}["{long}"]}}"#),
            "this POST request split is still too large".into(),
        ),
    ];
    for (body, expected) in cases {
        send(running.address, "POST", "/a/b", &[], &body).await;
        let rows = running.bad_rows();
        assert_eq!(rows.len(), 1, "{expected}");
        let (max, reason, _) = violation(&rows[0]);
        assert_eq!((max, reason), (2000, expected.as_str()));
        assert!(running.payloads().is_empty());
    }
    // Not even tried.
    send(running.address, "POST", "/a/b", &[], &"s".repeat(30_000)).await;
    let rows = running.bad_rows();
    let (max, reason, _) = violation(&rows[0]);
    assert!(
        max == 20_000 && reason.starts_with("Payload exceeds max size of 20000. Actual length: 30"),
        "{reason}"
    );
}

#[tokio::test]
async fn the_rest_of_the_payload_alone_is_too_large() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 2000 } }"));
    let agent = format!("User-Agent: {}", "a".repeat(2000));
    send(running.address, "POST", "/a/b", &[&agent], &format!("{BATCH}[1,2]}}")).await;
    let rows = running.bad_rows();
    let expected = "cannot split this POST request because event without \"data\" field is still too big";
    assert_eq!(violation(&rows[0]).1, expected);
}

#[tokio::test]
async fn a_batch_is_split_and_what_is_too_large_alone_is_not_lost() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 2000 } }"));
    let event = |n: usize, size: usize| format!(r#"{{"e":"pv", "n":{n}, "x":"{}"}}"#, "x".repeat(size));
    let events: Vec<String> = [(1, 600), (2, 3000), (3, 600), (4, 600), (5, 4000)]
        .into_iter()
        .map(|(n, size)| event(n, size))
        .collect();
    let answer =
        send(running.address, "POST", "/a/b", &[], &format!("{BATCH}[{}]}}", events.join(","))).await;
    assert_eq!(answer.status, 200);
    let mut numbers = Vec::new();
    for payload in running.payloads() {
        let body: Value = serde_json::from_slice(&payload.body.unwrap()).unwrap();
        assert_eq!(body["schema"], "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4");
        let events = body["data"].as_array().unwrap();
        numbers.push(events.iter().map(|e| e["n"].as_u64().unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(numbers, [vec![4], vec![3, 1]], "the last first, and each in reverse");
    let sizes: Vec<u64> = running
        .bad_rows()
        .iter()
        .map(|r| r["data"]["failure"]["actualSizeBytes"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, [4000 + 23, 3000 + 23]);
}

#[tokio::test]
async fn a_bad_row_shows_the_body_as_hex() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 5000 } }"));
    send(running.address, "POST", "/a/b", &[], &"s".repeat(5000)).await;
    let rows = running.bad_rows();
    assert!(violation(&rows[0]).2.contains("body:73 73 73"), "{}", rows[0]);
}

/// 5.1, 6 and the texts of numbers and escapes.
#[tokio::test]
async fn what_is_split_is_printed_anew_and_keeps_its_numbers() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 2000 } }"));
    let body = |size: usize| {
        let large = "x".repeat(size);
        format!(r#"{BATCH}[ "{large}", {{"n": 1.50, "e": 1E5, "u": "\u00e9\/"}}], "more": 1}}"#)
    };
    let post = async |body: &str| {
        send(running.address, "POST", "/a/b", &[], body).await;
        let stored = running.payloads().remove(0).body.unwrap();
        String::from_utf8_lossy(&stored).into_owned()
    };
    assert_eq!(post(&body(1000)).await, body(1000), "below the limit nothing is touched");
    let data = r#"[{"n":1.50,"e":1E5,"u":"é/"}]"#;
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    assert_eq!(post(&body(1900)).await, format!(r#"{{"schema":"{schema}","data":{data}}}"#));
}

/// 5.1, 2 and section 13: the limit on payloads is the current line's alone, and so are hex bodies.
#[tokio::test]
async fn the_apache_line_tries_to_split_whatever_it_reads() {
    let running = Running::start(config(
        "compatibility = 2, streams { good { name = g, maxBytes = 2000 } }, networking { maxPayloadSize = 3000 }",
    ));
    let post = async |body: &str| send(running.address, "POST", "/a/b", &[], body).await;
    post(&"s".repeat(5000)).await;
    let rows = running.bad_rows();
    let (max, reason, payload) = violation(&rows[0]);
    assert_eq!(max, 2000);
    assert!(
        reason.starts_with("cannot split POST requests which are not json expected json value"),
        "{reason}"
    );
    assert!(payload.contains("path:/a/b, body:sss") || payload.len() == 200, "{payload}");
    post(&format!(r#"{BATCH}["{}","{}","{}"]}}"#, "a".repeat(1300), "b".repeat(1300), "c".repeat(1300)))
        .await;
    assert_eq!((running.payloads().len(), running.bad_rows().len()), (3, 0));
}

/// A stream elsewhere may take less than is configured: what it rejects is kept whole where it fits a bad row.
#[test]
fn rejected_records_become_bad_rows() {
    let (now, why) = ("2026-01-01T00:00:00Z".parse().unwrap(), "PutRecords was rejected");
    let payload = |body: usize| {
        let payload = CollectorPayload {
            schema: SCHEMA.into(),
            collector: Some("ssc".into()),
            // Nothing that compresses well.
            body: Some((0..body as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()),
            ..CollectorPayload::default()
        };
        let mut bytes = Vec::new();
        payload.encode(&mut bytes);
        bytes
    };
    let frame = |payloads: &[Vec<u8>]| {
        let mut frame = FrameWriter::new(Compression::Gzip, 6).unwrap();
        frame.open(1 << 20).unwrap();
        assert!(payloads.iter().all(|payload| frame.push(payload).unwrap()));
        frame.finish().unwrap()
    };
    let check = |data: Vec<u8>, bad: usize, expect: &[(&str, usize)]| {
        let limits = Limits { good: 1000, bad, payload: 1 << 20 };
        let record = Record::new("key", data);
        let rows = bad_rows(&record, why, &limits, Compatibility::V3, now);
        assert!(rows.iter().all(|row| row.key == "key" && row.data.len() <= bad));
        let rows: Vec<Value> = rows.iter().map(|row| serde_json::from_slice(&row.data).unwrap()).collect();
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                let (schema, failure) = (row["schema"].as_str().unwrap(), &row["data"]["failure"]);
                if !schema.contains("/generic_error/") {
                    assert_eq!(violation(row).1, why);
                    return ("size_violation", failure["actualSizeBytes"].as_u64().unwrap() as usize);
                }
                assert_eq!(failure["errors"], serde_json::json!([why]));
                let payload = STANDARD.decode(row["data"]["payload"].as_str().unwrap()).unwrap();
                assert_eq!(payload, record.data, "it can be taken out again");
                ("generic_error", payload.len())
            })
            .collect();
        assert_eq!(found, expect);
    };
    let (small, large) = (payload(10), payload(5000));
    check(small.clone(), 2000, &[("generic_error", small.len())]);
    check(large.clone(), 2000, &[("size_violation", large.len())]);
    check(large.clone(), 10_000, &[("generic_error", large.len())]);
    let both = frame(&[small.clone(), large.clone()]);
    check(both.clone(), 10_000, &[("generic_error", both.len())]);
    check(both, 2000, &[("size_violation", small.len()), ("size_violation", large.len())]);
    check(vec![0; 5000], 2000, &[]);
}
