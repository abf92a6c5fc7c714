//! SIGTERM and SIGINT as names in a channel.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::exit::RunError;

/// Listens from now on; the first signals no longer end the process by themselves.
pub(super) fn listen() -> Result<mpsc::Receiver<&'static str>, RunError> {
    let failed = |e: std::io::Error| RunError::unavailable(format!("cannot listen for signals: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = term.recv() => "SIGTERM",
                Some(()) = interrupt.recv() => "SIGINT",
                else => return,
            };
            if sender.send(name).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
