//! Where schemas come from.

use std::path::Path;

use iglu::resolver_config::{Connection, Repository, ResolverConfig};
use service::{
    config::{self, Sources},
    exit::{ExitCode, RunError},
};

/// The public registry.
const CENTRAL: &str = "http://iglucentral.com";

/// A resolver's configuration in a file, as the original's.
pub(crate) fn read_resolver(file: &Path) -> Result<ResolverConfig, RunError> {
    let wrong = |what: String| RunError::new(ExitCode::Config, format!("{}: {what}", file.display()));
    let sources = Sources::of_process([file.to_owned()], Vec::new());
    let json = config::load::<serde_json::Value>(&sources, None)?.config;
    ResolverConfig::from_json(&json).map_err(|e| wrong(e.to_string()))
}

/// The file's registries, else Iglu Central. The built-in schemas are there in any case.
pub(crate) fn resolver_or_central(file: Option<&Path>) -> Result<ResolverConfig, RunError> {
    match file {
        Some(file) => read_resolver(file),
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
