//! More comes than the sinks take.

use std::{collections::HashSet, sync::Arc};

use tokio::task::JoinSet;

use crate::support::{
    Running,
    ask::{Answer, Asker, ask},
    config,
};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\n\r\n";

fn event(n: usize) -> Vec<u8> {
    let body = format!("{{\"n\":{n}}}");
    format!("POST /a/b HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn assert_turned_away(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

/// Waits until so many appends wait in the sink.
async fn until_waiting(running: &Running, appends: usize) {
    while running.good.waiting() < appends {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_finds_no_room_is_told_to_come_again_at_once() {
    let running = Running::start(config("networking { maxInFlight = 2 }"));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut waiting = Vec::new();
    for n in 0..2 {
        let mut asker = Asker::connect(running.address).await;
        asker.send(&event(n)).await;
        waiting.push(asker);
        until_waiting(&running, n + 1).await;
    }
    // The connection goes on, health is told, and nothing waits more than before.
    let mut turned_away = Asker::connect(running.address).await;
    for _ in 0..3 {
        assert_turned_away(&turned_away.ask(&event(9)).await.unwrap());
        assert_eq!(turned_away.ask(HEALTH).await.unwrap().status, 200);
    }
    assert_eq!(running.good.waiting(), 2);
    running.good.gate.add_permits(2);
    for asker in &mut waiting {
        assert_eq!(asker.answer(false).await.unwrap().status, 200);
    }
    running.good.gate.add_permits(1);
    assert_eq!(turned_away.ask(&event(2)).await.unwrap().status, 200);
    assert_eq!(running.payloads().len(), 3);
}

#[tokio::test]
async fn bodies_on_their_way_in_are_bounded_together() {
    let running = Running::start(config("networking { maxBytesInFlight = 100000, bodyReadTimeout = 1 day }"));
    let head = b"POST /a/b HTTP/1.1\r\nContent-Length: 90000\r\n\r\n";
    let mut first = Asker::connect(running.address).await;
    first.send(head).await;
    first.send(&[b'x'; 80_000]).await;
    // How much of it has been read shows in what still fits.
    let mut others = Vec::new();
    let turned_away = loop {
        let mut other = Asker::connect(running.address).await;
        other.send(head).await;
        other.send(&[b'y'; 40_000]).await;
        tokio::select! {
            answer = other.answer(false) => break answer.unwrap(),
            () = tokio::task::yield_now() => others.push(other),
        }
    };
    assert_turned_away(&turned_away);
    assert_eq!(turned_away.header("connection"), Some("close"), "its body was not read");
    assert_eq!(ask(running.address, HEALTH).await.unwrap().status, 200);
    drop(others);
    first.send(&[b'x'; 10_000]).await;
    let answer = first.answer(false).await.unwrap();
    assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
}

/// Twice as many clients as may wait, each with one event after the other, and a sink that takes one at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_stored_and_never_more_waits_than_may() {
    const MAX: usize = 8;
    let running = Arc::new(Running::start(config(&format!("networking {{ maxInFlight = {MAX} }}"))));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut clients = JoinSet::new();
    for client in 0..4 * MAX {
        let address = running.address;
        clients.spawn(async move {
            let mut asker = Asker::connect(address).await;
            let (mut taken, mut refused) = (Vec::new(), 0);
            for n in (0..50).map(|n| client * 1000 + n) {
                let answer = asker.ask(&event(n)).await.unwrap();
                match answer.status {
                    200 => taken.push(format!("{{\"n\":{n}}}")),
                    _ => {
                        assert_turned_away(&answer);
                        refused += 1;
                    }
                }
            }
            (taken, refused)
        });
    }
    let feeding = tokio::spawn({
        let running = running.clone();
        async move {
            loop {
                assert!(running.good.waiting() <= MAX);
                running.good.gate.add_permits(1);
                tokio::task::yield_now().await;
            }
        }
    });
    let (mut taken, mut refused) = (HashSet::new(), 0);
    for (these, more) in clients.join_all().await {
        taken.extend(these);
        refused += more;
    }
    feeding.abort();
    let stored: HashSet<String> = running
        .payloads()
        .into_iter()
        .map(|p| String::from_utf8(p.body.unwrap_or_default().to_vec()).unwrap())
        .collect();
    assert_eq!(taken.len() + refused, 4 * MAX * 50);
    assert_eq!(taken, stored);
}
