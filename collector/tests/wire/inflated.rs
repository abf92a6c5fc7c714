//! Compressed bodies: stored as they came, or inflated.

use std::io::Write as _;

use collector::config::CollectorConfig;
use event::payload::CollectorPayload;
use flate2::{Compression, write::GzEncoder};

use crate::support::{Running, ask::ask, config};

const PLAIN: &[u8] = br#"{"schema":"iglu:a/b/jsonschema/1-0-0","data":[]}"#;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /com.acme/track HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn stored(config: CollectorConfig, request: &[u8]) -> (u16, Vec<CollectorPayload>) {
    let running = Running::start(config);
    let status = ask(running.address, request).await.unwrap().status;
    (status, running.payloads())
}

const ON: &str = "networking { gzipRequestBodies = true, dropPayloadSize = 100000 }";

#[tokio::test]
async fn as_it_came_unless_asked_for() {
    let sent = gzip(PLAIN);
    let (status, payloads) = stored(config(""), &post(&sent)).await;
    assert_eq!(status, 200);
    assert_eq!(payloads[0].body.as_deref(), Some(&sent[..]));
    let headers = payloads[0].headers.as_ref().unwrap();
    assert!(headers.contains(&"Content-Encoding: gzip".to_owned()), "{headers:?}");
    assert!(headers.contains(&format!("Content-Length: {}", sent.len())), "{headers:?}");
}

#[tokio::test]
async fn inflated_it_looks_as_if_it_had_come_so() {
    let chunked = |body: &[u8]| {
        let mut request = b"POST /com.acme/track HTTP/1.1\r\ncontent-encoding: X-GZIP\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(20) {
            request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            request.extend_from_slice(chunk);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        request
    };
    let length = format!("Content-Length: {}", PLAIN.len());
    let with_length = ["Content-Type: application/json", &length, "application/json"];
    for (request, headers) in
        [(post(&gzip(PLAIN)), &with_length[..]), (chunked(&gzip(PLAIN)), &["Transfer-Encoding: chunked"])]
    {
        let (status, payloads) = stored(config(ON), &request).await;
        assert_eq!(status, 200);
        assert_eq!(payloads[0].body.as_deref(), Some(PLAIN));
        assert_eq!(payloads[0].headers.as_deref().unwrap(), headers);
    }
}

#[tokio::test]
async fn what_cannot_be_inflated_is_kept() {
    for sent in [PLAIN.to_vec(), gzip(PLAIN)[..30].to_vec()] {
        let (status, payloads) = stored(config(ON), &post(&sent)).await;
        assert_eq!(status, 200);
        assert_eq!(payloads[0].body.as_deref(), Some(&sent[..]));
        assert!(payloads[0].headers.as_ref().unwrap().contains(&"Content-Encoding: gzip".to_owned()));
    }
}

#[tokio::test]
async fn too_much_is_refused() {
    let (status, payloads) = stored(config(ON), &post(&gzip(&vec![b' '; 100_000]))).await;
    assert_eq!((status, payloads[0].body.as_ref().map(|body| body.len())), (200, Some(100_000)));
    for plain in [100_001, 20_000_000] {
        let (status, payloads) = stored(config(ON), &post(&gzip(&vec![b' '; plain]))).await;
        assert_eq!((status, payloads), (413, vec![]));
    }
    // As before, the size as sent counts too.
    let (status, payloads) = stored(config(ON), &post(&vec![b' '; 100_001])).await;
    assert_eq!((status, payloads), (413, vec![]));
}

#[tokio::test]
async fn preflights_do_not_care() {
    let request = b"OPTIONS /com.acme/track HTTP/1.1\r\nOrigin: https://a.example\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab";
    for text in ["", ON] {
        assert_eq!(stored(config(text), request).await, (200, vec![]));
    }
}
