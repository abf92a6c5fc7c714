//! The Iglu server with 5,000 schemas in its own database: what it answers a second, in how much memory, and what a resolver
//! that has them all takes to look one up.
//!
//! `cargo bench --bench registry`: the server is the executable, in a process of its own; eight connections ask it for one
//! schema after the other, each in an order of its own.

#![expect(clippy::unwrap_used, reason = "a bench")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "../tests/support/http.rs"]
#[expect(unreachable_pub, reason = "it is a story's")]
mod http;

use std::{
    env, fs,
    hint::black_box,
    net::{SocketAddr, TcpListener},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use event::schema_key::SchemaKey;
use iglu::{
    client::Client,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use jiff::Timestamp;
use serde_json::json;

const SCHEMAS: usize = 5_000;
const CONNECTIONS: usize = 8;
const ROUND: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(30);
const KEY: &str = "11111111-2222-4333-8444-555555555555";

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if env::args().any(|argument| argument == "--test") {
        return;
    }
    let server = Server::start();
    let empty = server.memory_mb();
    publish(server.address);
    let published = server.memory_mb();
    let mut rounds: Vec<f64> = (0..3).map(|_| asked_for(server.address)).collect();
    rounds.sort_by(f64::total_cmp);
    println!(
        "server: {:.0} schemas a second over {CONNECTIONS} connections (median of three rounds)",
        rounds[1]
    );
    let answered = server.memory_mb();
    println!(
        "server: {empty:.1} MB at the start, {published:.1} MB with {SCHEMAS} schemas, {answered:.1} MB after the rounds"
    );
    let list =
        http::once(server.address, "GET", "/api/schemas?repr=canonical", &[("apikey", KEY)], b"").unwrap();
    let listed = server.memory_mb();
    println!("server: {listed:.1} MB after a list of all, {:.1} MB of text", list.body.len() as f64 / 1e6);
    println!("resolver: {:.0} ns a lookup with all of them in its cache", looked_up(server.address));
}

fn path(number: usize) -> String {
    format!("com.acme/event_{number}/jsonschema/1-0-0")
}

/// Schemas of about 1 kB.
fn publish(to: SocketAddr) {
    let mut connection = http::Connection::open(to, PATIENCE).unwrap();
    for number in 0..SCHEMAS {
        let field = |index| {
            let what = json!({"type": "string", "maxLength": 64, "description": "What it is called."});
            (format!("property_{index}"), what)
        };
        let properties: serde_json::Map<_, _> = (0..12).map(field).collect();
        let schema = json!({
            "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
            "self": {"vendor": "com.acme", "name": format!("event_{number}"), "format": "jsonschema", "version": "1-0-0"},
            "type": "object", "properties": properties, "additionalProperties": false,
        });
        let target = format!("/api/schemas/{}", path(number));
        let body = schema.to_string();
        let headers = [("apikey", KEY), ("content-type", "application/json")];
        let answer = connection.request("PUT", &target, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// Answers a second.
fn asked_for(from: SocketAddr) -> f64 {
    let begun = Instant::now();
    let ask = |start: usize| {
        let mut connection = http::Connection::open(from, PATIENCE).unwrap();
        let mut answered = 0;
        while begun.elapsed() < ROUND {
            // Prime to the number of schemas.
            let number = (start * 617 + answered * 1_009) % SCHEMAS;
            let target = format!("/api/schemas/{}", path(number));
            assert_eq!(connection.request("GET", &target, &[("apikey", KEY)], b"").unwrap().status, 200);
            answered += 1;
        }
        answered
    };
    let answered: usize = thread::scope(|scope| {
        let asking: Vec<_> = (0..CONNECTIONS).map(|start| scope.spawn(move || ask(start))).collect();
        asking.into_iter().map(|each| each.join().unwrap()).sum()
    });
    answered as f64 / begun.elapsed().as_secs_f64()
}

/// Nanoseconds.
fn looked_up(from: SocketAddr) -> f64 {
    let connection = Connection::Http { uri: format!("http://{from}/api"), apikey: Some(KEY.into()) };
    let repository = Repository { name: "own".into(), priority: 0, vendor_prefixes: Vec::new(), connection };
    let config = ResolverConfig { cache_size: 2 * SCHEMAS, cache_ttl: None, repositories: vec![repository] };
    let client = Client::new(config, || Timestamp::UNIX_EPOCH);
    let key = |number| format!("iglu:{}", path(number)).parse::<SchemaKey>().unwrap();
    let keys: Vec<SchemaKey> = (0..SCHEMAS).map(key).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for key in &keys {
            client.get(key).await.unwrap();
        }
    });
    let (rounds, begun) = (200, Instant::now());
    for _ in 0..rounds {
        for key in &keys {
            black_box(client.cache().lookup(black_box(key), Timestamp::UNIX_EPOCH));
        }
    }
    begun.elapsed().as_nanos() as f64 / (rounds * SCHEMAS) as f64
}

/// `piste iglu-server` with a database of its own.
struct Server {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let told = [
            format!("-DrepoServer.port={}", free.port()),
            "-DrepoServer.interface=127.0.0.1".into(),
            format!("-DsuperApiKey={KEY}"),
            format!("-Ddatabase.path={}", folder.path().join("iglu.sqlite").display()),
        ];
        let child = Command::new(env!("CARGO_BIN_EXE_piste")).arg("iglu-server").args(told).spawn().unwrap();
        let begun = Instant::now();
        while !http::get(free, "/api/meta/health").is_ok_and(|answer| answer.status == 200) {
            assert!(begun.elapsed() < PATIENCE, "it does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Self { child, address: free, _folder: folder }
    }

    fn memory_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _is_gone = self.child.kill();
        let _is_gone = self.child.wait();
    }
}
