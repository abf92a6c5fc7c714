//! Caps and timeouts (H1 to H3, S47).

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

#[tokio::test]
async fn caps_on_heads() {
    let running = Running::start(config("networking { maxRequestLineLength = 100, maxHeadersLength = 200 }"));
    let line = |n: usize| format!("GET /i?{} HTTP/1.1\r\n\r\n", "x".repeat(n - "GET /i? HTTP/1.1".len()));
    let fields = |n: usize| format!("GET /i HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(n - "X: \r\n".len()));
    let cases = [
        (line(100), 200),
        (line(101), 400),
        (line(5000), 400),
        (fields(200), 200),
        (fields(201), 400),
        (fields(5000), 400),
    ];
    for (request, status) in cases {
        let mut asker = Asker::connect(running.address).await;
        let answer = asker.ask(request.as_bytes()).await.unwrap();
        assert_eq!(answer.status, status, "{} bytes", request.len());
        if status == 400 {
            assert_eq!(
                (answer.header("connection"), answer.header("content-length")),
                (Some("close"), Some("0"))
            );
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert!(asker.is_closed().await);
        }
    }
}

#[tokio::test]
async fn a_head_that_goes_on_is_refused_before_it_ends() {
    let running = Running::start(config(""));
    for endless in [b"GET /i?".to_vec(), b"GET /i HTTP/1.1\r\nX: ".to_vec()] {
        let mut asker = Asker::connect(running.address).await;
        asker.send(&endless).await;
        asker.send(&vec![b'x'; 60_000]).await;
        assert_eq!(asker.answer(false).await.unwrap().status, 400);
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let running = Running::start(config("networking { http2 = false }"));
    let cases: [&[u8]; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /i\r\n\r\n",
        b"GET foo/bar HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /i HTTP/1.1\r\nbad name: x\r\n\r\n",
        b"GET /i HTTP/9.9\r\n\r\n",
    ];
    for request in cases {
        assert_eq!(ask(running.address, request).await.unwrap().status, 400, "{request:?}");
    }
}

#[tokio::test]
async fn caps_on_bodies() {
    let post = |n: usize| format!("POST /a/b HTTP/1.1\r\nContent-Length: {n}\r\n\r\n{}", "x".repeat(n));
    for (cap, status) in [(10, 413), (999, 413), (1000, 200), (1002, 200)] {
        let running = Running::start(config(&format!("networking {{ dropPayloadSize = {cap} }}")));
        let answer = ask(running.address, post(1000).as_bytes()).await.unwrap();
        assert_eq!((answer.status, running.payloads().len()), (status, usize::from(status == 200)), "{cap}");
    }
    // What is announced does not count, what comes does; and it is answered although the client goes on sending.
    let running = Running::start(config("networking { dropPayloadSize = 1000 }"));
    let mut asker = Asker::connect(running.address).await;
    asker.send(post(3_000_000).as_bytes()).await;
    assert_eq!(asker.answer(false).await.unwrap().status, 413);
    let mut asker = Asker::connect(running.address).await;
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    asker
        .send(
            format!("POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(9)).as_bytes(),
        )
        .await;
    assert_eq!(asker.answer(false).await.unwrap().status, 413);
}

#[tokio::test]
async fn clients_that_are_too_slow() {
    let running = Running::start(config(
        "networking { headerReadTimeout = 50 ms, bodyReadTimeout = 50 ms, idleTimeout = 50 ms }",
    ));
    let cases: [(&[u8], Option<u16>); 5] = [
        (b"", None),
        (b"GET /i HT", Some(408)),
        (b"POST /a/b HTTP/1.1\r\nContent-Length: 10\r\n\r\n", Some(408)),
        (b"POST /a/b HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", Some(408)),
        (b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Some(408)),
    ];
    for (request, status) in cases {
        let mut asker = Asker::connect(running.address).await;
        asker.send(request).await;
        let answer = asker.answer(false).await;
        assert_eq!(answer.map(|a| a.status), status, "{}", String::from_utf8_lossy(request));
        assert!(asker.is_closed().await);
    }
    assert!(running.payloads().is_empty());
}

#[tokio::test]
async fn a_sink_that_takes_too_long() {
    let running = Running::start(config("networking { responseHeaderTimeout = 50 ms }"));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let answer = ask(running.address, b"GET /i HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!((answer.status, answer.body().as_str()), (408, "Response timed out"));
}

#[tokio::test]
async fn more_connections_than_allowed_wait() {
    let running = Running::start(config("networking { maxConnections = 1 }"));
    let mut first = Asker::connect(running.address).await;
    assert_eq!(first.ask(b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, 200);
    let mut second = Asker::connect(running.address).await;
    second.send(b"GET /health HTTP/1.1\r\n\r\n").await;
    assert_eq!(first.ask(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap().status, 200);
    assert_eq!(second.answer(false).await.unwrap().status, 200);
}
