//! The process's side of the server: connections, clock, webhooks.

mod client;
mod server;

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use event::schema_key::SchemaKey;
use jiff::Timestamp;
use tokio::net::TcpListener;
use uuid::Uuid;

use self::client::Hooks;
use super::{attempts::Attempts, seen::Observer, settings::Settings, store::Store};

/// How long webhooks that are being told may take when the server ends.
const HOOKS_END: Duration = Duration::from_secs(5);

/// A server that is to run.
pub struct Registry {
    /// What it is told.
    pub settings: Settings,
    /// Where it keeps things.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// Draws ids.
    pub ids: fn() -> Uuid,
    /// Most open connections; more wait.
    pub connections: usize,
    /// How long a connection may be silent.
    pub idle_timeout: Duration,
    /// How long it goes on serving after it is asked to end.
    pub goes_on: Duration,
    /// Whether it says meanwhile that it is not well.
    pub unhealthy_meanwhile: bool,
    /// Told of what happens.
    pub observer: Observer,
    /// Told of everything that is published, before the publisher is.
    pub published: Option<Told>,
}

/// Somebody in this process who is told of what is published.
pub type Told = Box<dyn Fn(&SchemaKey) + Send + Sync>;

/// What connections share.
struct Shared {
    settings: Settings,
    store: Arc<dyn Store>,
    clock: fn() -> Timestamp,
    ids: fn() -> Uuid,
    is_ending: AtomicBool,
    attempts: Option<Mutex<Attempts>>,
    hooks: Hooks,
    observer: Observer,
    published: Option<Told>,
}

impl Shared {
    fn attempts(&self) -> Option<std::sync::MutexGuard<'_, Attempts>> {
        self.attempts.as_ref().map(|attempts| attempts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Serves until `stop` resolves, and then as long as it is told to.
pub async fn run(registry: Registry, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
    let Registry {
        settings,
        store,
        clock,
        ids,
        connections,
        idle_timeout,
        goes_on,
        unhealthy_meanwhile,
        observer,
        published,
    } = registry;
    let shared = Arc::new(Shared {
        attempts: settings.failed_keys.map(|limit| Mutex::new(Attempts::new(limit))),
        hooks: Hooks::new(settings.webhooks.clone(), observer),
        is_ending: AtomicBool::new(false),
        settings,
        store,
        clock,
        ids,
        observer,
        published,
    });
    let ends = async {
        stop.await;
        shared.is_ending.store(unhealthy_meanwhile, std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(goes_on).await;
    };
    server::serve(&shared, listener, connections, idle_timeout, ends).await;
    if tokio::time::timeout(HOOKS_END, shared.hooks.done()).await.is_err() {
        tracing::warn!("iglu server: some webhooks were not told of what was published last");
    }
}
