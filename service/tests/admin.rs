//! The admin server over a real socket.

use service::{admin::server, context::Context, drain::Drain};
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
