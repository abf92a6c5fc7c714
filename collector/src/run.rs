//! The collector as a part of a process: accepts connections until drain, then finishes what it has.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::join_all;
use service::{
    clock,
    context::Context,
    exit::{self, ExitCode},
    health::Fact,
};
use stream::producer::Producer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{interval, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls};
use tokio_util::task::TaskTracker;

use crate::{
    collect::Collector,
    compression::run::Gatherer,
    config::CollectorConfig,
    server::{Peer, Protocol, RandomIds, Server},
    sinks::Sinks,
    store::Store,
};

/// How many threads should serve the connections of a collector that speaks no TLS and stores in the embedded log: one fewer
/// than there are cores. The log's writer has a thread of its own, and on two cores a single thread answers more requests than
/// two that take tasks from each other (`benches/collector`).
pub fn threads_beside_log(cores: usize) -> usize {
    cores.saturating_sub(1).max(1)
}

/// Where clients come in. The listeners are bound.
#[derive(Debug)]
pub struct Listeners {
    /// In the clear.
    pub http: Option<std::net::TcpListener>,
    /// Over TLS.
    pub https: Option<Https>,
}

/// A listener that speaks TLS.
#[derive(Debug)]
pub struct Https {
    /// The socket.
    pub listener: std::net::TcpListener,
    /// Certificates, which its resolver may exchange at any time, and what is offered by ALPN.
    pub tls: Arc<rustls::ServerConfig>,
}

/// Why the collector ended other than by drain.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The socket cannot be used.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
    /// Compression cannot begin.
    #[error("cannot compress: {0}")]
    Compression(#[source] io::Error),
    /// Drain took longer than `terminationDeadline`.
    #[error("{connections} connections with a request in flight were cut off")]
    Unfinished {
        /// How many.
        connections: usize,
    },
}

/// How often refusals are summed up in the log.
const TELL_REFUSED_EVERY: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of file descriptors, mostly, and some will come free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves what comes in on the listeners until drain is requested and the requests in flight are answered. Beyond
/// `networking.maxConnections` new connections wait in the kernel's queue.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: Arc<CollectorConfig>,
    good: Arc<dyn Producer>,
    bad: Arc<dyn Producer>,
    listeners: Listeners,
    context: Context,
) -> Result<(), RunError> {
    let doors = Door::open(listeners, config.networking.http2).map_err(RunError::Listen)?;
    let fact = context.health.fact("collector.sink");
    let collector = Collector::new(config.clone(), good.max_record_bytes(), bad.max_record_bytes());
    let store = open_store(&collector, good, bad).map_err(RunError::Compression)?;
    let house = House {
        server: Arc::new(Server::new(collector, store)),
        room: Arc::new(Semaphore::new(config.networking.max_connections.min(Semaphore::MAX_PERMITS))),
        connections: TaskTracker::new(),
    };
    let server = &house.server;
    for door in &doors {
        tracing::info!(address = %door.address, tls = door.tls.is_some(), "Service bound to address");
    }

    let reporter = server.observer().start();
    let accepting = join_all(doors.iter().map(|door| house.accept(door)));
    let leaving = async {
        context.drain.requested().await;
        leave(server, config.pre_termination_period).await;
    };
    let telling = async {
        let mut tick = interval(TELL_REFUSED_EVERY);
        loop {
            tick.tick().await;
            server.observer().tell_refused();
        }
    };
    tokio::select! {
        () = leaving => {}
        () = telling => {}
        () = watch_sinks(server.store().sinks().clone(), &fact) => {}
        // Without a door nobody comes in, which is no reason to end.
        () = async { accepting.await; std::future::pending().await } => {}
    }

    let addresses: Vec<String> = doors.iter().map(|door| door.address.to_string()).collect();
    drop(doors);
    server.close();
    house.connections.close();
    let open = house.connections.len();
    tracing::info!(connections = open, "Closing NIO1 channel {}", addresses.join(", "));
    let ended = timeout(config.termination_deadline, house.connections.wait()).await;
    server.observer().tell_refused();
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    ended.map_err(|_| RunError::Unfinished { connections: house.connections.len() })
}

/// Lets a server go on for this time: in the first half requests are not welcome, in the second each answer ends its
/// connection too.
pub async fn leave(server: &Server, period: Duration) {
    server.leave();
    tracing::info!("Shutdown interrupted. Will continue to serve requests for {}", spoken(period));
    sleep(period / 2).await;
    server.part();
    sleep(period - period / 2).await;
}

fn open_store(collector: &Collector, good: Arc<dyn Producer>, bad: Arc<dyn Producer>) -> io::Result<Store> {
    let store = Store::new(good.clone(), bad, clock::now);
    let (config, streams) = (&collector.config.compression, &collector.config.streams);
    if !config.enabled {
        return Ok(store);
    }
    let longest_wait = config.longest_wait.min(Duration::from_millis(streams.good().buffer.millis()));
    let gatherer = Gatherer::start(config, longest_wait, good, collector.good_limit())?;
    let collector = collector.clone();
    Ok(store.with_compression(gatherer, move |payload| {
        collector.too_large_compressed(payload, clock::now(), &mut RandomIds)
    }))
}

/// States what the sinks say about themselves, for as long as they can say anything.
async fn watch_sinks(mut sinks: Sinks, fact: &Fact) {
    let mut known = None;
    loop {
        let trouble = sinks.trouble();
        match (&known, &trouble) {
            (Some(Some(_)), None) => tracing::info!("the sinks take records again"),
            (Some(None) | None, Some(why)) => tracing::warn!(why, "a sink does not take records"),
            _ => {}
        }
        match &trouble {
            None => fact.well(),
            Some(why) => fact.trouble(&**why),
        }
        known = Some(trouble);
        tokio::select! {
            Ok(()) = sinks.good.changed() => {}
            Ok(()) = sinks.bad.changed() => {}
            else => return std::future::pending().await,
        }
    }
}

impl From<RunError> for exit::RunError {
    fn from(error: RunError) -> Self {
        let code = match error {
            RunError::Listen(_) => ExitCode::Unavailable,
            RunError::Compression(_) => ExitCode::Unavailable,
            RunError::Unfinished { .. } => ExitCode::Deadline,
        };
        Self::new(code, error.to_string())
    }
}

/// A time as the original says it.
fn spoken(time: Duration) -> String {
    match (time.as_millis(), time.as_secs()) {
        (1000, _) => "1 second".into(),
        (ms, seconds) if ms % 1000 == 0 => format!("{seconds} seconds"),
        (ms, _) => format!("{ms} milliseconds"),
    }
}

/// A listener in use.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

impl Door {
    fn open(listeners: Listeners, http2: bool) -> io::Result<Vec<Self>> {
        let https = listeners.https.map(|Https { listener, mut tls }| {
            if !http2 {
                Arc::make_mut(&mut tls).alpn_protocols.retain(|protocol| protocol != b"h2");
            }
            (listener, Some(TlsAcceptor::from(tls)))
        });
        let both = listeners.http.map(|listener| (listener, None)).into_iter().chain(https);
        both.map(|(listener, tls)| {
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            Ok(Self { address: listener.local_addr()?, listener, tls })
        })
        .collect()
    }
}

/// What all connections share.
struct House {
    server: Arc<Server>,
    room: Arc<Semaphore>,
    connections: TaskTracker,
}

impl House {
    async fn accept(&self, door: &Door) {
        loop {
            let Ok(place) = self.room.clone().acquire_owned().await else { return };
            match door.listener.accept().await {
                Ok((socket, peer)) => self.let_in(socket, peer, door.tls.clone(), place),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn let_in(
        &self,
        socket: TcpStream,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        place: OwnedSemaphorePermit,
    ) {
        // Without it a response could wait for the acknowledgement of the one before.
        let _ = socket.set_nodelay(true);
        let server = self.server.clone();
        self.connections.spawn(async move {
            let _place = place;
            let _open = server.observer().connection();
            match tls {
                None => server.clone().serve(socket, Peer { address, secure: false }, Protocol::Http1).await,
                // Not part of the task of connections in the clear, which is much smaller.
                Some(tls) => Box::pin(serve_tls(&server, socket, address, tls)).await,
            }
        });
    }
}

async fn serve_tls(server: &Arc<Server>, socket: TcpStream, address: SocketAddr, tls: TlsAcceptor) {
    let within = server.config().networking.header_read_timeout;
    let socket = match server.unless_closing(timeout(within, tls.accept(socket))).await {
        Some(Ok(Ok(socket))) => socket,
        Some(Ok(Err(error))) => return server.observer().handshake_failed(&error),
        Some(Err(_)) => return server.observer().handshake_failed(&io::ErrorKind::TimedOut.into()),
        None => return,
    };
    let protocol = match socket.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    server.clone().serve(socket, Peer { address, secure: true }, protocol).await;
}
