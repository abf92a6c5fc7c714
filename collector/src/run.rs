//! The collector as a part of a process: accepts connections until drain, then finishes what it has.

use std::{io, sync::Arc, time::Duration};

use service::{
    clock,
    context::Context,
    exit::{self, ExitCode},
    health::Fact,
};
use stream::producer::Producer;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{collect::Collector, config::CollectorConfig, server::Server, sinks::Sinks, store::Store};

/// Why the collector ended other than by drain.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The socket cannot be used.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
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

/// Serves `listener`, which is bound, until drain is requested and the requests in flight are answered. Beyond
/// `networking.maxConnections` new connections wait in the kernel's queue.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: Arc<CollectorConfig>,
    good: Arc<dyn Producer>,
    bad: Arc<dyn Producer>,
    listener: std::net::TcpListener,
    context: Context,
) -> Result<(), RunError> {
    listener.set_nonblocking(true).map_err(RunError::Listen)?;
    let listener = TcpListener::from_std(listener).map_err(RunError::Listen)?;
    let address = listener.local_addr().map_err(RunError::Listen)?;
    let fact = context.health.fact("collector.sink");
    let collector = Collector::new(config.clone(), good.max_record_bytes(), bad.max_record_bytes());
    let server = Arc::new(Server::new(collector, Store::new(good, bad, clock::now)));
    tracing::info!(%address, "Service bound to address");

    let reporter = server.observer().start();
    let (connections, closing) = (TaskTracker::new(), CancellationToken::new());
    let accepting = accept(&listener, &server, config.networking.max_connections, &connections, &closing);
    let leaving = async {
        context.drain.requested().await;
        server.leave();
        let period = config.pre_termination_period;
        tracing::info!("Shutdown interrupted. Will continue to serve requests for {}", spoken(period));
        sleep(period / 2).await;
        server.part();
        sleep(period - period / 2).await;
    };
    let telling = async {
        let mut tick = interval(TELL_REFUSED_EVERY);
        loop {
            tick.tick().await;
            server.observer().tell_refused();
        }
    };
    tokio::select! {
        () = accepting => {}
        () = leaving => {}
        () = telling => {}
        () = watch_sinks(server.store().sinks().clone(), &fact) => {}
    }

    drop(listener);
    closing.cancel();
    connections.close();
    tracing::info!(connections = connections.len(), "Closing NIO1 channel {address}");
    let ended = timeout(config.termination_deadline, connections.wait()).await;
    server.observer().tell_refused();
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    ended.map_err(|_| RunError::Unfinished { connections: connections.len() })
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

async fn accept(
    listener: &TcpListener,
    server: &Arc<Server>,
    max_connections: usize,
    connections: &TaskTracker,
    closing: &CancellationToken,
) {
    let room = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((socket, peer)) => {
                let (server, closing) = (server.clone(), closing.clone());
                connections.spawn(async move {
                    let _open = server.observer().connection();
                    server.clone().serve(socket, peer.ip(), closing).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
