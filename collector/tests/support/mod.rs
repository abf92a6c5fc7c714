//! A collector on a free port whose sinks remember what they were given.

pub(crate) mod ask;
pub(crate) mod sink;

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
};

use collector::{config::CollectorConfig, run};
use event::payload::CollectorPayload;
use serde_json::Value;
use service::{context::Context, tls::Tls};
use tokio::task::JoinHandle;

use self::sink::Sink;

/// A running collector.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) good: Arc<Sink>,
    pub(crate) bad: Arc<Sink>,
    pub(crate) context: Context,
    pub(crate) task: JoinHandle<Result<(), run::RunError>>,
}

impl Running {
    /// Starts one that ends without further ado; it stands still when its runtime ends.
    pub(crate) fn start(mut config: CollectorConfig) -> Self {
        config.pre_termination_period = std::time::Duration::ZERO;
        Self::start_with_period(config)
    }

    /// Starts one that goes on for its period once drain is requested.
    pub(crate) fn start_with_period(config: CollectorConfig) -> Self {
        let interface: IpAddr = config.interface.parse().unwrap();
        let interface = if interface.is_unspecified() { "127.0.0.1".parse().unwrap() } else { interface };
        let listener = TcpListener::bind((interface, 0)).unwrap();
        Self::start_on(config, run::Listeners { http: Some(listener), https: None })
    }

    /// Starts one that listens over TLS too; gives that address as well.
    pub(crate) fn with_tls(mut config: CollectorConfig, tls: &Tls) -> (Self, SocketAddr) {
        config.pre_termination_period = std::time::Duration::ZERO;
        let [http, listener] = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
        let https = listener.local_addr().unwrap();
        config.ssl.port = https.port();
        let tls = run::Https { listener, tls: tls.config() };
        (Self::start_on(config, run::Listeners { http: Some(http), https: Some(tls) }), https)
    }

    /// Starts one that listens here; its address is that of the listener in the clear, if there is one.
    pub(crate) fn start_on(config: CollectorConfig, listeners: run::Listeners) -> Self {
        let https = listeners.https.as_ref().map(|https| &https.listener);
        let address = listeners.http.as_ref().or(https).unwrap().local_addr().unwrap();
        let (good, bad) = (Arc::new(Sink::new("raw")), Arc::new(Sink::new("bad-1")));
        let context = Context::default();
        let task =
            tokio::spawn(run::run(Arc::new(config), good.clone(), bad.clone(), listeners, context.clone()));
        Self { address, good, bad, context, task }
    }

    /// Waits until the process states that it is healthy, or that it is not.
    pub(crate) async fn until_healthy(&self, healthy: bool) {
        self.until(|| self.context.health.is_healthy() == healthy).await;
    }

    /// Waits until the sinks' fact is this.
    pub(crate) async fn until_troubled(&self, trouble: Option<&str>) {
        self.until(|| self.context.health.statements()[0].trouble.as_deref() == trouble).await;
    }

    async fn until(&self, holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await;
        waited.unwrap_or_else(|_| panic!("the process states {:?}", self.context.health.statements()));
    }

    /// Takes the payloads stored so far.
    pub(crate) fn payloads(&self) -> Vec<CollectorPayload> {
        self.good.take().iter().map(|r| CollectorPayload::decode(&r.data).unwrap()).collect()
    }

    /// Takes the bad rows stored so far.
    pub(crate) fn bad_rows(&self) -> Vec<Value> {
        self.bad.take().iter().map(|r| serde_json::from_slice(&r.data).unwrap()).collect()
    }
}

/// A configuration from HOCON.
pub(crate) fn config(text: &str) -> CollectorConfig {
    let sources = service::config::Sources::of_text("test", text);
    service::config::load(&sources, Some("collector")).unwrap().config
}
