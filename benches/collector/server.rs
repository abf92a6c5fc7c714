//! The servers that are measured, each in a process of its own.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use collector::config::CollectorConfig;
use event::payload::CollectorPayload;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use service::context::Context;
use stream::{
    consumer::Delivered,
    health::HealthWatch,
    log::{Log, LogConfig, StreamConfig},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::{sync::Semaphore, time::interval};

/// Kernel ticks a second in `/proc/<pid>/stat`.
const TICKS: f64 = 100.0;

/// Requests that may wait for a slow stream.
pub(crate) const MAX_IN_FLIGHT: usize = 256;

/// One of the servers, until its standard input ends.
#[expect(clippy::print_stdout, reason = "the address is what the other process waits for")]
pub(crate) fn serve(which: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("it is bound"));
    // Both have the threads that the collector takes for itself.
    let cores = thread::available_parallelism().expect("a number of cores").get();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(collector::run::threads_beside_log(cores)).enable_all();
    let runtime = builder.build().expect("a runtime");
    match which {
        "bare" => runtime.block_on(bare(listener)),
        "collector" => runtime.block_on(collector(listener, None)),
        rate => runtime.block_on(collector(listener, Some(rate.parse().expect("a number a second")))),
    }
}

/// The collector on an embedded log; with a rate its stream takes so many records a second, and what it holds in the end is
/// written to standard output, one query a line.
#[expect(clippy::print_stdout, reason = "the records are what the other process waits for")]
async fn collector(listener: TcpListener, rate: Option<usize>) {
    let folder = tempfile::tempdir().expect("a folder");
    let streams = vec![StreamConfig::new("raw"), StreamConfig::new("bad-1")];
    let log = LogConfig::new(folder.path().join("log"), folder.path().join("checkpoints"), streams);
    let log = Log::open(log).expect("a new log");
    let mut config = CollectorConfig { pre_termination_period: Duration::ZERO, ..CollectorConfig::default() };
    config.networking.max_connections = 20_000;
    let context = Context::default();
    let drain = context.drain.clone();
    tokio::spawn(async move {
        standard_input_ends().await;
        drain.request();
    });
    let (mut good, bad) = (log.producer("raw"), log.producer("bad-1"));
    if let Some(rate) = rate {
        config.networking.max_in_flight = MAX_IN_FLIGHT;
        good = Slow::new(good, rate);
    }
    let listeners = collector::run::Listeners { http: Some(listener), https: None };
    let ended = collector::run::run(Arc::new(config), good.clone(), bad, listeners, context).await;
    ended.expect("an orderly end");
    if rate.is_some() {
        let stored = good.read_after(&ShardId::numbered(0), None).await.expect("it can be read");
        for delivered in stored.expect("the log can tell") {
            let payload = CollectorPayload::decode(&delivered.record.data).expect("what the collector made");
            println!("{}", payload.querystring.unwrap_or_default());
        }
    }
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
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one.
    pub(crate) fn start(which: &str) -> Self {
        let this = env::current_exe().expect("the path of this program");
        let mut command = Command::new(this);
        command.args(["--serve", which]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts again");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("the address");
        let address = line.trim().parse().expect("an address");
        let input = child.stdin.take();
        Self { child, address, input, output }
    }

    /// Lets it come to its end, and gives what it writes until then.
    pub(crate) fn end(mut self) -> String {
        drop(self.input.take());
        let mut text = String::new();
        self.output.read_to_string(&mut text).expect("it ends its output");
        text
    }

    /// CPU time so far, in seconds, of all its threads.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: f64 = [11, 12].iter().filter_map(|&i| fields.get(i)?.parse::<f64>().ok()).sum();
        ticks / TICKS
    }

    /// Its resident memory.
    pub(crate) fn memory_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input, and takes its folder along.
        drop(self.input.take());
        let _ = io::copy(&mut self.output, &mut io::sink());
        let _ = self.child.wait();
    }
}

/// A stream that takes so many records a second.
struct Slow {
    stream: Arc<dyn Producer>,
    turns: Arc<Semaphore>,
}

impl Slow {
    #[expect(clippy::new_ret_no_self, reason = "it is only ever a producer")]
    fn new(stream: Arc<dyn Producer>, rate: usize) -> Arc<dyn Producer> {
        let turns = Arc::new(Semaphore::new(0));
        let more = turns.clone();
        tokio::spawn(async move {
            let (mut tick, begin, mut given) = (interval(Duration::from_millis(1)), Instant::now(), 0);
            loop {
                tick.tick().await;
                let due = (begin.elapsed().as_secs_f64() * rate as f64) as usize;
                // Turns that nobody takes are not saved up.
                more.add_permits((due - given).min(rate / 100).saturating_sub(more.available_permits()));
                given = due;
            }
        });
        Arc::new(Self { stream, turns })
    }
}

impl Producer for Slow {
    fn stream(&self) -> &str {
        self.stream.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.turns.acquire().await.expect("it is never closed").forget();
            self.stream.append(batch, route).await
        })
    }

    fn max_record_bytes(&self) -> usize {
        self.stream.max_record_bytes()
    }

    fn health(&self) -> HealthWatch {
        self.stream.health()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.stream.read_after(shard, after)
    }
}
