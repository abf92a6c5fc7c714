//! The collector on an embedded log beside a bare hyper server that answers 200 and stores nothing, under the same load.
//!
//! `cargo bench --bench collector`: both run as processes of their own, in turns, on the same cores as the client. (Pinned to
//! one core the collector's log would have to share it, as it never has to elsewhere.) Printed are medians of the rounds: requests
//! a second, CPU time per request of the server's process, its memory, and how the two compare. Before them stands what the disk
//! takes for a sync: so many clients, all of them waiting for one, cannot be answered faster than that.
//!
//! `cargo bench --bench collector -- --overload 60`: twice as much is offered as the collector's stream takes, for so many
//! seconds. `-- --idle 10000`: what so many connections cost that have nothing to say.

mod idle;
mod overload;
mod requests;
mod server;

use std::{
    env,
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::FileExt as _,
    process::ExitCode,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use self::{
    requests::{get, is_whole, post},
    server::{Server, serve},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(2500);
const SYNCED: usize = 32 << 10;
const SYNCS: usize = 101;
const WARM_UP: Duration = Duration::from_millis(800);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    let after = |option: &str| {
        let at = arguments.iter().position(|a| a == option)?;
        Some(arguments.get(at + 1).map_or("", String::as_str))
    };
    let number = |text: &str, otherwise: usize| text.parse().unwrap_or(otherwise);
    if let Some(which) = after("--serve") {
        serve(which);
    } else if let Some(seconds) = after("--overload") {
        overload::run(number(seconds, 5));
    } else if let Some(connections) = after("--idle") {
        idle::run(number(connections, 10_000));
    } else if after("--test").is_none() {
        // `cargo test --benches` only wants to know that it builds.
        compare();
    }
    ExitCode::SUCCESS
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
    let sync = sync_time().expect("a folder for a file");
    println!("a sync of {} kB takes the disk {:.2} ms (median)", SYNCED >> 10, sync.as_secs_f64() * 1e3);
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

/// What the disk takes for a sync of what a group of the log has, in a file that is long enough already.
fn sync_time() -> io::Result<Duration> {
    let mut file = tempfile::tempfile()?;
    let (bytes, mut times) = (vec![1; SYNCED], Vec::new());
    file.write_all(&vec![0; SYNCED * SYNCS])?;
    file.sync_all()?;
    for at in 0..SYNCS {
        let begin = Instant::now();
        file.write_all_at(&bytes, (at * SYNCED) as u64)?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    times.sort();
    Ok(times[SYNCS / 2])
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
