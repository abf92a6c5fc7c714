//! TLS of servers: the formats that are read, what is refused and why, and certificates that change while they are used.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use service::{
    config::{Sources, load},
    exit::{ExitCode, RunError},
    tls::{Look, Tls, TlsKeys, WARN_BEFORE},
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

const PASSWORD: &str = "a password";

/// An authority, an intermediate one, and what they sign.
struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

/// A server's certificate with its key, as PEM.
#[derive(Clone)]
struct Signed {
    chain: String,
    key: String,
    der: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let params = |name: &str| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let root = CertifiedIssuer::self_signed(params("root"), KeyPair::generate().unwrap()).unwrap();
        let between = KeyPair::generate().unwrap();
        let intermediate = CertifiedIssuer::signed_by(params("intermediate"), between, &root).unwrap();
        Self { root, intermediate }
    }

    /// For `localhost`, valid from 2020 to the end of that year, signed for this key.
    fn sign_for(&self, key: &KeyPair, until: i32) -> Signed {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 12, 31);
        let certificate = params.signed_by(key, &self.intermediate).unwrap();
        Signed {
            chain: certificate.pem() + &self.intermediate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    fn sign(&self) -> Signed {
        self.sign_for(&KeyPair::generate().unwrap(), 2090)
    }

    fn client(&self, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    fn any_client(&self) -> Arc<ClientConfig> {
        self.client(&[&TLS12, &TLS13], &[])
    }
}

/// A connection to a server that sends back what it gets.
async fn connect(tls: &Tls, client: Arc<ClientConfig>) -> std::io::Result<TlsStream<DuplexStream>> {
    let (near, far) = tokio::io::duplex(1 << 16);
    let acceptor = TlsAcceptor::from(tls.config());
    tokio::spawn(async move {
        let Ok(stream) = acceptor.accept(far).await else { return };
        let (mut from, mut to) = tokio::io::split(stream);
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let mut stream =
        TlsConnector::from(client).connect(ServerName::try_from("localhost").unwrap(), near).await?;
    echo(&mut stream).await?;
    Ok(stream)
}

async fn echo(stream: &mut TlsStream<DuplexStream>) -> std::io::Result<()> {
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut came = [0; 5];
    stream.read_exact(&mut came).await?;
    assert_eq!(&came, b"hello");
    Ok(())
}

fn shown(stream: &TlsStream<DuplexStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// A folder with `tls.crt` and `tls.key`, and the keys that name them.
fn written(signed: &Signed) -> (TempDir, TlsKeys) {
    let folder = TempDir::new().unwrap();
    write(folder.path(), signed);
    let keys = pem(folder.path());
    (folder, keys)
}

fn write(folder: &Path, signed: &Signed) {
    fs::write(folder.join("tls.crt"), &signed.chain).unwrap();
    fs::write(folder.join("tls.key"), &signed.key).unwrap();
}

fn pem(folder: &Path) -> TlsKeys {
    TlsKeys {
        certificate: Some(folder.join("tls.crt")),
        private_key: Some(folder.join("tls.key")),
        ..TlsKeys::default()
    }
}

fn store(path: PathBuf, password: Option<&str>) -> TlsKeys {
    TlsKeys { key_store: Some(path), key_store_password: password.map(Into::into), ..TlsKeys::default() }
}

/// Runs a tool in a folder; `None` where it is not installed.
fn tool(folder: &Path, command: &str, arguments: &str) -> Option<()> {
    let quoted = arguments.split(' ').map(|argument| argument.replace('+', " "));
    let done = match Command::new(command).args(quoted).current_dir(folder).output() {
        Ok(done) => done,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{command}: {error}"),
    };
    assert!(done.status.success(), "{command} {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    Some(())
}

fn openssl(folder: &Path, arguments: &str) {
    tool(folder, "openssl", arguments).expect("openssl is installed");
}

#[tokio::test]
async fn versions_and_protocols() {
    let authority = Authority::new();
    let (folder, keys) = written(&authority.sign());
    let only_13 = format!(
        "certificate = \"{0}/tls.crt\", privateKey = \"{0}/tls.key\", minVersion = \"1.3\"",
        folder.path().display()
    );
    let only_13: TlsKeys = load(&Sources::of_text("test", &only_13), None).unwrap().config;
    let (both, only_13) = (Tls::open(&keys, "t", now()).unwrap(), Tls::open(&only_13, "t", now()).unwrap());
    let authority = &authority;
    let check = async |tls: &Tls, version, alpn: &[&str], expect: Option<(ProtocolVersion, Option<&str>)>| {
        let connected = connect(tls, authority.client(&[version], alpn)).await;
        let found = connected.as_ref().ok().map(|stream| {
            let connection = stream.get_ref().1;
            let alpn = connection.alpn_protocol().map(|name| std::str::from_utf8(name).unwrap());
            (connection.protocol_version().unwrap(), alpn)
        });
        assert_eq!(found, expect, "{version:?} {alpn:?}");
    };
    let (v12, v13) = (ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3);
    check(&both, &TLS13, &["h2", "http/1.1"], Some((v13, Some("h2")))).await;
    check(&both, &TLS13, &["http/1.1", "h2"], Some((v13, Some("h2")))).await;
    check(&both, &TLS13, &["http/1.1"], Some((v13, Some("http/1.1")))).await;
    check(&both, &TLS12, &["h2"], Some((v12, Some("h2")))).await;
    check(&both, &TLS12, &["http/1.1"], Some((v12, Some("http/1.1")))).await;
    check(&both, &TLS12, &[], Some((v12, None))).await;
    check(&both, &TLS13, &["spdy/3"], None).await;
    check(&only_13, &TLS13, &["h2"], Some((v13, Some("h2")))).await;
    check(&only_13, &TLS12, &["h2"], None).await;
}

#[tokio::test]
async fn sessions_are_resumed() {
    let authority = Authority::new();
    let (_folder, keys) = written(&authority.sign());
    let tls = Tls::open(&keys, "t", now()).unwrap();
    for version in [&TLS12, &TLS13] {
        let client = authority.client(&[version], &[]);
        let first = connect(&tls, client.clone()).await.unwrap();
        assert_eq!(first.get_ref().1.handshake_kind(), Some(HandshakeKind::Full), "{version:?}");
        let second = connect(&tls, client).await.unwrap();
        assert_eq!(second.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    }
}

#[tokio::test]
async fn formats_of_keys() {
    let authority = Authority::new();
    let elliptic = authority.sign();
    // Keys of the second version, which rcgen writes, are unknown to OpenSSL 3.0.
    let folder = TempDir::new().unwrap();
    openssl(folder.path(), "genpkey -algorithm ed25519 -out ed.key");
    let edwards = KeyPair::from_pem(&fs::read_to_string(folder.path().join("ed.key")).unwrap()).unwrap();
    let edwards = authority.sign_for(&edwards, 2090);
    let rsa = authority.sign_for(&KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap(), 2090);
    let check = async |what: &str, signed: &Signed, prepare: &dyn Fn(&Path) -> TlsKeys| {
        let (folder, _) = written(signed);
        let keys = prepare(folder.path());
        let tls = Tls::open(&keys, "t", now()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let client = connect(&tls, authority.any_client()).await.unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(shown(&client), signed.der, "{what}");
        assert_eq!(tls.pair().certificate.names, ["localhost"], "{what}");
    };
    for (kind, signed) in [("elliptic", &elliptic), ("RSA", &rsa), ("Ed25519", &edwards)] {
        check(&format!("{kind}, PKCS8"), signed, &pem).await;
        let exported = |options: &'static str, password: Option<&'static str>| {
            move |folder: &Path| {
                let password_of = password.unwrap_or_default().replace(' ', "+");
                openssl(
                    folder,
                    &format!(
                        "pkcs12 -export -in tls.crt -inkey tls.key -out a.p12 -passout pass:{password_of}{options}"
                    ),
                );
                store(folder.join("a.p12"), password)
            }
        };
        check(&format!("{kind}, PKCS12"), signed, &exported("", Some(PASSWORD))).await;
        check(&format!("{kind}, PKCS12 legacy"), signed, &exported(" -legacy", Some(PASSWORD))).await;
        check(&format!("{kind}, PKCS12 3DES"), signed, &exported(" -descert -legacy", Some(PASSWORD))).await;
        check(&format!("{kind}, PKCS12 named"), signed, &exported(" -name collector", Some(PASSWORD))).await;
        check(&format!("{kind}, PKCS12 without password"), signed, &exported("", None)).await;
    }
    let traditional = |folder: &Path| {
        openssl(folder, "pkey -in tls.key -traditional -out old.key");
        TlsKeys { private_key: Some(folder.join("old.key")), ..pem(folder) }
    };
    check("SEC1", &elliptic, &traditional).await;
    check("PKCS1", &rsa, &traditional).await;
    let in_one = |folder: &Path| {
        let both = fs::read_to_string(folder.join("tls.key")).unwrap()
            + &fs::read_to_string(folder.join("tls.crt")).unwrap();
        fs::write(folder.join("both.pem"), both).unwrap();
        TlsKeys { certificate: Some(folder.join("both.pem")), ..TlsKeys::default() }
    };
    check("one file", &elliptic, &in_one).await;
    let pem_store = |folder: &Path| store(in_one(folder).certificate.unwrap(), None);
    check("PEM as key store", &elliptic, &pem_store).await;
}

#[tokio::test]
async fn key_stores_that_keytool_writes() {
    let authority = Authority::new();
    let signed = authority.sign();
    for options in ["", " -J-Dkeystore.pkcs12.legacy"] {
        let (folder, _) = written(&signed);
        openssl(
            folder.path(),
            "pkcs12 -export -in tls.crt -inkey tls.key -name one -out a.p12 -passout pass:changeit",
        );
        let made = tool(
            folder.path(),
            "keytool",
            &format!(
                "-importkeystore -noprompt -srckeystore a.p12 -srcstoretype PKCS12 -srcstorepass changeit \
                 -destkeystore b.p12 -deststoretype PKCS12 -deststorepass changeit{options}"
            ),
        );
        if made.is_none() {
            eprintln!("SKIPPED: key stores of keytool, because it is not installed");
            return;
        }
        let tls = Tls::open(&store(folder.path().join("b.p12"), Some("changeit")), "t", now()).unwrap();
        let client = connect(&tls, authority.any_client()).await.unwrap();
        assert_eq!(shown(&client), signed.der, "`{options}`");
        tool(
            folder.path(),
            "keytool",
            "-importkeystore -noprompt -srckeystore a.p12 -srcstorepass changeit -destkeystore c.jks \
             -deststoretype JKS -deststorepass changeit",
        );
        let error = Tls::open(&store(folder.path().join("c.jks"), Some("changeit")), "t", now()).unwrap_err();
        assert!(error.to_string().contains("keytool -importkeystore"), "{error}");
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    let authority = Authority::new();
    let (folder, keys) = written(&authority.sign());
    let at = folder.path();
    fs::write(at.join("other.key"), authority.sign().key).unwrap();
    fs::write(at.join("text"), "no PEM at all").unwrap();
    fs::write(at.join("cut.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    fs::write(at.join("noise.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    fs::write(at.join("noise.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        .unwrap();
    fs::write(at.join("large"), vec![b'a'; (1 << 20) + 1]).unwrap();
    openssl(at, "pkcs8 -topk8 -in tls.key -out encrypted.key -passout pass:secret");
    openssl(at, "ec -in tls.key -aes128 -out encrypted-old.key -passout pass:secret");
    openssl(at, "pkcs12 -export -in tls.crt -inkey tls.key -out a.p12 -passout pass:right");
    openssl(at, "pkcs12 -export -legacy -in tls.crt -inkey tls.key -out old.p12 -passout pass:right");
    openssl(at, "pkcs12 -export -nomac -in tls.crt -inkey tls.key -out nomac.p12 -passout pass:right");
    openssl(at, "pkcs12 -export -in tls.crt -nokeys -out nokey.p12 -passout pass:right");

    let key = |name: &str| TlsKeys { private_key: Some(at.join(name)), ..keys.clone() };
    let chain = |name: &str| TlsKeys { certificate: Some(at.join(name)), ..keys.clone() };
    let store = |name: &str, password| store(at.join(name), password);
    let check = |keys: &TlsKeys, expect: &[&str]| {
        let error = Tls::open(keys, "t", now()).unwrap_err();
        for part in expect {
            assert!(error.to_string().contains(part), "`{part}` in `{error}`");
        }
        assert_eq!(RunError::from(error).code, ExitCode::Config);
    };
    check(&key("missing.key"), &["missing.key", "No such file"]);
    check(&chain("missing.crt"), &["missing.crt", "No such file"]);
    check(&key("other.key"), &["tls.crt", "other.key", "does not belong"]);
    check(&key("text"), &["text", "no private key"]);
    check(&chain("text"), &["text", "no certificate"]);
    check(&chain("tls.key"), &["tls.key", "no certificate"]);
    check(&key("tls.crt"), &["tls.crt", "no private key"]);
    check(&chain("cut.crt"), &["cut.crt", "cannot be understood"]);
    check(&chain("noise.crt"), &["noise.crt", "not an X.509 certificate"]);
    check(&key("noise.key"), &["noise.key", "cannot be understood"]);
    check(&key("large"), &["large", "1048576"]);
    check(&key("encrypted.key"), &["encrypted.key", "is encrypted"]);
    check(&key("encrypted-old.key"), &["encrypted-old.key", "is encrypted"]);
    for name in ["a.p12", "old.p12", "nomac.p12"] {
        check(&store(name, Some("wrong")), &[name, "keyStorePassword", "does not open"]);
        check(&store(name, None), &[name, "without a password"]);
    }
    check(&store("nokey.p12", Some("right")), &["nokey.p12", "no private key with its certificate"]);
    check(&store("text", Some("right")), &["text", "PKCS12"]);
    check(&TlsKeys::default(), &["certificate", "privateKey", "keyStore"]);
    check(&TlsKeys { key_store: Some("x".into()), ..keys.clone() }, &["both"]);
    check(&TlsKeys { certificate: None, ..keys.clone() }, &["`certificate` is not"]);
}

#[tokio::test]
async fn a_new_pair_is_taken_while_connections_stay_open() {
    let authority = Authority::new();
    let (first, second) = (authority.sign(), authority.sign());
    let (folder, keys) = written(&first);
    let tls = Tls::open(&keys, "taken", now()).unwrap();
    let client = authority.any_client();
    let mut before = connect(&tls, client.clone()).await.unwrap();
    assert_eq!(tls.look(now(), false), Look::Unchanged);

    write(folder.path(), &second);
    assert_eq!(tls.look(now(), false), Look::Taken);
    assert_eq!(tls.look(now(), false), Look::Unchanged);
    assert_eq!(shown(&connect(&tls, authority.any_client()).await.unwrap()), second.der);
    echo(&mut before).await.unwrap();
    assert_eq!(shown(&before), first.der);
    // A client that was here before goes on with its session or begins a new one: it is served.
    connect(&tls, client).await.unwrap();
}

/// Kubernetes shows a secret as links through `..data`, a link that is replaced in one step.
#[tokio::test]
async fn a_replaced_link_is_a_new_pair() {
    let authority = Authority::new();
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    let link = |signed: &Signed, version: &str| {
        fs::create_dir(at.join(version)).unwrap();
        write(&at.join(version), signed);
        std::os::unix::fs::symlink(version, at.join("..new")).unwrap();
        fs::rename(at.join("..new"), at.join("..data")).unwrap();
    };
    let (first, second) = (authority.sign(), authority.sign());
    link(&first, "..1");
    for name in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(Path::new("..data").join(name), at.join(name)).unwrap();
    }
    let tls = Tls::open(&pem(at), "link", now()).unwrap();
    link(&second, "..2");
    fs::remove_dir_all(at.join("..1")).unwrap();
    assert_eq!(tls.look(now(), false), Look::Taken);
    assert_eq!(shown(&connect(&tls, authority.any_client()).await.unwrap()), second.der);
}

#[tokio::test]
async fn what_is_broken_is_refused_once_and_the_old_one_stays() {
    let authority = Authority::new();
    let (good, next) = (authority.sign(), authority.sign());
    let expired = authority.sign_for(&KeyPair::generate().unwrap(), 2021);
    let mismatch = Signed { key: next.key.clone(), ..good.clone() };
    let cut = Signed { chain: good.chain[..100].to_owned(), ..good.clone() };
    let (folder, keys) = written(&good);
    let tls = Tls::open(&keys, "refused", now()).unwrap();
    for (what, broken) in [("mismatch", &mismatch), ("cut", &cut), ("expired", &expired)] {
        write(folder.path(), broken);
        let Look::Unsettled(error) = tls.look(now(), false) else { panic!("{what}: not at the first sight") };
        assert_eq!(tls.look(now(), false), Look::Refused(error), "{what}");
        assert_eq!(tls.look(now(), false), Look::Unchanged, "{what}: said once");
        assert_eq!(tls.look(now(), true), Look::Unchanged, "{what}: said once");
        assert_eq!(shown(&connect(&tls, authority.any_client()).await.unwrap()), good.der, "{what}");
    }
    fs::remove_file(folder.path().join("tls.key")).unwrap();
    assert!(matches!(tls.look(now(), true), Look::Refused(_)), "at once when asked");
    assert_eq!(tls.look(now(), false), Look::Unchanged);
    let rendered = service::telemetry::render();
    let line = "piste_tls_reloads_total{server=\"refused\",outcome=\"refused\"} 4";
    assert!(rendered.lines().any(|l| l == line), "{line} in\n{rendered}");

    // One file is written before the other: nothing is refused.
    write(folder.path(), &good);
    assert_eq!(tls.look(now(), false), Look::Unchanged);
    fs::write(folder.path().join("tls.crt"), &next.chain).unwrap();
    assert!(matches!(tls.look(now(), false), Look::Unsettled(_)));
    fs::write(folder.path().join("tls.key"), &next.key).unwrap();
    assert_eq!(tls.look(now(), false), Look::Taken);
    assert_eq!(shown(&connect(&tls, authority.any_client()).await.unwrap()), next.der);
}

#[test]
fn a_pair_of_tomorrow_is_taken_tomorrow() {
    let authority = Authority::new();
    let (now_valid, later) = (authority.sign(), authority.sign());
    let (folder, keys) = written(&now_valid);
    let (before, after) = (Timestamp::UNIX_EPOCH, now());
    let tls = Tls::open(&keys, "later", before).expect("used all the same");
    write(folder.path(), &later);
    assert!(matches!(tls.look(before, true), Look::Refused(_)));
    assert_eq!(tls.look(before, false), Look::Unchanged);
    assert_eq!(tls.look(after, false), Look::Taken);
}

#[test]
fn its_end_is_a_metric() {
    let authority = Authority::new();
    let (_folder, keys) = written(&authority.sign_for(&KeyPair::generate().unwrap(), 2030));
    let end: Timestamp = "2030-12-31T00:00:00Z".parse().unwrap();
    let tls = Tls::open(&keys, "end", end - WARN_BEFORE).unwrap();
    assert_eq!(tls.pair().certificate.not_after, end);
    let line = format!("piste_tls_certificate_expiry_seconds{{server=\"end\"}} {}", end.as_second());
    let rendered = service::telemetry::render();
    assert!(rendered.lines().any(|l| l == line), "{line} in\n{rendered}");
    assert_eq!(
        tls.look(end + SignedDuration::from_hours(1), false),
        Look::Unchanged,
        "it is used all the same"
    );
}
