//! The orderly end.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpStream;

use crate::support::{
    Running,
    ask::{Asker, ask},
    config,
};

const GET: &[u8] = b"GET /i HTTP/1.1\r\n\r\n";

#[tokio::test]
async fn idle_connections_are_closed_and_requests_in_flight_answered() {
    let running = Running::start(config(""));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut idle = Asker::connect(running.address).await;
    idle.ask(b"GET /health HTTP/1.1\r\n\r\n").await.unwrap();
    let mut busy = Asker::connect(running.address).await;
    busy.send(b"GET /i HTTP/1.1\r\n\r\n").await;
    // Once this is answered the busy one has been read: it came first.
    idle.ask(b"GET /health HTTP/1.1\r\n\r\n").await.unwrap();

    running.context.drain.request();
    assert!(idle.is_closed().await);
    assert!(!running.task.is_finished());
    running.good.gate.add_permits(1);
    assert_eq!(busy.answer(false).await.unwrap().status, 200);
    assert_eq!(running.payloads().len(), 1);
    let address: SocketAddr = running.address;
    running.task.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_in_time_is_counted() {
    let running = Running::start(config("terminationDeadline = 20 ms"));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut busy = Asker::connect(running.address).await;
    busy.send(b"GET /i HTTP/1.1\r\n\r\n").await;
    ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap();
    running.context.drain.request();
    let error = running.task.await.unwrap().unwrap_err().to_string();
    assert_eq!(error, "1 connections with a request in flight were cut off");
}

#[tokio::test]
async fn in_the_second_half_of_the_period_answers_end_their_connections() {
    let mut settings =
        config("networking { idleTimeout = 1 day, headerReadTimeout = 1 day, bodyReadTimeout = 1 day }");
    settings.pre_termination_period = Duration::from_secs(3600);
    let running = Running::start_with_period(settings);
    running.context.drain.request();
    let mut first = Asker::connect(running.address).await;
    for closes in [None, None] {
        assert_eq!(first.ask(GET).await.unwrap().header("connection"), closes);
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1801)).await;
    tokio::time::resume();
    let mut stored = 3;
    // The time has come, but whoever waits for it may not have been woken yet.
    while first.ask(GET).await.unwrap().header("connection").is_none() {
        stored += 1;
    }
    assert!(first.is_closed().await);
    let answer = ask(running.address, GET).await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(running.payloads().len(), stored + 1);
}

#[tokio::test]
async fn before_that_requests_are_still_served() {
    for (unhealthy, status) in [(false, 200), (true, 503)] {
        let mut settings = config(&format!("preTerminationUnhealthy = {unhealthy}"));
        settings.pre_termination_period = Duration::from_secs(3600);
        let running = Running::start_with_period(settings);
        running.context.drain.request();
        tokio::task::yield_now().await;
        assert_eq!(ask(running.address, b"GET /i HTTP/1.1\r\n\r\n").await.unwrap().status, 200);
        assert_eq!(ask(running.address, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap().status, status);
        assert_eq!(running.payloads().len(), 1);
    }
}
