//! TLS of the collector in `piste up`: a port of its own beside the one of `--listen`.

use std::net::{SocketAddr, TcpListener};

use service::{
    clock,
    exit::{ExitCode, RunError},
    tls::Tls,
};

use super::{address, config::UpConfig, listen};

/// The listener and what it shows to clients.
pub(super) struct Https {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) tls: Tls,
}

/// Opens certificate and port where `collector.ssl.enable` asks for them, on the address of the other port. The port that
/// the system chose for 0 is written back, for redirects.
pub(super) fn open(config: &mut UpConfig) -> Result<Option<Https>, RunError> {
    let at = SocketAddr::new(config.listen.ip(), config.collector.ssl.port);
    let ssl = &mut config.collector.ssl;
    if !ssl.enable {
        return Ok(None);
    }
    let tls = Tls::open(&ssl.tls(), "collector", clock::now())
        .map_err(|error| RunError::new(ExitCode::Config, format!("collector.ssl: {error}")))?;
    let listener = listen(at, "collector.ssl.port")?;
    let address = address(&listener)?;
    ssl.port = address.port();
    Ok(Some(Https { listener, address, tls }))
}
