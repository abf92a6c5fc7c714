//! Configurations of enrichments become enrichments that run.

use std::path::Path;

use ::enrich::enrichments::{
    InvalidEnrichments,
    client::{LoadError, Loader, read_folder},
    configuration::Configuration,
    run::Refresher,
};
use serde_json::Value;
use service::{
    config::{self, Layer, Sources},
    exit::{ExitCode, RunError},
};

/// Names the variable with a JSON array of configurations in Base64, for who gives no folder: a container may have none.
const VARIABLE: &str = "PISTE_ENRICHMENTS_B64";

/// The configurations in a folder, else in the environment, else none.
pub(crate) fn configurations(folder: Option<&Path>) -> Result<Vec<Configuration>, RunError> {
    if let Some(folder) = folder {
        return read_folder(folder).map_err(invalid);
    }
    let Some(mut sources) = Sources::in_variable(VARIABLE, config::process_environment())? else {
        return Ok(Vec::new());
    };
    for layer in &mut sources.layers {
        if let Layer::Text { text, .. } = layer {
            // A document is an object.
            text.insert_str(0, "data = ");
        }
    }
    let document = config::load::<Value>(&sources, None)?.config;
    let Some(all) = document["data"].as_array() else {
        return Err(RunError::new(ExitCode::Config, format!("{VARIABLE}: expected a JSON array")));
    };
    let named = |(index, one): (usize, &Value)| {
        Configuration::from_json(format!("{VARIABLE}[{index}]"), one.clone())
            .map_err(|what| RunError::new(ExitCode::Config, what))
    };
    all.iter().enumerate().map(named).collect()
}

/// Loads them, and says what runs. Without any only that runs which is always on.
pub(crate) async fn load(loader: Loader, folder: Option<&Path>) -> Result<Refresher, RunError> {
    let configurations = configurations(folder)?;
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
