//! Where `piste up` takes schemas from: its own registry first, then those of the resolver file if there is one, own folders, other registries.

use std::net::SocketAddr;

use iglu::resolver_config::{Connection, Repository, ResolverConfig};
use service::exit::{ExitCode, RunError};
use uuid::Uuid;

use super::config::UpConfig;
use crate::schemas;

/// The name of the registry of `piste up` itself.
const LOCAL: &str = "Iglu Server";

/// The resolver's configuration; `local` is where the registry of `piste up` is, and a key for it.
pub(crate) fn resolver(up: &UpConfig, local: (SocketAddr, Uuid)) -> Result<ResolverConfig, RunError> {
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
    let (address, key) = local;
    let connection = Connection::Http { uri: format!("http://{address}/api"), apikey: Some(key.to_string()) };
    // A prefix that every vendor has: it is asked first.
    let vendor_prefixes = vec![String::new()];
    resolver.repositories.push(Repository { name: LOCAL.into(), priority: 0, vendor_prefixes, connection });
    Ok(resolver)
}

fn add(resolver: &mut ResolverConfig, name: String, priority: i32, connection: Connection) {
    resolver.repositories.push(Repository { name, priority, vendor_prefixes: Vec::new(), connection });
}
