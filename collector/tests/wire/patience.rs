//! Clients that take their time, and many of them.

use std::{fs, time::Duration};

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\n\r\n";

/// Single bytes that go on coming do not extend the time a head or a body has.
#[tokio::test]
async fn bytes_now_and_then_do_not_help() {
    let running =
        Running::start(config("networking { headerReadTimeout = 100 ms, bodyReadTimeout = 100 ms }"));
    for (begin, drop) in [
        (&b"GET /i HTTP/1.1\r\nX: "[..], b'x'),
        (b"POST /a/b HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", b'x'),
        (b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;", b'x'),
    ] {
        let mut asker = Asker::connect(running.address).await;
        asker.send(begin).await;
        let answer = loop {
            tokio::select! {
                biased;
                answer = asker.answer(false) => break answer.unwrap(),
                () = tokio::task::yield_now() => {}
            }
            asker.send(&[drop]).await;
        };
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    }
    assert!(running.payloads().is_empty());
}

#[tokio::test]
async fn halves_that_are_closed() {
    let running = Running::start(config(""));
    let cases: [(&[u8], &[u16]); 6] = [
        (b"", &[]),
        (b"GET /i HT", &[]),
        (b"GET /i HTTP/1.1\r\n\r\n", &[200]),
        (b"GET /i HTTP/1.1\r\n\r\nPOST /a/b HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", &[200, 200]),
        (b"POST /a/b HTTP/1.1\r\nContent-Length: 10\r\n\r\n{}", &[400]),
        (b"POST /a/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", &[400]),
    ];
    for (request, statuses) in cases {
        let mut asker = Asker::connect(running.address).await;
        asker.send(request).await;
        asker.stop_sending().await;
        for status in statuses {
            assert_eq!(asker.answer(false).await.unwrap().status, *status);
        }
        assert!(asker.is_closed().await, "{}", String::from_utf8_lossy(request));
    }
    assert_eq!(running.payloads().len(), 3);
}

/// Soft limit of open files of this process.
fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default();
    line.split_whitespace().nth(3).and_then(|n| n.parse().ok()).unwrap_or(1024)
}

/// Both ends of a connection are files of this process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections() {
    let count = (open_files().saturating_sub(600) / 2).min(10_000);
    if count < 10_000 {
        eprintln!("ONLY {count} CONNECTIONS: the limit of open files (`ulimit -n`) is {}", open_files());
    }
    let mut settings = config("networking { maxConnections = 20000 }");
    settings.termination_deadline = Duration::from_secs(120);
    let running = Running::start(settings);
    let mut idle = Vec::with_capacity(count);
    for n in 0..count {
        let mut asker = Asker::connect(running.address).await;
        if n % 2 == 0 {
            assert_eq!(asker.ask(HEALTH).await.unwrap().status, 200);
        }
        idle.push(asker);
    }
    assert_eq!(ask(running.address, b"GET /i HTTP/1.1\r\n\r\n").await.unwrap().status, 200);
    for asker in idle.iter_mut().step_by(997) {
        assert_eq!(asker.ask(HEALTH).await.unwrap().status, 200);
    }
    running.context.drain.request();
    for asker in &mut idle {
        assert!(asker.is_closed().await);
    }
    running.task.await.unwrap().unwrap();
}
