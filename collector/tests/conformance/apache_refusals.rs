//! The Apache line: what its server refuses, which of several faults it sees first, and in which words.

use super::apache::apache;
use crate::support::ask::{Answer, ask};

/// A request for `/i` from `h` with this line more.
fn with(line: &str) -> String {
    format!("GET /i HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n")
}

#[tokio::test]
async fn heads() {
    let running = apache("");
    let long = "n".repeat(64);
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
    let invalid = |byte, expected, column| {
        format!(
            "Illegal request-target: Invalid input '{byte}', expected {expected} (line 1, column {column})"
        )
    };
    let version = "The server does not support the HTTP protocol version used in the request.";
    let method = "Unsupported HTTP method";
    let no_host = "Request is missing required `Host` header";
    let cases: Vec<(String, u16, String)> = vec![
        // Method, target, version: in this order.
        ("FOO /%zz HTTP/1.2\r\n\r\n".into(), 501, method.into()),
        ("GE(T / HTTP/1.1\r\n\r\n".into(), 501, method.into()),
        ("\x16\x03\x01 / HTTP/1.1\r\n\r\n".into(), 400, method.into()),
        (format!("{} / HTTP/1.1\r\n\r\n", "M".repeat(15)), 501, method.into()),
        (format!("{} / HTTP/1.1\r\n\r\n", "M".repeat(16)), 400, method.into()),
        ("GET /%zz HTTP/1.2\r\n\r\n".into(), 400, invalid("z", "HEXDIG", 3)),
        ("GET /i HTTP/2.0\r\n\r\n".into(), 505, version.into()),
        ("GET /i HTTP/1.1 \r\n\r\n".into(), 505, version.into()),
        ("GET  /i HTTP/1.1\r\n\r\n".into(), 505, version.into()),
        ("GET /i\r\n\r\n".into(), 505, version.into()),
        (target("/#"), 400, invalid("#", "segment, '/', '?' or 'EOI'", 2)),
        (target("/a/\x01"), 400, invalid("\\u0001", "segment, '/', '?' or 'EOI'", 4)),
        (target("/%41#"), 400, invalid("#", "pchar, '/', '?' or 'EOI'", 5)),
        (target("/i?#"), 400, invalid("#", "rawQueryString or 'EOI'", 4)),
        (target("/i?%41\x7f"), 400, invalid("\\u007f", "query-char, pct-encoded or 'EOI'", 7)),
        (target("#"), 400, invalid("#", "request-target or 'EOI'", 1)),
        // Fields.
        (with("X Y: v"), 400, "Illegal character ' ' in header name".into()),
        (with("X\u{80}: v"), 400, "Illegal character '\u{c2}' in header name".into()),
        (with("no colon"), 400, "Illegal character ' ' in header name".into()),
        (with("colon"), 400, "Illegal character '\\r' in header name".into()),
        (
            with(&format!("{long}n: v")),
            431,
            "HTTP header name exceeds the configured limit of 64 characters".into(),
        ),
        (with("X: a\x01"), 400, "Illegal character '\\u0001' in header value".into()),
        (with("X: a\rb"), 400, "Illegal character '\\r' in header value".into()),
        (
            with(&format!("X: {}", "v".repeat(8193))),
            431,
            "HTTP header value exceeds the configured limit of 8192 characters".into(),
        ),
        (
            with(&vec!["X: v"; 63].join("\r\n")),
            400,
            "HTTP message contains more than the configured limit of 64 headers".into(),
        ),
        (with("Content-Length: +3"), 400, "Illegal `Content-Length` header value".into()),
        (
            with("Content-Length: 99999999999999999999"),
            400,
            "`Content-Length` header value must not exceed 63-bit integer range".into(),
        ),
        // The host.
        ("GET /i HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), 400, no_host.into()),
        ("GET /i HTTP/1.1\r\nHost: a:\r\n\r\n".into(), 400, no_host.into()),
        ("GET /i HTTP/1.1\r\nHost: a:65536\r\n\r\n".into(), 400, no_host.into()),
        ("GET http://h/i HTTP/1.1\r\nHost: h, h\r\n\r\n".into(), 400, no_host.into()),
        (
            "GET /i HTTP/1.1\r\nHost: :80\r\n\r\n".into(),
            400,
            "Cannot establish effective URI of request to `/i`, request has a relative URI and an empty `Host` header"
                .into(),
        ),
        (
            "GET ftp://h/i HTTP/1.1\r\nHost: h\r\n\r\n".into(),
            400,
            "`uri` must have scheme \"http\", \"https\", \"ws\", \"wss\" or no scheme".into(),
        ),
        (
            "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n".into(),
            400,
            "CONNECT requests are not supported".into(),
        ),
        ("CONNECT /i HTTP/1.1\r\n\r\n".into(), 400, no_host.into()),
        // A body that is none.
        (
            "POST /a/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n".into(),
            404,
            "404 not found".into(),
        ),
    ];
    for (request, status, body) in cases {
        let Answer { status: got, headers, body: said, .. } =
            ask(running.address, request.as_bytes()).await.unwrap();
        assert_eq!((got, String::from_utf8_lossy(&said)), (status, body.into()), "{request}");
        assert!(headers.contains(&("Connection".into(), "close".into())), "{request}");
        assert!(running.payloads().is_empty(), "{request}");
    }
}

#[tokio::test]
async fn just_good_enough() {
    let running = apache("");
    let cases = [
        with(&format!("{}: v", "n".repeat(64))),
        with(&format!("X: {}", "v".repeat(8192))),
        with(&vec!["X: v"; 62].join("\r\n")),
        with("X: \t\x7f\u{e9}\u{1f600}"),
        "GET http://user@H:80/i HTTP/1.1\r\nHost: h:80\r\n\r\n".into(),
        "GET /i HTTP/1.1\r\nHost: a b\r\nHost: h\r\n\r\n".into(),
    ];
    for request in cases {
        assert_eq!(ask(running.address, request.as_bytes()).await.unwrap().status, 200, "{request}");
        assert_eq!(running.payloads()[0].hostname.as_deref(), Some("h"), "{request}");
    }
    let folded = ask(running.address, with("X: a\r\n  b\r\n\tc").as_bytes()).await.unwrap();
    assert_eq!(folded.status, 200);
    assert!(running.payloads()[0].headers.as_ref().unwrap().contains(&"X: a  b c".into()));
}
