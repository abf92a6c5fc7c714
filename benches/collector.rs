//! The collector on an embedded log beside a bare hyper server that answers 200 and stores nothing, under the same load.
//!
//! `cargo bench --bench collector`: both run as processes of their own, in turns, on the same cores as the client. (Pinned to
//! one core the collector's log would have to share it, as it never has to elsewhere.) Printed are medians of the rounds: requests a second, CPU time per request of the
//! server's process, its memory, and how the two compare.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStdin, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use collector::config::CollectorConfig;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use service::context::Context;
use stream::log::{Log, LogConfig, StreamConfig};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(2500);
const WARM_UP: Duration = Duration::from_millis(800);

/// Kernel ticks a second in `/proc/<pid>/stat`.
const TICKS: f64 = 100.0;

const QUERY: &str = "stm=1704067190250&e=pv&url=https%3A%2F%2Fwww.example.com%2Fshop%2Fhats%3Futm_source%3Dnews%26utm_medium%3Demail&page=Shop%20-%20the%20best%20hats%20in%20town&refr=https%3A%2F%2Fwww.google.com%2F&tv=js-3.24.0&tna=sp1&aid=shop&p=web&cookie=1&cs=UTF-8&lang=en-GB&res=1920x1080&cd=24&tz=Europe%2FBerlin&dtm=1704067190000&vp=1280x720&ds=1263x3421&vid=3&sid=0d6c2c4c-9a4c-4a66-8f5b-0b7c1d2e3f40&duid=4f8a1c1e-7f4c-4a0d-9c3b-2d1e0f9a8b7c&eid=5b6c7d8e-9f00-4a1b-8c2d-3e4f5a6b7c8d&cx=eyJzY2hlbWEiOiJpZ2x1OmNvbS5zbm93cGxvd2FuYWx5dGljcy5zbm93cGxvdy9jb250ZXh0cy9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6W119";
const EVENT: &str = r#"{"e":"pv","url":"https://www.example.com/shop/hats?utm_source=news&utm_medium=email","page":"Shop - the best hats in town","refr":"https://www.google.com/","tv":"js-3.24.0","tna":"sp1","aid":"shop","p":"web","cookie":"1","cs":"UTF-8","lang":"en-GB","res":"1920x1080","cd":"24","tz":"Europe/Berlin","dtm":"1704067190000","vp":"1280x720","ds":"1263x3421","vid":"3","sid":"0d6c2c4c-9a4c-4a66-8f5b-0b7c1d2e3f40","duid":"4f8a1c1e-7f4c-4a0d-9c3b-2d1e0f9a8b7c","eid":"5b6c7d8e-9f00-4a1b-8c2d-3e4f5a6b7c8d","stm":"1704067190250","cx":"eyJzY2hlbWEiOiJpZ2x1OmNvbS5zbm93cGxvd2FuYWx5dGljcy5zbm93cGxvdy9jb250ZXh0cy9qc29uc2NoZW1hLzEtMC0wIiwiZGF0YSI6W3sic2NoZW1hIjoiaWdsdTpjb20uc25vd3Bsb3dhbmFseXRpY3Muc25vd3Bsb3cvd2ViX3BhZ2UvanNvbnNjaGVtYS8xLTAtMCIsImRhdGEiOnsiaWQiOiJiNWYyYTNjNC0wZDFlLTRmNjAtOGE3Yi05YzBkMWUyZjNhNGIifX1dfQ"}"#;
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    match arguments.iter().position(|a| a == "--serve").and_then(|at| arguments.get(at + 1)) {
        Some(which) => serve(which),
        // `cargo test --benches` only wants to know that it builds.
        None if arguments.iter().any(|a| a == "--test") => {}
        None => compare(),
    }
    ExitCode::SUCCESS
}

/// One of the servers, until its standard input ends.
#[expect(clippy::print_stdout, reason = "the address is what the other process waits for")]
fn serve(which: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("it is bound"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match which {
        "collector" => runtime.block_on(collector(listener)),
        _ => runtime.block_on(bare(listener)),
    }
}

async fn collector(listener: TcpListener) {
    let folder = tempfile::tempdir().expect("a folder");
    let streams = vec![StreamConfig::new("raw"), StreamConfig::new("bad-1")];
    let log = LogConfig::new(folder.path().join("log"), folder.path().join("checkpoints"), streams);
    let log = Log::open(log).expect("a new log");
    let config = CollectorConfig { pre_termination_period: Duration::ZERO, ..CollectorConfig::default() };
    let context = Context::default();
    let drain = context.drain.clone();
    tokio::spawn(async move {
        standard_input_ends().await;
        drain.request();
    });
    let (good, bad) = (log.producer("raw"), log.producer("bad-1"));
    let listeners = collector::run::Listeners { http: Some(listener), https: None };
    let ended = collector::run::run(Arc::new(config), good, bad, listeners, context).await;
    ended.expect("an orderly end");
}

async fn bare(listener: TcpListener) {
    listener.set_nonblocking(true).expect("it is a socket");
    let listener = tokio::net::TcpListener::from_std(listener).expect("it is a socket");
    let accepting = async {
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            socket.set_nodelay(true).expect("it is a socket");
            let service =
                hyper::service::service_fn(async |request: hyper::Request<hyper::body::Incoming>| {
                    let mut body = request.into_body();
                    while body.frame().await.is_some() {}
                    Ok::<_, std::convert::Infallible>(hyper::Response::new(Full::new(Bytes::from_static(
                        b"ok",
                    ))))
                });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(socket), service));
        }
    };
    tokio::select! {
        () = accepting => {}
        () = standard_input_ends() => {}
    }
}

async fn standard_input_ends() {
    let wait = || io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(wait).await;
}

/// A server as a process.
struct Server {
    child: Child,
    address: SocketAddr,
    _input: ChildStdin,
}

impl Server {
    fn start(which: &str) -> Self {
        let this = env::current_exe().expect("the path of this program");
        let mut command = Command::new(this);
        command.args(["--serve", which]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts again");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("the address");
        let address = line.trim().parse().expect("an address");
        let _input = child.stdin.take().expect("it is piped");
        Self { child, address, _input }
    }

    /// CPU time so far, in seconds, of all its threads.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = [11, 12].iter().filter_map(|&i| fields.get(i)?.parse::<f64>().ok()).sum();
        ticks / TICKS
    }

    fn memory_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one round showed.
#[derive(Clone, Copy, Default)]
struct Round {
    per_second: f64,
    cpu_us: f64,
    p99_ms: f64,
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn compare() {
    let servers = [("bare hyper", Server::start("bare")), ("collector", Server::start("collector"))];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{CONNECTIONS} connections, {ROUNDS} rounds of {ROUND:?} each, in turns; medians");
    println!("{:<18}{:>12}{:>12}{:>10}{:>9}", "", "requests/s", "CPU us/req", "p99 ms", "RSS MB");
    for (kind, request) in [("GET", get()), ("POST", post())] {
        let request = Bytes::from(request);
        let mut rounds = [Vec::new(), Vec::new()];
        for (_, server) in &servers {
            runtime.block_on(load(server, request.clone(), WARM_UP));
        }
        for _ in 0..ROUNDS {
            for ((_, server), rounds) in servers.iter().zip(&mut rounds) {
                rounds.push(runtime.block_on(load(server, request.clone(), ROUND)));
            }
        }
        let medians = rounds.map(|rounds| median(&rounds));
        for ((name, server), Round { per_second, cpu_us, p99_ms }) in servers.iter().zip(medians) {
            let memory = server.memory_mb();
            println!("{kind:<6}{name:<12}{per_second:>12.0}{cpu_us:>12.1}{p99_ms:>10.2}{memory:>9.1}");
        }
        let [bare, ours] = medians;
        let (rate, cpu) = (ours.per_second / bare.per_second, ours.cpu_us / bare.cpu_us);
        println!("{kind:<6}{:<12}{rate:>12.2}{cpu:>12.2}", "ratio");
    }
}

fn median(rounds: &[Round]) -> Round {
    let of = |field: fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(field).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Round { per_second: of(|r| r.per_second), cpu_us: of(|r| r.cpu_us), p99_ms: of(|r| r.p99_ms) }
}

/// Keeps all connections busy for a while.
async fn load(server: &Server, request: Bytes, duration: Duration) -> Round {
    let (cpu, begin) = (server.cpu(), Instant::now());
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        connections.spawn(ask(server.address, request.clone(), begin + duration));
    }
    let mut times: Vec<Duration> = connections.join_all().await.into_iter().flatten().collect();
    let (cpu, seconds) = (server.cpu() - cpu, begin.elapsed().as_secs_f64());
    times.sort();
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    let n = times.len().max(1) as f64;
    Round { per_second: n / seconds, cpu_us: cpu * 1e6 / n, p99_ms: p99.as_secs_f64() * 1e3 }
}

/// One connection: how long each request took.
async fn ask(address: SocketAddr, request: Bytes, until: Instant) -> Vec<Duration> {
    let mut socket = TcpStream::connect(address).await.expect("the server listens");
    socket.set_nodelay(true).expect("it is a socket");
    let mut times = Vec::with_capacity(4096);
    let mut response = Vec::with_capacity(4096);
    while Instant::now() < until {
        let sent = Instant::now();
        socket.write_all(&request).await.expect("the server reads");
        response.clear();
        while !is_whole(&response) {
            assert!(socket.read_buf(&mut response).await.expect("the server answers") > 0, "it closed");
        }
        assert!(response.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&response));
        times.push(sent.elapsed());
    }
    times
}

/// Both servers say how long the body is.
fn is_whole(response: &[u8]) -> bool {
    let Some(head) = response.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let mut lengths = response[..head].split(|&b| b == b'\n').filter_map(|line| {
        let (name, value) = line.split_at_checked(16)?;
        let value = name.eq_ignore_ascii_case(b"content-length: ").then_some(value.trim_ascii())?;
        std::str::from_utf8(value).ok()?.parse::<usize>().ok()
    });
    response.len() >= head + 4 + lengths.next_back().unwrap_or(0)
}

fn get() -> String {
    format!(
        "GET /i?{QUERY} HTTP/1.1\r\nHost: collector.example.com\r\nUser-Agent: {AGENT}\r\n\
         Accept: image/avif,image/webp,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Referer: https://www.example.com/shop/hats\r\nX-Forwarded-For: 81.2.69.160\r\n\
         Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a\r\n\r\n"
    )
}

fn post() -> String {
    let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
    let body = format!(r#"{{"schema":"{schema}","data":[{EVENT}]}}"#);
    format!(
        "POST /com.snowplowanalytics.snowplow/tp2 HTTP/1.1\r\nHost: collector.example.com\r\n\
         Content-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n\
         Accept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nOrigin: https://www.example.com\r\n\
         Referer: https://www.example.com/\r\nX-Forwarded-For: 81.2.69.160\r\n\
         Cookie: sp=8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a\r\n\r\n{body}",
        body.len()
    )
}
