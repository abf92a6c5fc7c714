//! TLS beside HTTP: events arrive over it, and a renewed certificate needs no restart.

use std::{fs, net::SocketAddr, path::Path};

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, tls::TlsInfo};
use tempfile::TempDir;

use crate::support::{
    http,
    piste::{Launch, PATIENCE, Piste},
    wait,
};

/// A certificate for the loopback address that signs itself, and its key, as PEM.
struct Signed {
    certificate: String,
    key: String,
    der: Vec<u8>,
}

fn signed() -> Signed {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    Signed { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().to_vec() }
}

/// Each file appears whole, as those who renew certificates take care of.
fn write(folder: &Path, certificate: &str, key: &str) {
    for (name, text) in [("tls.key", key), ("tls.crt", certificate)] {
        fs::write(folder.join("new"), text).unwrap();
        fs::rename(folder.join("new"), folder.join(name)).unwrap();
    }
}

fn launch(folder: &Path) -> Launch {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    Launch::up(&folder.join("data")).with(&[
        "-Dcollector.ssl.enable=true",
        "-Dcollector.ssl.port=0",
        "-Dcollector.hsts.enable=true",
        &format!("-Dcollector.ssl.certificate={}", certificate.display()),
        &format!("-Dcollector.ssl.privateKey={}", key.display()),
    ])
}

fn https_of(piste: &Piste) -> SocketAddr {
    wait::until("the address with TLS", PATIENCE, || {
        let said = piste.stdout();
        let line = said.lines().find(|line| line.contains("https://"))?;
        line.rsplit("https://").next()?.trim().parse().ok()
    })
}

/// Asks over a connection of its own; gives the status, whether HSTS was there, and the certificate that was shown.
fn get(at: SocketAddr, target: &str, trusted: &[&Signed]) -> Option<(u16, bool, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let roots = trusted.iter().map(|signed| Certificate::from_der(&signed.der).unwrap());
        let client = Client::builder().tls_certs_only(roots).tls_info(true).build().unwrap();
        let answer = client.get(format!("https://{at}{target}")).send().await.ok()?;
        let shown = answer.extensions().get::<TlsInfo>()?.peer_certificate()?.to_vec();
        let hsts = answer.headers().contains_key("strict-transport-security");
        Some((answer.status().as_u16(), hsts, shown))
    })
}

#[test]
fn a_renewed_certificate_needs_no_restart() {
    let (first, second, third) = (signed(), signed(), signed());
    let folder = TempDir::new().unwrap();
    write(folder.path(), &first.certificate, &first.key);
    let piste = launch(folder.path()).start();
    let at = https_of(&piste);
    let trusted = [&first, &second, &third];
    let event = "/i?e=pv&p=web&tv=t&url=http%3A%2F%2Flocalhost%2F";
    assert_eq!(get(at, event, &trusted), Some((200, true, first.der.clone())));
    assert_eq!(get(at, event, &[&second]), None, "who does not trust it does not get in");
    let plain = http::get(piste.collector, event).unwrap();
    assert_eq!((plain.status, plain.header("strict-transport-security").is_some()), (200, true));

    // Found by itself.
    write(folder.path(), &second.certificate, &second.key);
    let renewed = |want: &Signed| {
        wait::until("the new certificate", PATIENCE, || {
            get(at, "/health", &trusted).filter(|(_, _, shown)| *shown == want.der)
        });
    };
    renewed(&second);

    // Key and certificate do not match: said, and nothing changes.
    write(folder.path(), &third.certificate, &first.key);
    piste.signal("HUP");
    wait::until("the warning", PATIENCE, || piste.stderr().contains("does not belong").then_some(()));
    assert_eq!(get(at, event, &trusted), Some((200, true, second.der.clone())));

    // At once when asked.
    write(folder.path(), &third.certificate, &third.key);
    piste.signal("HUP");
    renewed(&third);

    let lake = piste.lake();
    wait::until_equal("the events in the lake", PATIENCE, &3, || lake.enriched().len());
    let ended = piste.finish_well();
    assert!(!ended.stderr.contains("PRIVATE KEY"), "keys are not logged");
}

#[test]
fn plain_requests_are_sent_to_https() {
    let only = signed();
    let folder = TempDir::new().unwrap();
    write(folder.path(), &only.certificate, &only.key);
    let piste = launch(folder.path()).with(&["-Dcollector.ssl.redirect=true"]).start();
    let at = https_of(&piste);
    let answer = http::get(piste.collector, "/i?e=pv&p=web").unwrap();
    let there = format!("https://{at}/i?e=pv&p=web");
    assert_eq!((answer.status, answer.header("location")), (301, Some(there.as_str())));
    assert_eq!(get(at, "/i?e=pv&p=web", &[&only]), Some((200, true, only.der.clone())), "no circle");
    assert_eq!(http::get(piste.collector, "/health").unwrap().status, 200);
    let lake = piste.lake();
    wait::until_equal("the event in the lake", PATIENCE, &1, || lake.enriched().len());
    piste.finish_well();
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start() {
    let (one, other) = (signed(), signed());
    let check = |launch: &Launch, expect: &[&str]| {
        let ended = launch.run();
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        for part in expect {
            assert!(ended.stderr.contains(part), "`{part}` in:\n{}", ended.stderr);
        }
    };
    let folder = TempDir::new().unwrap();
    check(&launch(folder.path()), &["tls.crt", "No such file"]);
    write(folder.path(), &one.certificate, &other.key);
    check(&launch(folder.path()), &["tls.crt", "tls.key", "does not belong"]);
    let bare = Launch::up(&folder.path().join("data")).with(&["-Dcollector.ssl.enable=true"]);
    check(&bare, &["collector.ssl", "certificate", "keyStore"]);
    let java = bare.clone().with(&["-Djavax.net.ssl.keyStore=/no/such/store.p12"]);
    check(&java, &["/no/such/store.p12"]);
    let kind = java.with(&["-Djavax.net.ssl.keyStoreType=BCFKS"]);
    check(&kind, &["keyStoreType", "BCFKS"]);
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}
