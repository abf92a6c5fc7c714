//! The registry of `piste up`: where its data are, and the key that may do everything.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use iglu::server::{run::Registry, settings::Settings};
use service::{
    clock,
    config::Secret,
    exit::{ExitCode, RunError},
};
use uuid::Uuid;

use super::config::UpConfig;
use crate::iglu_server::{observed, settings::IgluServerConfig, storage};

/// The file of its store, in the data folder.
const STORE: &str = "iglu.sqlite";
/// The file of the key that was made at the first start.
const KEY: &str = "iglu-super-key";

/// The registry, and the key that may do everything.
pub(crate) struct Local {
    pub(crate) registry: Registry,
    pub(crate) super_key: Uuid,
    /// The file of the key, where it was not told.
    pub(crate) key_file: Option<PathBuf>,
}

/// Opens it.
pub(crate) fn open(config: &UpConfig) -> Result<Local, RunError> {
    let (super_key, key_file) = match &config.iglu_super_key {
        Some(key) => (told(key)?, None),
        None => {
            let file = config.data.join(KEY);
            (kept(&file)?, Some(file))
        }
    };
    let defaults = IgluServerConfig::default();
    let registry = Registry {
        settings: Settings { super_key: Some(super_key), ..defaults.settings() },
        store: Arc::new(storage::in_file(&config.data.join(STORE))?),
        clock: clock::now,
        ids: clock::random_id,
        connections: defaults.repo_server.max_connections,
        idle_timeout: defaults.repo_server.idle_timeout,
        goes_on: Duration::ZERO,
        unhealthy_meanwhile: false,
        observer: observed::observed,
        published: None,
    };
    Ok(Local { registry, super_key, key_file })
}

fn told(key: &Secret) -> Result<Uuid, RunError> {
    let what = "--iglu-super-key (`igluSuperKey`): expected a UUID";
    key.expose().trim().parse().map_err(|_| RunError::new(ExitCode::Config, what))
}

/// The key in the file, which is made where it is not there: nobody else may read it.
fn kept(file: &Path) -> Result<Uuid, RunError> {
    let cannot = |error: std::io::Error| RunError::unavailable(format!("{}: {error}", file.display()));
    match fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(|_| {
            let what = format!("{} holds no UUID; without the file a new key is made", file.display());
            RunError::new(ExitCode::Config, what)
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(cannot)?;
            }
            let key = clock::random_id();
            let mut made =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
            made.write_all(format!("{key}\n").as_bytes()).and_then(|()| made.sync_all()).map_err(cannot)?;
            Ok(key)
        }
        Err(error) => Err(cannot(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data").join(KEY);
        let key = kept(&file).unwrap();
        assert_eq!(kept(&file).unwrap(), key);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "none").unwrap();
        assert_eq!(kept(&file).unwrap_err().code, ExitCode::Config);
    }
}
