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
