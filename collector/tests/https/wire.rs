//! Requests over TLS, on the port beside the plain one.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use bytes::Bytes;
use collector::config::CollectorConfig;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use service::{
    clock,
    tls::{Look, Tls, TlsKeys},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Running, ask::ask, config};

/// Certificates that trust themselves, in a folder from which they are served.
struct Certificates {
    folder: TempDir,
    roots: RootCertStore,
}

impl Certificates {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), roots: RootCertStore::empty() }
    }

    /// Writes a new certificate, which clients made from now on trust too.
    fn renew(&mut self) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".into()]).unwrap().self_signed(&key).unwrap();
        fs::write(self.path().join("tls.crt"), certificate.pem()).unwrap();
        fs::write(self.path().join("tls.key"), key.serialize_pem()).unwrap();
        self.roots.add(certificate.der().clone()).unwrap();
        certificate.der().clone()
    }

    fn open(&self) -> Tls {
        let keys = TlsKeys {
            certificate: Some(self.path().join("tls.crt")),
            private_key: Some(self.path().join("tls.key")),
            ..TlsKeys::default()
        };
        Tls::open(&keys, "collector", clock::now()).unwrap()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn connect(
        &self,
        to: SocketAddr,
        version: &'static SupportedProtocolVersion,
        alpn: &[&str],
    ) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(to).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(client)).connect(name, socket).await.unwrap()
    }
}

/// What hyper sends with over either version of HTTP.
enum Sender {
    One(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Two(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    /// Speaks what was agreed on.
    async fn over(stream: TlsStream<TcpStream>) -> Self {
        let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        if two {
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            Self::Two(sender)
        } else {
            let (sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            Self::One(sender)
        }
    }

    /// Status, body and whether HSTS was there.
    async fn send(&mut self, method: &str, path: &str, body: &'static str) -> (u16, Bytes, bool) {
        let body = Full::new(Bytes::from_static(body.as_bytes()));
        let request = http::Request::builder().method(method);
        let answer = match self {
            Self::One(sender) => {
                let request = request.uri(path).header("host", "localhost").body(body).unwrap();
                sender.send_request(request).await
            }
            Self::Two(sender) => {
                let request = request.uri(format!("https://localhost{path}")).body(body).unwrap();
                sender.send_request(request).await
            }
        };
        let answer = answer.unwrap();
        let hsts = answer.headers().contains_key("strict-transport-security");
        (answer.status().as_u16(), answer.into_body().collect().await.unwrap().to_bytes(), hsts)
    }
}

fn with_hsts() -> CollectorConfig {
    config("ssl.enable = true, ssl.redirect = true, hsts.enable = true")
}

#[tokio::test]
async fn events_arrive_over_every_version() {
    let mut certificates = Certificates::new();
    certificates.renew();
    let (running, https) = Running::with_tls(with_hsts(), &certificates.open());
    for version in [&TLS12, &TLS13] {
        for (alpn, agreed) in
            [(&["h2", "http/1.1"][..], Some("h2")), (&["http/1.1"], Some("http/1.1")), (&[], None)]
        {
            let stream = certificates.connect(https, version, alpn).await;
            let found = stream.get_ref().1.alpn_protocol().map(|name| std::str::from_utf8(name).unwrap());
            assert_eq!(found, agreed, "{version:?} {alpn:?}");
            let mut sender = Sender::over(stream).await;
            let case = format!("{version:?} {agreed:?}");
            let path = "/com.snowplowanalytics.snowplow/tp2";
            assert_eq!(sender.send("POST", path, "{}").await, (200, "ok".into(), true), "{case}");
            assert_eq!(sender.send("GET", "/health", "").await, (200, "ok".into(), true), "{case}");
            assert_eq!(sender.send("GET", "/nothing", "").await, (404, "Not found".into(), true), "{case}");
            let stored = running.payloads();
            let bodies: Vec<_> = stored.iter().map(|payload| payload.body.clone()).collect();
            assert_eq!(bodies, [Some(b"{}".to_vec().into())], "{case}");
        }
    }
}

#[tokio::test]
async fn http_2_can_be_left_out() {
    let mut certificates = Certificates::new();
    certificates.renew();
    let without = config("ssl.enable = true, networking.http2 = false");
    let (running, https) = Running::with_tls(without, &certificates.open());
    let stream = certificates.connect(https, &TLS13, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(Sender::over(stream).await.send("GET", "/i?e=pv", "").await.0, 200);
    assert_eq!(running.payloads().len(), 1);
}

#[tokio::test]
async fn every_response_has_hsts_on_both_ports() {
    let mut certificates = Certificates::new();
    certificates.renew();
    let (running, https) = Running::with_tls(with_hsts(), &certificates.open());
    for path in ["/health", "/i", "/nothing", "/r/x"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let plain = ask(running.address, request.as_bytes()).await.unwrap();
        let expect = Some("max-age=31536000; includeSubDomains");
        assert_eq!(plain.header("strict-transport-security"), expect, "{path}");
        let mut sender = Sender::over(certificates.connect(https, &TLS13, &["http/1.1"]).await).await;
        let (_, _, hsts) = sender.send("GET", path, "").await;
        assert!(hsts, "{path} over TLS");
    }
    // Refused by the reader of heads.
    let refused = ask(running.address, b"NOT HTTP\r\n\r\n").await.unwrap();
    assert_eq!((refused.status, refused.header("strict-transport-security").is_some()), (400, true));
}

#[tokio::test]
async fn a_new_certificate_leaves_open_connections_alone() {
    let mut certificates = Certificates::new();
    let mut current = certificates.renew();
    let tls = certificates.open();
    let (_running, https) = Running::with_tls(with_hsts(), &tls);
    let shown = |stream: &TlsStream<TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    for alpn in [&["http/1.1"][..], &["h2"]] {
        let before = certificates.connect(https, &TLS13, alpn).await;
        assert_eq!(shown(&before), current);
        let mut before = Sender::over(before).await;
        assert_eq!(before.send("GET", "/health", "").await.0, 200);

        let next = certificates.renew();
        assert_eq!(tls.look(clock::now(), false), Look::Taken);
        let after = certificates.connect(https, &TLS13, alpn).await;
        assert_eq!(shown(&after), next);
        let mut after = Sender::over(after).await;
        assert_eq!(before.send("GET", "/health", "").await.0, 200, "{alpn:?}");
        assert_eq!(after.send("GET", "/health", "").await.0, 200, "{alpn:?}");
        current = next;
    }
}

#[tokio::test]
async fn plain_bytes_on_the_port_of_tls_are_no_request() {
    let mut certificates = Certificates::new();
    certificates.renew();
    let (running, https) = Running::with_tls(with_hsts(), &certificates.open());
    let answer = ask(https, b"GET /i?e=pv HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(answer, None);
    assert_eq!(running.payloads().len(), 0);
    let counted = "piste_collector_failed_handshakes_total{reason=\"not_tls\"}";
    assert!(service::telemetry::render().contains(counted));
    let mut sender = Sender::over(certificates.connect(https, &TLS13, &["http/1.1"]).await).await;
    assert_eq!(sender.send("GET", "/i?e=pv", "").await.0, 200, "others are served");
}
