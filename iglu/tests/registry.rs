//! The client beside a registry on the loopback interface and registries in folders.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use iglu::{
    check::{Verdict, check},
    client::{Client, HttpSettings},
    client_error::RegistryError,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Answers by path; a request takes the next, the last one repeats.
#[derive(Clone)]
enum Reply {
    Json(&'static str),
    Status(u16),
    Never,
    Close,
    Huge,
}

struct Registry {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    async fn start(replies: Vec<(&'static str, Vec<Reply>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(vec![]));
        let replies: Arc<HashMap<&str, (Vec<Reply>, AtomicUsize)>> = Arc::new(
            replies.into_iter().map(|(path, replies)| (path, (replies, AtomicUsize::new(0)))).collect(),
        );
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&replies), Arc::clone(&log)));
            }
        });
        Self { address, seen }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn serve(
    mut stream: TcpStream,
    replies: Arc<HashMap<&'static str, (Vec<Reply>, AtomicUsize)>>,
    log: Arc<Mutex<Vec<String>>>,
) {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap();
    let reply = replies.get(path).map_or(Reply::Status(404), |(replies, turn)| {
        replies[turn.fetch_add(1, Ordering::Relaxed).min(replies.len() - 1)].clone()
    });
    let (status, body) = match reply {
        Reply::Json(text) => (200, text.to_owned()),
        Reply::Status(status) => (status, "broken".to_owned()),
        Reply::Huge => (200, format!("\"{}\"", "x".repeat(6 * 1024 * 1024))),
        Reply::Close => return,
        Reply::Never => return std::future::pending().await,
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn http(name: &str, address: &str) -> Repository {
    let connection = Connection::Http { uri: address.to_owned(), apikey: Some("secret".into()) };
    Repository { name: name.into(), priority: 0, vendor_prefixes: vec![], connection }
}

fn client(repositories: Vec<Repository>, ttl: Option<u64>) -> (Client, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(0));
    let config = ResolverConfig { cache_size: 10, cache_ttl: ttl.map(Duration::from_secs), repositories };
    let clock = Arc::clone(&now);
    let settings = HttpSettings {
        max_retries: 1,
        max_wait: Duration::from_millis(1),
        timeout: Duration::from_millis(400),
    };
    let client = Client::new(config, move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap());
    (client.with_http(settings), now)
}

fn key(name: &str) -> SchemaKey {
    format!("iglu:com.acme/{name}/jsonschema/1-0-0").parse().unwrap()
}

#[tokio::test]
async fn answers_of_a_registry() {
    let registry = Registry::start(vec![
        ("/schemas/com.acme/found/jsonschema/1-0-0", vec![Reply::Json(r#"{"type":"object"}"#)]),
        ("/schemas/com.acme/late/jsonschema/1-0-0", vec![Reply::Status(503), Reply::Json("{}")]),
        ("/schemas/com.acme/broken/jsonschema/1-0-0", vec![Reply::Status(500)]),
        ("/schemas/com.acme/forbidden/jsonschema/1-0-0", vec![Reply::Status(403)]),
        ("/schemas/com.acme/moved/jsonschema/1-0-0", vec![Reply::Status(302)]),
        ("/schemas/com.acme/garbage/jsonschema/1-0-0", vec![Reply::Json("{garbage")]),
        ("/schemas/com.acme/slow/jsonschema/1-0-0", vec![Reply::Never]),
        ("/schemas/com.acme/closed/jsonschema/1-0-0", vec![Reply::Close]),
        ("/schemas/com.acme/huge/jsonschema/1-0-0", vec![Reply::Huge]),
        (
            "/schemas/com.acme/found/jsonschema/1",
            vec![Reply::Json(
                r#"["iglu:com.acme/found/jsonschema/1-0-0","iglu:com.acme/found/jsonschema/1-0-1"]"#,
            )],
        ),
    ])
    .await;
    let (client, _) = client(vec![http("Reg", &registry.address)], None);
    for (name, requests) in [("found", 1), ("late", 2)] {
        let before = registry.requests();
        assert!(client.get(&key(name)).await.is_ok(), "{name}");
        assert_eq!(registry.requests() - before, requests, "{name}");
    }
    assert!(registry.seen.lock().unwrap()[0].contains("apikey: secret"));

    let check = async |name: &str, requests: usize, expect: &str, is_system: bool| {
        let before = registry.requests();
        let error = client.get(&key(name)).await.unwrap_err();
        assert_eq!(registry.requests() - before, requests, "{name}");
        assert_eq!(error.is_system_error(), is_system, "{name}");
        assert_eq!(error.lookup_history["Iglu Client Embedded"].errors, [RegistryError::NotFound]);
        let said = format!("{:?}", error.lookup_history["Reg"].errors);
        assert!(said.contains(expect), "{name}: {said}");
        assert!(!said.contains("secret"), "{said}");
        // The failure is remembered.
        assert!(client.get(&key(name)).await.is_err());
        assert_eq!(registry.requests() - before, requests, "{name}");
    };
    check("missing", 1, "[NotFound]", false).await;
    check("broken", 2, "RepoFailure(\"Unexpected server response: broken\")", true).await;
    check("forbidden", 1, "ClientFailure(\"Unexpected response code: 403\")", true).await;
    check("moved", 1, "ClientFailure(\"Unexpected response: broken\")", true).await;
    check("garbage", 1, "ClientFailure(\"Could not decode server response.", true).await;
    check("slow", 2, "ClientFailure(", true).await;
    check("closed", 2, "ClientFailure(", true).await;
    check("huge", 1, "It is larger than", true).await;

    let versions = client.versions("com.acme", "found", 1).await.unwrap();
    assert_eq!(versions.len(), 2);
    assert!(client.versions("com.acme", "missing", 1).await.is_err());
    let built_in = client.versions("com.snowplowanalytics.snowplow", "link_click", 1).await.unwrap();
    assert_eq!(built_in.len(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (client, _) = client(vec![http("Reg", &address)], None);
    assert!(client.get(&key("a")).await.unwrap_err().is_system_error());
    // What is built in is there all the same.
    let web_page = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0".parse().unwrap();
    assert!(client.get(&web_page).await.is_ok());
}

#[tokio::test]
async fn callers_for_one_schema_share_one_request() {
    let registry =
        Registry::start(vec![("/schemas/com.acme/a/jsonschema/1-0-0", vec![Reply::Json("{}")])]).await;
    let (client, _) = client(vec![http("Reg", &registry.address)], None);
    let client = Arc::new(client);
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.get(&key("a")).await.is_ok() })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.unwrap());
    }
    assert_eq!(registry.requests(), 1);
}

#[tokio::test]
async fn a_stale_schema_serves_while_the_registry_is_down() {
    let replies = vec![Reply::Json(r#"{"type":"string"}"#), Reply::Status(500)];
    let registry = Registry::start(vec![("/schemas/com.acme/a/jsonschema/1-0-0", replies)]).await;
    let (client, now) = client(vec![http("Reg", &registry.address)], Some(60));
    let first = client.get(&key("a")).await.unwrap();
    now.store(61, Ordering::Relaxed);
    assert!(Arc::ptr_eq(&first, &client.get(&key("a")).await.unwrap()));
    assert_eq!(registry.requests(), 3);
}

#[tokio::test]
async fn superseding_schemas_judge() {
    let registry = Registry::start(vec![
        ("/schemas/com.acme/a/jsonschema/1-0-0", vec![Reply::Json(r#"{"$supersededBy":"1-0-2"}"#)]),
        ("/schemas/com.acme/a/jsonschema/1-0-2", vec![Reply::Json(r#"{"type":"string"}"#)]),
    ])
    .await;
    let (client, now) = client(vec![http("Reg", &registry.address)], None);
    let data =
        |data| SelfDescribing::from_json(json!({"schema": key("a").to_string(), "data": data})).unwrap();
    let now = Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap();
    assert!(
        matches!(check(client.cache(), &data(json!("x")), now), Verdict::Need(needed) if needed == key("a"))
    );
    client.fetch(&key("a")).await;
    let Verdict::ValidBySuperseding(by) = check(client.cache(), &data(json!("x")), now) else { panic!() };
    assert_eq!(by.to_string(), "iglu:com.acme/a/jsonschema/1-0-2");
    let Verdict::Invalid(error) = check(client.cache(), &data(json!(1)), now) else { panic!() };
    let reports = r#"{"message":"$: integer found, string expected","path":"$","keyword":"type","targets":["integer","string"]}"#;
    let expect = format!(r#"{{"supersededBy":"1-0-2","error":"ValidationError","dataReports":[{reports}]}}"#);
    assert_eq!(error.to_json().to_string(), expect);
}

#[tokio::test]
async fn folders_of_every_layout() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("schemas/com.acme/a/jsonschema/1-0-0", "{}");
    write("schemas/com.acme/b/jsonschema/1-0-0.json", "{}");
    write("com.acme/c/jsonschema/1-0-0", "{}");
    write("com.acme/d/jsonschema/1-0-0.json", "{}");
    write("com.acme/d/jsonschema/1-0-1", "{}");
    write("com.acme/d/jsonschema/2-0-0", "{}");
    write("com.acme/bad/jsonschema/1-0-0", "{");
    let connection = Connection::Folder(folder.path().to_owned());
    let repository = Repository { name: "dir".into(), priority: 0, vendor_prefixes: vec![], connection };
    let (client, now) = client(vec![repository], None);
    for name in ["a", "b", "c", "d"] {
        assert!(client.get(&key(name)).await.is_ok(), "{name}");
    }
    assert_eq!(client.versions("com.acme", "d", 1).await.unwrap().len(), 2);
    assert!(client.get(&key("bad")).await.unwrap_err().is_system_error());
    assert!(client.get(&"iglu:../acme/jsonschema/1-0-0".parse().unwrap()).await.is_err());

    // A file that comes or changes is seen soon.
    assert!(!client.get(&key("late")).await.unwrap_err().is_system_error());
    write("com.acme/late/jsonschema/1-0-0", "{}");
    write("com.acme/c/jsonschema/1-0-0", r#"{"type":"null"}"#);
    let unchanged = client.get(&key("a")).await.unwrap();
    assert!(client.get(&key("late")).await.is_err());
    now.store(6, Ordering::Relaxed);
    assert!(client.get(&key("late")).await.is_ok());
    assert_eq!(client.get(&key("c")).await.unwrap().json, json!({"type": "null"}));
    assert!(Arc::ptr_eq(&unchanged, &client.get(&key("a")).await.unwrap()));
}

#[tokio::test]
async fn all_versions_up_to_one() {
    let registry = Registry::start(vec![
        ("/schemas/com.acme/a/jsonschema/1-0-0", vec![Reply::Json("{}")]),
        ("/schemas/com.acme/a/jsonschema/1-0-1", vec![Reply::Json("{}")]),
        ("/schemas/com.acme/a/jsonschema/1-1-0", vec![Reply::Json("{}")]),
    ])
    .await;
    let (client, _) = client(vec![http("Reg", &registry.address)], None);
    let max = "iglu:com.acme/a/jsonschema/1-1-0".parse().unwrap();
    let schemas = client.schemas_until(&max).await.unwrap();
    let versions: Vec<String> = schemas.iter().map(|schema| schema.key.version.to_string()).collect();
    assert_eq!(versions, ["1-0-0", "1-0-1", "1-1-0"]);
    let beyond = "iglu:com.acme/a/jsonschema/1-1-2".parse().unwrap();
    assert_eq!(
        client.schemas_until(&beyond).await.unwrap_err().0.to_string(),
        "iglu:com.acme/a/jsonschema/1-1-1"
    );
}
