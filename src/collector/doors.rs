//! Where the process listens: bound before anything else is opened, so that a port that is taken is said at once.

use std::{
    fmt::Debug,
    net::{TcpListener, ToSocketAddrs},
};

use ::collector::{
    config::CollectorConfig,
    run::{Https, Listeners},
};
use service::{
    clock,
    exit::{ExitCode, RunError},
    tls::Tls,
};

/// All listeners.
pub(crate) struct Doors {
    /// Where events come in.
    pub(crate) listeners: Listeners,
    /// Where health and metrics are.
    pub(crate) admin: Option<tokio::net::TcpListener>,
    /// The certificate of the listener over TLS.
    pub(crate) tls: Option<Tls>,
}

impl Doors {
    /// Binds what the configuration names and reads the certificate. The port that the system chose for 0 is written back,
    /// for redirects to HTTPS.
    pub(crate) fn open(config: &mut CollectorConfig) -> Result<Self, RunError> {
        let interface = config.interface.as_str();
        let mut tls = None;
        let mut https = None;
        if config.ssl.enable {
            let opened = Tls::open(&config.ssl.tls(), "collector", clock::now())
                .map_err(|error| RunError::new(ExitCode::Config, format!("collector.ssl: {error}")))?;
            let listener = listen((interface, config.ssl.port), "collector.ssl.port")?;
            config.ssl.port = listener.local_addr().map_or(config.ssl.port, |at| at.port());
            https = Some(Https { listener, tls: opened.config() });
            tls = Some(opened);
        }
        let http = Some(listen((interface, config.port), "collector.port")?);
        let admin = config.admin_listen.map(|at| {
            let listener = listen(at, "collector.adminListen")?;
            tokio::net::TcpListener::from_std(listener)
                .map_err(|e| RunError::unavailable(format!("collector.adminListen: {e}")))
        });
        Ok(Self { listeners: Listeners { http, https }, admin: admin.transpose()?, tls })
    }
}

/// A listener; `key` is what would choose another address.
fn listen(at: impl ToSocketAddrs + Copy + Debug, key: &str) -> Result<TcpListener, RunError> {
    let listener = TcpListener::bind(at).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|e| RunError::unavailable(format!("cannot listen on {at:?} (`{key}`): {e}")))
}
