//! Where a process with a collector listens: bound before anything else is opened, so that a port that is taken is said at
//! once.

use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs},
};

use ::collector::{
    config::{CollectorConfig, Ssl},
    run,
};
use service::{
    clock,
    exit::{ExitCode, RunError},
    tls::Tls,
};

/// All listeners of `piste collector`.
pub(crate) struct Doors {
    /// Where events come in.
    pub(crate) http: TcpListener,
    /// Where they come in over TLS.
    pub(crate) https: Option<Https>,
    /// Where health and metrics are.
    pub(crate) admin: Option<tokio::net::TcpListener>,
}

/// A listener that speaks TLS, and what it shows to clients.
pub(crate) struct Https {
    pub(crate) listener: TcpListener,
    pub(crate) tls: Tls,
}

impl Doors {
    /// Binds what the configuration names.
    pub(crate) fn open(config: &mut CollectorConfig) -> Result<Self, RunError> {
        let interface = config.interface.as_str();
        let https = Https::open(&mut config.ssl, interface)?;
        let http = listen(at(interface, config.port), "collector.port")?;
        let admin = config.admin_listen.map(|at| {
            let listener = listen(at, "collector.adminListen")?;
            tokio::net::TcpListener::from_std(listener)
                .map_err(|e| RunError::unavailable(format!("collector.adminListen: {e}")))
        });
        Ok(Self { http, https, admin: admin.transpose()? })
    }
}

impl Https {
    /// Opens certificate and port where `ssl.enable` asks for them. The port that the system chose for 0 is written back, for
    /// redirects to HTTPS.
    pub(crate) fn open(ssl: &mut Ssl, interface: &str) -> Result<Option<Self>, RunError> {
        if !ssl.enable {
            return Ok(None);
        }
        let tls = Tls::open(&ssl.tls(), "collector", clock::now())
            .map_err(|error| RunError::new(ExitCode::Config, format!("collector.ssl: {error}")))?;
        let listener = listen(at(interface, ssl.port), "collector.ssl.port")?;
        ssl.port = listener.local_addr().map_or(ssl.port, |at| at.port());
        Ok(Some(Self { listener, tls }))
    }

    /// As the collector takes it.
    pub(crate) fn for_collector(self) -> run::Https {
        run::Https { listener: self.listener, tls: self.tls.config() }
    }
}

/// A listener; `key` is what would choose another address.
pub(crate) fn listen(at: impl ToSocketAddrs + Display, key: &str) -> Result<TcpListener, RunError> {
    let listener = TcpListener::bind(&at).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.map_err(|e| {
        RunError::unavailable(format!("cannot listen on {at}: {e}; `{key}` chooses another address"))
    })
}

/// An interface, which may be a name, and a port.
fn at(interface: &str, port: u16) -> String {
    match interface.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port).to_string(),
        Err(_) => format!("{interface}:{port}"),
    }
}
