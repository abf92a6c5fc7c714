//! Where schemas come from.

use std::path::Path;

use iglu::resolver_config::{Connection, Repository, ResolverConfig};
use service::{
    config::{self, Sources},
    exit::{ExitCode, RunError},
};

/// The public registry.
const CENTRAL: &str = "http://iglucentral.com";

/// Names the variable with a resolver's configuration in Base64, for who gives no file: a container may have none.
const RESOLVER: &str = "PISTE_IGLU_CONFIG_B64";

/// A resolver's configuration in a file, as the original's.
pub(crate) fn read_resolver(file: &Path) -> Result<ResolverConfig, RunError> {
    read(&Sources::of_process([file.to_owned()], Vec::new()), &file.display().to_string())
}

fn read(sources: &Sources, name: &str) -> Result<ResolverConfig, RunError> {
    let wrong = |what: String| RunError::new(ExitCode::Config, format!("{name}: {what}"));
    let json = config::load::<serde_json::Value>(sources, None)?.config;
    ResolverConfig::from_json(&json).map_err(|e| wrong(e.to_string()))
}

/// The registries of the file, else of the environment, else Iglu Central. The built-in schemas are there in any case.
pub(crate) fn resolver_or_central(file: Option<&Path>) -> Result<ResolverConfig, RunError> {
    if let Some(file) = file {
        return read_resolver(file);
    }
    match Sources::in_variable(RESOLVER, config::process_environment())? {
        Some(sources) => read(&sources, RESOLVER),
        None => Ok(ResolverConfig {
            cache_size: 10_000,
            cache_ttl: None,
            repositories: vec![Repository {
                name: "Iglu Central".into(),
                priority: 0,
                vendor_prefixes: Vec::new(),
                connection: Connection::Http { uri: CENTRAL.into(), apikey: None },
            }],
        }),
    }
}
