//! Nothing is answered 200 that the sink has not taken.

use stream::health::Health;

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
    assert_eq!(health().await, 200);
    running.until_healthy(true).await;

    running.good.refuse(true);
    let mut asker = Asker::connect(running.address).await;
    let refused = asker.ask(EVENT).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://shop.example"));
    assert_eq!(refused.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(health().await, 503);
    running.until_healthy(false).await;
    let stated = &running.context.health.statements()[0];
    assert_eq!(stated.name, "collector.sink");
    assert!(stated.trouble.as_ref().unwrap().contains("the test says so"));
    assert_eq!(ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, 200);

    running.good.refuse(false);
    assert_eq!(health().await, 200, "nobody has to send for it");
    assert_eq!(asker.ask(EVENT).await.unwrap().status, 200);
    running.until_healthy(true).await;
    assert_eq!(running.payloads().len(), 1);
}

#[tokio::test]
async fn sinks_are_well_when_both_are() {
    let running = Running::start(config(""));
    let check = async |good: &Health, bad: &Health, trouble: Option<&str>| {
        running.good.health.state(good.clone());
        running.bad.health.state(bad.clone());
        let answer = ask(running.address, b"GET /sink-health HTTP/1.1\r\n\r\n").await.unwrap();
        let expect = if trouble.is_none() { (200, "ok") } else { (503, "Service Unavailable") };
        assert_eq!((answer.status, &*answer.body()), expect, "{good}, {bad}");
        running.until_troubled(trouble).await;
    };
    let (well, absent, full) = (&Health::Well, &Health::unreached("no stream g"), &Health::refusing("full"));
    check(absent, absent, Some("raw: not reached yet: no stream g; bad: not reached yet: no stream g")).await;
    check(well, absent, Some("bad: not reached yet: no stream g")).await;
    check(well, well, None).await;
    check(full, well, Some("raw: full")).await;
    check(well, full, Some("bad: full")).await;
    check(well, well, None).await;
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
