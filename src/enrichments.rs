//! Configurations of enrichments in a folder become enrichments that run.

use std::path::Path;

use ::enrich::enrichments::{
    InvalidEnrichments,
    client::{LoadError, Loader, read_folder},
    run::Refresher,
};
use service::exit::{ExitCode, RunError};

/// Loads what a folder configures, and says what runs. Without a folder only that runs which is always on.
pub(crate) async fn load(loader: Loader, folder: Option<&Path>) -> Result<Refresher, RunError> {
    let configurations = match folder {
        Some(folder) => read_folder(folder).map_err(invalid)?,
        None => Vec::new(),
    };
    let refresher = loader.load_live(&configurations).await.map_err(not_loaded)?;
    let names = refresher.live().now().names().join(", ");
    if !names.is_empty() {
        tracing::info!(enrichments = names, "enrichments run");
    }
    Ok(refresher)
}

/// Why the process ends when it does not have its enrichments.
pub(crate) fn not_loaded(error: LoadError) -> RunError {
    match error {
        LoadError::Invalid(error) => invalid(error),
        LoadError::Unavailable(what) => RunError::unavailable(what),
    }
}

/// Why it ends when they are configured wrongly.
pub(crate) fn invalid(error: InvalidEnrichments) -> RunError {
    RunError::new(ExitCode::Config, error.to_string())
}
