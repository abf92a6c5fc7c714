//! Connections: caps, timeouts, drain, refusal.

use crate::support::{Running, ask::Asker, config};

#[tokio::test]
async fn two_requests_on_one_connection() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    let first = asker.ask(b"GET /i?e=pv HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!((first.status, first.body.len()), (200, 43));
    let second =
        asker.ask(b"POST /com.acme/v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    assert_eq!((second.status, second.body().as_str()), (200, "ok"));
    let paths: Vec<_> = running.payloads().into_iter().map(|p| p.path.unwrap()).collect();
    assert_eq!(paths, ["/i", "/com.acme/v1"]);
}
