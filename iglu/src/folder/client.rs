//! Reads registries in folders.

use std::{io::ErrorKind, path::Path};

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

use crate::{client_error::RegistryError, folder, http::MAX_BODY};

/// The schema, if the folder has it.
pub(crate) async fn schema(folder: &Path, key: &SchemaKey) -> Result<Value, RegistryError> {
    for file in folder::files(folder, key) {
        if let Some(text) = read(&file).await? {
            let what = |error| RegistryError::RepoFailure(format!("ParsingFailure: {error}"));
            return event::json::parse(&text).map_err(what);
        }
    }
    Err(RegistryError::NotFound)
}

/// The versions of a model, in order; none: empty.
pub(crate) async fn versions(
    folder: &Path,
    vendor: &str,
    name: &str,
    model: u32,
) -> Result<Vec<SchemaVersion>, RegistryError> {
    let mut versions: Vec<SchemaVersion> = vec![];
    for family in folder::families(folder, vendor, name, "jsonschema") {
        let mut entries = match tokio::fs::read_dir(&family).await {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(failure(&family, &error)),
        };
        while let Some(entry) = entries.next_entry().await.map_err(|error| failure(&family, &error))? {
            let version = entry.file_name().to_str().and_then(folder::version_of);
            versions.extend(version.filter(|version| version.model == model));
        }
    }
    versions.sort_unstable();
    versions.dedup();
    Ok(versions)
}

async fn read(path: &Path) -> Result<Option<String>, RegistryError> {
    match tokio::fs::metadata(path).await {
        Ok(metadata) if metadata.len() > MAX_BODY as u64 => {
            Err(RegistryError::RepoFailure(format!("{} is larger than {MAX_BODY} bytes", path.display())))
        }
        Ok(metadata) if !metadata.is_file() => Ok(None),
        Ok(_) => tokio::fs::read_to_string(path).await.map(Some).map_err(|error| failure(path, &error)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failure(path, &error)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn failure(path: &Path, error: &std::io::Error) -> RegistryError {
    RegistryError::RepoFailure(format!("{}: {error}", path.display()))
}
