//! The threads that a command runs on.

use service::exit::{ExitCode, RunError};
use tokio::runtime::Builder;

/// Runs a command to its end, on so many threads; `None`: on as many as there are cores.
pub(crate) fn run(
    threads: Option<usize>,
    command: impl Future<Output = Result<ExitCode, RunError>>,
) -> Result<ExitCode, RunError> {
    let mut builder = Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads);
    }
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|e| RunError::unavailable(format!("no threads to run on: {e}")))?;
    let ended = runtime.block_on(command);
    // What the deadline abandoned must not hold the process.
    runtime.shutdown_background();
    ended
}
