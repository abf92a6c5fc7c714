//! The orderly end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use collector::{
    collect::Collector,
    run,
    server::{Peer, Protocol, Server},
    store::Store,
};
use stream::producer::Producer as _;
use tokio::{net::TcpStream, time::sleep};

use crate::support::{
    Running,
    ask::{Answer, Asker, ask},
    config,
    sink::Sink,
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

/// Without sockets, so that time passes only where the test says so.
#[tokio::test(start_paused = true)]
async fn in_the_second_half_of_the_period_answers_end_their_connections() {
    let config = Arc::new(config("networking { idleTimeout = 1 day, headerReadTimeout = 1 day }"));
    let sink = Arc::new(Sink::new("raw"));
    let collector = Collector::new(config, sink.max_record_bytes(), sink.max_record_bytes());
    let store = Store::new(sink.clone(), sink.clone(), service::clock::now);
    let server = Arc::new(Server::new(collector, store));
    let connect = || {
        let (socket, other) = tokio::io::duplex(1 << 16);
        let peer = Peer { address: ([192, 0, 2, 1], 1).into(), secure: false };
        tokio::spawn(server.clone().serve(other, peer, Protocol::Http1));
        Asker::new(socket)
    };
    let leaving = server.clone();
    let leaving = tokio::spawn(async move { run::leave(&leaving, Duration::from_secs(3600)).await });
    let mut first = connect();
    let connection = |answer: Answer| answer.header("connection").map(str::to_owned);
    assert_eq!(connection(first.ask(GET).await.unwrap()), None);
    sleep(Duration::from_secs(1799)).await;
    assert_eq!(connection(first.ask(GET).await.unwrap()), None);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(connection(first.ask(GET).await.unwrap()).as_deref(), Some("close"));
    assert!(first.is_closed().await);
    assert_eq!(connection(connect().ask(GET).await.unwrap()).as_deref(), Some("close"));
    assert_eq!(sink.take().len(), 4);
    assert!(!leaving.is_finished());
    sleep(Duration::from_secs(1800)).await;
    assert!(leaving.is_finished());
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
