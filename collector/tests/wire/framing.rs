//! Where one request ends and the next begins.

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

fn bodies(running: &Running) -> Vec<String> {
    let body =
        |p: event::payload::CollectorPayload| String::from_utf8(p.body.unwrap_or_default().to_vec()).unwrap();
    running.payloads().into_iter().map(body).collect()
}

#[tokio::test]
async fn two_requests_on_one_connection() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    let first = asker.ask(b"GET /i?e=pv HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!((first.status, first.body.len()), (200, 43));
    let second =
        asker.ask(b"POST /com.acme/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    assert_eq!((second.status, second.body().as_str()), (200, "ok"));
    assert_eq!(bodies(&running), ["", "{}"]);
}

#[tokio::test]
async fn requests_sent_without_waiting_are_answered_in_order() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    asker
        .send(
            b"POST /a/b HTTP/1.1\r\nContent-Length: 3\r\n\r\nonePOST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
              2;x=y\r\ntw\r\n1\r\no\r\n0\r\nTrailer: t\r\n\r\n\r\nGET /health HTTP/1.1\r\n\r\nPOST /a/b HTTP/1.1\r\nContent-Length: 5\r\n\r\nthree",
        )
        .await;
    for expected in ["ok", "ok", "ok", "ok"] {
        assert_eq!(asker.answer(false).await.unwrap().body(), expected);
    }
    assert_eq!(bodies(&running), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_request_in_single_bytes() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    let request = b"\r\nPOST /a/b?x=1 HTTP/1.1\nHost: a\r\nX-F: a\r\n b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for byte in request {
        asker.send(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(asker.answer(false).await.unwrap().status, 200);
    let payload = running.payloads().remove(0);
    assert_eq!(payload.body.as_deref(), Some(&b"abc"[..]));
    assert_eq!(payload.headers.unwrap()[1], "X-F: a b");
}

#[tokio::test]
async fn large_bodies_come_whole() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 1900000 } }"));
    let body = "0123456789".repeat(100_000);
    let request = format!("POST /a/b HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(ask(running.address, request.as_bytes()).await.unwrap().status, 200);
    assert!(bodies(&running) == [body]);
}

#[tokio::test]
async fn the_body_is_asked_for_when_it_waits() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    asker.send(b"POST /a/b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n").await;
    assert!(asker.receives(b"HTTP/1.1 100 Continue\r\n\r\n").await);
    asker.send(b"{}").await;
    assert_eq!(asker.answer(false).await.unwrap().status, 200);
    assert_eq!(bodies(&running), ["{}"]);
}

#[tokio::test]
async fn connections_end_when_asked() {
    let running = Running::start(config(""));
    let cases: [(&[u8], bool); 4] = [
        (b"GET /i HTTP/1.1\r\nConnection: close\r\n\r\n", true),
        (b"GET /i HTTP/1.1\r\nConnection: foo, Close\r\n\r\n", true),
        (b"GET /i HTTP/1.0\r\n\r\n", true),
        (b"GET /i HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false),
    ];
    for (request, closes) in cases {
        let mut asker = Asker::connect(running.address).await;
        let answer = asker.ask(request).await.unwrap();
        assert_eq!((answer.status, answer.header("connection") == Some("close")), (200, closes));
        if closes {
            assert!(asker.is_closed().await);
        } else {
            assert_eq!(asker.ask(request).await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn a_client_that_stops_sending_still_gets_its_answer() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    asker.send(b"GET /i HTTP/1.1\r\n\r\n").await;
    asker.stop_sending().await;
    assert_eq!(asker.answer(false).await.unwrap().status, 200);
    assert_eq!(running.payloads().len(), 1);
}

#[tokio::test]
async fn framing_that_contradicts_itself_is_refused() {
    let running = Running::start(config(""));
    let cases: [&[u8]; 6] = [
        b"POST /a/b HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        b"POST /a/b HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /a/b HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /a/b HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
        b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ];
    for request in cases {
        let mut asker = Asker::connect(running.address).await;
        let answer = asker.ask(request).await.unwrap();
        let shown = String::from_utf8_lossy(request).into_owned();
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")), "{shown}");
        assert!(asker.is_closed().await, "{shown}");
    }
    assert!(running.payloads().is_empty());
}

/// The texts of the Apache line, which come before anything is read of a body.
#[tokio::test]
async fn the_apache_line_says_what_it_refuses() {
    let running = Running::start(config("compatibility = \"2\""));
    let check = async |request: &str, status: u16, expect: &str| {
        let answer = ask(running.address, request.as_bytes()).await.unwrap();
        assert_eq!((answer.status, &*answer.body()), (status, expect), "{}", &request[..60]);
    };
    let post =
        |fields: &str| format!("POST /com.acme/track HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n0\r\n\r\n");
    let several = "Multiple Transfer-Encoding entries not supported";
    check(&post("Transfer-Encoding: gzip"), 400, "Unsupported Transfer-Encoding 'gzip'").await;
    check(&post("Transfer-Encoding: gzip, chunked"), 400, several).await;
    check(&post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400, several).await;
    check(
        &post("Content-Length: 5\r\nTransfer-Encoding: chunked"),
        400,
        "A chunked request must not contain a Content-Length header",
    )
    .await;
    let mut asker = Asker::connect(running.address).await;
    let long = format!("GET /i?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(32_768));
    let answer = asker.ask(long.as_bytes()).await.unwrap();
    let expect =
        format!("URI length exceeds the configured limit of 32768 characters from {}", asker.address());
    assert_eq!((answer.status, answer.body()), (414, expect));
}
