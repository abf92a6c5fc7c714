//! Where `piste up` takes schemas from: the resolver file if there is one, own folders first, registries after them.

use iglu::resolver_config::{Connection, Repository, ResolverConfig};
use service::{
    config::{self, Sources},
    exit::{ExitCode, RunError},
};

use super::config::UpConfig;

/// The resolver's configuration.
pub(crate) fn resolver(up: &UpConfig) -> Result<ResolverConfig, RunError> {
    let mut resolver = match &up.resolver {
        None => ResolverConfig { cache_size: 10_000, cache_ttl: None, repositories: Vec::new() },
        Some(file) => {
            let wrong = |what: String| RunError::new(ExitCode::Config, format!("{}: {what}", file.display()));
            let sources = Sources::of_process([file.clone()], Vec::new());
            let json = config::load::<serde_json::Value>(&sources, None)?.config;
            ResolverConfig::from_json(&json).map_err(|e| wrong(e.to_string()))?
        }
    };
    for folder in &up.schemas {
        if !folder.is_dir() {
            let what = format!("schemas: {} is not a folder", folder.display());
            return Err(RunError::new(ExitCode::Config, what));
        }
        add(&mut resolver, folder.display().to_string(), 0, Connection::Folder(folder.clone()));
    }
    for registry in &up.registries {
        let uri = registry.trim_end_matches('/').to_owned();
        add(&mut resolver, uri.clone(), 10, Connection::Http { uri, apikey: None });
    }
    Ok(resolver)
}

fn add(resolver: &mut ResolverConfig, name: String, priority: i32, connection: Connection) {
    resolver.repositories.push(Repository { name, priority, vendor_prefixes: Vec::new(), connection });
}
