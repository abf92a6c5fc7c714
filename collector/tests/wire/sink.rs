//! Nothing is answered 200 that the sink has not taken.

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

const EVENT: &[u8] = b"POST /a/b HTTP/1.1\r\nOrigin: https://shop.example\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_sink_that_refuses_and_recovers() {
    let running = Running::start(config(""));
    let health = async || ask(running.address, b"GET /sink-health HTTP/1.1\r\n\r\n").await.unwrap().status;
    assert!(health().await == 200 && running.context.health.is_healthy());

    running.good.refuse(true);
    let mut asker = Asker::connect(running.address).await;
    let refused = asker.ask(EVENT).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(refused.header("access-control-allow-credentials"), Some("true"));
    assert!(health().await == 503 && !running.context.health.is_healthy());
    let stated = &running.context.health.statements()[0];
    assert_eq!(stated.name, "collector.sink");
    assert!(stated.trouble.as_ref().unwrap().contains("the test says so"));
    assert_eq!(ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, 200);

    running.good.refuse(false);
    assert_eq!(asker.ask(EVENT).await.unwrap().status, 200);
    assert!(health().await == 200 && running.context.health.is_healthy());
    assert_eq!(running.payloads().len(), 1);
}

#[tokio::test]
async fn a_bad_row_that_is_refused_is_not_answered_200() {
    let running = Running::start(config("streams { good { name = g, maxBytes = 100 } }"));
    running.bad.refuse(true);
    assert_eq!(ask(running.address, EVENT).await.unwrap().status, 503);
    running.bad.refuse(false);
    assert_eq!(ask(running.address, EVENT).await.unwrap().status, 200);
    assert_eq!(running.bad_rows().len(), 1);
}

#[tokio::test]
async fn the_answer_waits_for_the_sink() {
    let running = Running::start(config(""));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut asker = Asker::connect(running.address).await;
    asker.send(EVENT).await;
    // Served on another connection meanwhile; the first has no answer yet.
    assert_eq!(ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, 200);
    assert!(!asker.has_received());
    running.good.gate.add_permits(1);
    assert_eq!(asker.answer(false).await.unwrap().status, 200);
    assert_eq!(running.payloads().len(), 1);
}

#[tokio::test]
async fn records_have_keys_that_spread() {
    let running = Running::start(config(""));
    let mut asker = Asker::connect(running.address).await;
    for _ in 0..3 {
        asker.ask(EVENT).await.unwrap();
    }
    let keys: std::collections::HashSet<_> = running.good.take().into_iter().map(|r| r.key).collect();
    assert!(keys.len() == 3 && keys.iter().all(|k| k.len() == 36), "{keys:?}");
}
