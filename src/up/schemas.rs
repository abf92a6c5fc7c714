//! Where `piste up` takes schemas from: the resolver file if there is one, own folders first, registries after them.

use iglu::resolver_config::{Connection, Repository, ResolverConfig};
use service::exit::{ExitCode, RunError};

use super::config::UpConfig;
use crate::schemas;

/// The resolver's configuration.
pub(crate) fn resolver(up: &UpConfig) -> Result<ResolverConfig, RunError> {
    let mut resolver = match &up.resolver {
        None => ResolverConfig { cache_size: 10_000, cache_ttl: None, repositories: Vec::new() },
        Some(file) => schemas::read_resolver(file)?,
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
