//! The admin server over a real socket.
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::time::Duration;

use service::{
    admin::{Probe, server},
    clock,
    context::Context,
    drain::Drain,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn health_ready_and_metrics_are_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (context, stop) = (Context::default(), Drain::new());
    let server = tokio::spawn(server::run(listener, context.clone(), stop.clone()));
    let ask = async |request: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let check = async |request: &str, status: &str, part: &str| {
        let answer = ask(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert!(answer.contains(part), "{request}: {answer}");
    };
    let fact = context.health.fact("lake");
    check("GET /health", "503", r#""name":"lake","well":false,"trouble":"not reached yet""#).await;
    check("GET /ready", "503", r#""ready":false"#).await;
    fact.well();
    check("GET /health", "200", r#""healthy":true"#).await;
    check("GET /ready", "200", "application/json").await;
    context.drain.request();
    check("GET /ready", "503", r#""draining":true"#).await;
    check("GET /health", "200", "").await;
    service::metric::ENRICH_GOOD.increment(&[]);
    check("GET /metrics", "200", "piste_enrich_good_total 1").await;
    check("POST /health", "405", "").await;
    check("GET /other", "404", "").await;
    stop.request();
    server.await.unwrap().unwrap();
}

/// Statuses of the answers to requests, each on a connection of its own.
async fn statuses(context: &Context, probe: Probe, requests: &[&str]) -> Vec<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, stop) = (listener.local_addr().unwrap(), Drain::new());
    let serving = tokio::spawn(server::run_probed(listener, context.clone(), probe, stop.clone()));
    let mut statuses = Vec::new();
    for request in requests {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let head = format!("{request} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        statuses.push(answer.split(' ').nth(1).unwrap().parse().unwrap());
    }
    stop.request();
    serving.await.unwrap().unwrap();
    statuses
}

#[tokio::test]
async fn health_is_told_where_it_is_asked_for() {
    let requests = ["GET /health", "GET /ready", "GET /metrics", "GET /", "GET /any/path", "POST /"];
    let every = Probe { every_path: true, ..Probe::default() };
    let context = Context::default();
    assert_eq!(statuses(&context, every, &requests).await, [200; 6]);
    let fact = context.health.fact("sink");
    assert_eq!(statuses(&context, every, &requests).await, [503, 503, 200, 503, 503, 503]);
    fact.well();
    // Old work is trouble at an age that can be chosen.
    fact.oldest_unacknowledged(Some(clock::now() - Duration::from_secs(300)));
    let patient = Probe { unhealthy_age: Duration::from_secs(3600), ..every };
    assert_eq!(statuses(&context, every, &requests[3..]).await, [503; 3]);
    assert_eq!(statuses(&context, patient, &requests[3..]).await, [200; 3]);
}
