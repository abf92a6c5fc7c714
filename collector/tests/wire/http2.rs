//! HTTP/2, in the clear and over TLS.

use std::{net::TcpListener, sync::Arc};

use bytes::Bytes;
use collector::run::{Https, Listeners};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::support::{Running, ask::ask, config};

type Client = SendRequest<Full<Bytes>>;

async fn client<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(socket: S) -> Client {
    let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (client, connection) = builder.handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    client
}

fn post(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("https://c.example/a/b?x=1")
        .header("x-First", "1")
        .header("cookie", "sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a")
        .header("user-agent", "me")
        .header("cookie", "b=2")
        .body(Full::new(body.into()))
        .unwrap()
}

async fn whole(response: Response<hyper::body::Incoming>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn the_same_answers_and_payloads() {
    let running = Running::start(config(""));
    let mut client = client(TcpStream::connect(running.address).await.unwrap()).await;
    let answer = whole(client.send_request(post("{}")).await.unwrap()).await;
    assert_eq!(
        (answer.status(), answer.version(), &answer.body()[..]),
        (StatusCode::OK, Version::HTTP_2, &b"ok"[..])
    );
    let names: Vec<&str> = answer.headers().keys().map(|name| name.as_str()).collect();
    let cors = ["access-control-allow-origin", "access-control-allow-credentials"];
    assert_eq!(names, [&["set-cookie"], &cors[..], &["content-type", "date", "content-length"]].concat());
    let payload = running.payloads().remove(0);
    assert_eq!(payload.path.as_deref(), Some("/a/b"));
    assert_eq!(payload.querystring.as_deref(), Some("x=1"));
    assert_eq!(payload.body.as_deref(), Some(&b"{}"[..]));
    assert_eq!(payload.network_userid.as_deref(), Some("8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"));
    assert_eq!(
        payload.headers.unwrap(),
        [
            "Host: c.example",
            "x-first: 1",
            "cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a;b=2",
            "user-agent: me",
            "content-length: 2"
        ]
    );
    for (target, status) in [("/health", 200), ("/a/b/c", 404), ("/i?e=pv", 200)] {
        let request = Request::get(format!("http://c.example{target}")).body(Full::default()).unwrap();
        let answer = whole(client.send_request(request).await.unwrap()).await;
        assert_eq!(answer.status(), status, "{target}");
    }
}

#[tokio::test]
async fn many_at_once_and_caps() {
    let running = Running::start(config("networking { dropPayloadSize = 100000, maxHeadersLength = 2000 }"));
    let client = client(TcpStream::connect(running.address).await.unwrap()).await;
    let asking = (0..200).map(|n| {
        let mut client = client.clone();
        async move { client.send_request(post(format!("{n}"))).await.unwrap().status().as_u16() }
    });
    assert!(futures_util::future::join_all(asking).await.iter().all(|status| *status == 200));
    assert_eq!(running.payloads().len(), 200);
    let mut other = client.clone();
    for (length, status) in [(100_000, 200), (100_001, 413), (10, 200)] {
        let answer = other.send_request(post(vec![b'x'; length])).await.unwrap();
        assert_eq!(answer.status(), status, "{length}");
    }
    for length in [1900, 3000, 60_000] {
        let request =
            Request::get("http://c/i").header("x", "x".repeat(length)).body(Full::default()).unwrap();
        let status = client.clone().send_request(request).await.map(|answer| answer.status().as_u16());
        let refused = matches!(status, Ok(400 | 431) | Err(_));
        assert_eq!(refused, length > 2000, "{length}: {status:?}");
    }
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let running = Running::start(config("networking { http2 = false }"));
    let answer = ask(running.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn drain_lets_requests_in_flight_be_answered() {
    let running = Running::start(config(""));
    running.good.gate.forget_permits(usize::MAX >> 3);
    let mut busy = client(TcpStream::connect(running.address).await.unwrap()).await;
    let asking = tokio::spawn(async move { busy.send_request(post("{}")).await.unwrap().status() });
    while running.good.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    running.context.drain.request();
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!running.task.is_finished());
    running.good.gate.add_permits(1);
    assert_eq!(asking.await.unwrap(), 200);
    running.task.await.unwrap().unwrap();
}

/// A listener with a certificate of its own, and a client that trusts it and offers these protocols.
fn tls(offered: &[&[u8]]) -> (Https, TlsConnector) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let made = rcgen::generate_simple_self_signed(["c.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let mut client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (Https { listener, tls: Arc::new(server) }, TlsConnector::from(Arc::new(client)))
}

#[tokio::test]
async fn over_tls_the_handshake_decides() {
    for (http2, offered, agreed) in [
        (true, &[&b"h2"[..], b"http/1.1"][..], Some(&b"h2"[..])),
        (true, &[b"http/1.1"], Some(b"http/1.1")),
        (true, &[], None),
        (false, &[b"h2", b"http/1.1"], Some(b"http/1.1")),
    ] {
        let (https, connector) = tls(offered);
        let address = https.listener.local_addr().unwrap();
        let listeners = Listeners { http: None, https: Some(https) };
        let running = Running::start_on(config(&format!("networking {{ http2 = {http2} }}")), listeners);
        // What is no TLS disturbs nobody.
        let mut noise = TcpStream::connect(address).await.unwrap();
        noise.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let _alert = noise.read_to_end(&mut Vec::new()).await;

        let socket = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("c.example").unwrap();
        let mut socket = connector.connect(name, socket).await.unwrap();
        assert_eq!(socket.get_ref().1.alpn_protocol(), agreed);
        if agreed == Some(b"h2") {
            let answer = client(socket).await.send_request(post("{}")).await.unwrap();
            assert_eq!(answer.status(), 200);
        } else {
            socket
                .write_all(b"POST /a/b HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
                .await
                .unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");
        }
        assert_eq!(running.payloads().len(), 1);
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_ends() {
    let (https, _) = tls(&[]);
    let address = https.listener.local_addr().unwrap();
    let listeners = Listeners { http: None, https: Some(https) };
    let _running = Running::start_on(config("networking { headerReadTimeout = 50 ms }"), listeners);
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"\x16\x03\x01").await.unwrap();
    assert_eq!(silent.read_to_end(&mut Vec::new()).await.unwrap(), 0);
}
