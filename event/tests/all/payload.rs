//! Thrift payloads: the recorded vectors, and what is no payload.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use event::payload::CollectorPayload;

const GET: &str = "CwBkAAAACzIwMy4wLjExMy43CgDIAAABi8/laAALANIAAAAFVVRGLTgLANwAAAAVc3NjLTMuOC4wLWtpbmVzaXNzaW5rCwEsAAAACHRlc3QvMS4wCwFAAAAAAi9pCwFKAAAABGU9cHYPAV4LAAAAAQAAABRVc2VyLUFnZW50OiB0ZXN0LzEuMAsBmgAAACQxMTExMTExMS0yMjIyLTQzMzMtODQ0NC01NTU1NTU1NTU1NTULemkAAABBaWdsdTpjb20uc25vd3Bsb3dhbmFseXRpY3Muc25vd3Bsb3cvQ29sbGVjdG9yUGF5bG9hZC90aHJpZnQvMS0wLTAA";
const POST: &str = "CwBkAAAAB3Vua25vd24KAMgAAAGLz+VoAAsA0gAAAAVVVEYtOAsA3AAAABVzc2MtMy44LjAta2luZXNpc3NpbmsLAUAAAAAjL2NvbS5zbm93cGxvd2FuYWx5dGljcy5zbm93cGxvdy90cDILAUoAAAAACwFUAAAAAnt9DwFeCwAAAAIAAAAeQ29udGVudC1UeXBlOiBhcHBsaWNhdGlvbi9qc29uAAAAEGFwcGxpY2F0aW9uL2pzb24LAWgAAAAQYXBwbGljYXRpb24vanNvbgsBmgAAACQwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDALemkAAABBaWdsdTpjb20uc25vd3Bsb3dhbmFseXRpY3Muc25vd3Bsb3cvQ29sbGVjdG9yUGF5bG9hZC90aHJpZnQvMS0wLTAA";

fn payload() -> CollectorPayload {
    let text = |s: &str| Some(s.to_owned());
    CollectorPayload {
        schema: event::payload::SCHEMA.to_owned(),
        ip_address: text("203.0.113.7"),
        timestamp: 1_700_000_000_000,
        encoding: text("UTF-8"),
        collector: text("ssc-3.8.0-kinesissink"),
        user_agent: text("test/1.0"),
        path: text("/i"),
        querystring: text("e=pv"),
        headers: Some(vec!["User-Agent: test/1.0".to_owned()]),
        network_userid: text("11111111-2222-4333-8444-555555555555"),
        ..CollectorPayload::default()
    }
}

#[test]
fn vectors_are_written_and_read() {
    let text = |s: &str| Some(s.to_owned());
    let post = CollectorPayload {
        ip_address: text("unknown"),
        user_agent: None,
        path: text("/com.snowplowanalytics.snowplow/tp2"),
        querystring: text(""),
        body: Some(Bytes::from_static(b"{}")),
        headers: Some(vec!["Content-Type: application/json".to_owned(), "application/json".to_owned()]),
        content_type: text("application/json"),
        network_userid: text("00000000-0000-0000-0000-000000000000"),
        ..payload()
    };
    for (vector, payload) in [(GET, payload()), (POST, post)] {
        let bytes = Bytes::from(STANDARD.decode(vector).unwrap());
        let mut written = Vec::new();
        payload.encode(&mut written);
        assert_eq!(written, bytes);
        assert_eq!(payload.encoded_len(), bytes.len());
        assert_eq!(CollectorPayload::decode(&bytes).unwrap(), payload);
    }
}

#[test]
fn recorded_payloads_are_written_again() {
    // Bytes behind the struct, a field of another type, texts that are not UTF-8, no timestamp.
    let different = ["thrift-trailing", "thrift-wrong-type", "thrift-bad-utf8", "thrift-minimal"];
    let mut found = Vec::new();
    for case in super::samples::cases() {
        let bytes = Bytes::from(STANDARD.decode(case["payload_b64"].as_str().unwrap()).unwrap());
        if let Ok(payload) = CollectorPayload::decode(&bytes) {
            let mut written = Vec::new();
            payload.encode(&mut written);
            if written != bytes {
                found.push(case["id"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(found, different);
}

/// Every recorded reason why bytes are no payload, in the words of both lines.
#[test]
fn errors_are_the_originals() {
    let prefix = "error deserializing raw event: ";
    let mut texts = std::collections::BTreeSet::new();
    for case in super::samples::cases() {
        let record = Bytes::from(STANDARD.decode(case["payload_b64"].as_str().unwrap()).unwrap());
        let recorded = case["expect"][0]["bad"]["data"]["failure"]["message"]["error"].as_str();
        let recorded = recorded.and_then(|text| text.strip_prefix(prefix));
        // Without a schema the Apache line tries an older struct; a charset is looked at after reading.
        if case["id"] == "thrift-schema-none" || case["id"] == "thrift-zero" || case["id"] == "thrift-flip-7"
        {
            continue;
        }
        match (CollectorPayload::decode(&record), recorded) {
            (Ok(_), None) => {}
            (Err(error), Some(recorded)) => {
                assert_eq!(error.apache_text(), recorded, "{}", case["id"]);
                texts.insert(error.to_string());
            }
            (found, recorded) => panic!("{}: {found:?} {recorded:?}", case["id"]),
        }
    }
    assert!(texts.contains("Reached end of bytes when parsing as thrift format"));
    assert!(texts.contains("Unrecognized type 110") && texts.contains("Negative length: -5"));
}

#[test]
fn hostile_sizes_are_refused() {
    let check = |bytes: &[u8], text: &str| {
        let error = CollectorPayload::decode(&Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!(error.to_string(), text, "{bytes:x?}");
    };
    check(b"", "Reached end of bytes when parsing as thrift format");
    check(&[11, 0, 100, 0x40, 0, 0, 0], "MaxMessageSize reached");
    check(&[11, 0, 100, 0, 1, 0, 0], "Reached end of bytes when parsing as thrift format");
    check(&[15, 1, 94, 11, 0xFF, 0xFF, 0xFF, 0xFE], "Negative length: -2");
    check(&[15, 1, 94, 11, 0x7F, 0xFF, 0xFF, 0xFF], "MaxMessageSize reached");
    check(&[15, 1, 94, 12, 0x7F, 0xFF, 0xFF, 0xFF], "Reached end of bytes when parsing as thrift format");
    check(&[0x80, 0, 1], "Unrecognized type -128");
    check(&[12, 0, 1].repeat(100_000), "Maximum skip depth exceeded");
    // A list of lists of lists ..., and maps of empty structs, counted in the billions.
    check(&[&[15, 0, 1][..], &[15, 0, 0, 0, 1].repeat(100_000)].concat(), "Maximum skip depth exceeded");
    check(
        &[13, 0, 1, 12, 12, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0],
        "Reached end of bytes when parsing as thrift format",
    );
    check(
        &[11, 0, 100, 0, 0, 0, 1, b'x', 0],
        "Required field 'schema' was not present! Struct: CollectorPayload(schema:null, ipAddress:x, timestamp:0, encoding:null, collector:null)",
    );
}

#[test]
fn the_last_of_a_repeated_field_wins_and_other_types_are_skipped() {
    let mut bytes = vec![8, 0, 100, 0, 0, 0, 1, 11, 0, 100, 0, 0, 0, 1, b'a', 11, 0, 100, 0, 0, 0, 1, b'b'];
    bytes.extend([11, 0x7A, 0x69, 0, 0, 0, 1, b's', 0, b'm', b'o', b'r', b'e']);
    let payload = CollectorPayload::decode(&Bytes::from(bytes)).unwrap();
    let expect = CollectorPayload {
        schema: "s".to_owned(),
        ip_address: Some("b".to_owned()),
        ..CollectorPayload::default()
    };
    assert_eq!(payload, expect);
}

#[test]
fn payloads_as_text() {
    let payload = CollectorPayload { body: Some(Bytes::from_static(b"s\xFFz")), ..payload() };
    let with_body = |body: &str| {
        format!(
            "CollectorPayload(schema:iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-0, ipAddress:203.0.113.7, timestamp:1700000000000, encoding:UTF-8, collector:ssc-3.8.0-kinesissink, userAgent:test/1.0, path:/i, querystring:e=pv, body:{body}, headers:[User-Agent: test/1.0], networkUserId:11111111-2222-4333-8444-555555555555)"
        )
    };
    assert_eq!(payload.to_text(10_000), with_body("73 FF 7A"));
    assert_eq!(payload.to_plain_text(10_000), with_body("s\u{FFFD}z"));
    assert_eq!(payload.to_text(10), "CollectorP");
    let long = CollectorPayload { body: Some(vec![b's'; 129].into()), ..payload };
    assert_eq!(long.to_text(10_000), with_body(&format!("{}73...", "73 ".repeat(127))));
    let wide = CollectorPayload { schema: "😀".repeat(10), ..long };
    assert_eq!(wide.to_text(28), "CollectorPayload(schema:😀😀");
    assert_eq!(wide.to_text(27), "CollectorPayload(schema:😀");
}
