//! Where a role tells of its health as the original's does: one port for probes and metrics.

use std::net::TcpListener;

use service::{
    admin::{self, Probe},
    config::sections::HealthProbe,
    context::Context,
    drain::Drain,
    exit::RunError,
};

use crate::healthcheck::Door;

/// Where that is.
pub(crate) fn door(keys: &HealthProbe) -> Result<Door, RunError> {
    Door::new(&keys.interface, keys.port, "/health")
}

/// Begins to answer whoever asks for health and metrics.
pub(crate) fn serve(keys: &HealthProbe, context: &Context, ends: &Drain) -> Result<(), RunError> {
    let HealthProbe { interface, port, unhealthy_latency } = keys;
    let cannot = |e: std::io::Error| {
        let what = format!("cannot listen on {interface}:{port} (`monitoring.healthProbe.port`): {e}");
        RunError::unavailable(what)
    };
    let listener = TcpListener::bind((interface.as_str(), *port)).map_err(cannot)?;
    listener.set_nonblocking(true).map_err(cannot)?;
    let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    tracing::info!(%address, "Health and metrics at address");
    let probe = Probe { unhealthy_age: *unhealthy_latency, every_path: true };
    tokio::spawn(admin::server::run_probed(listener, context.clone(), probe, ends.clone()));
    Ok(())
}
