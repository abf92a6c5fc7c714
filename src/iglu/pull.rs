//! `piste iglu pull`, `static pull`: a registry's schemas into a folder.

use std::path::PathBuf;

use ::iglu::{lint::self_of, spaced::spaced};
use clap::Args;
use event::schema_key::SchemaKey;
use indicatif::ProgressIterator as _;
use serde_json::Value;
use service::exit::{ExitCode, RunError};

use super::{
    files,
    registry::{ApiKey, Registry, Root},
    said::{Said, tell},
};
use crate::runtime;

/// Options of `piste iglu pull`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The folder; what is there is overwritten.
    output: PathBuf,
    /// The registry, without `/api`.
    uri: Root,
    /// A key that may read; without it what everybody may read.
    uuid: Option<ApiKey>,
}

/// Writes them.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move { Ok(tell(said(options).await)) })
}

async fn said(options: Options) -> Said {
    let registry = Registry::new(options.uri, options.uuid).map_err(|error| vec![error])?;
    let schemas = registry.schemas().await.map_err(|error| vec![error])?;
    files::writable(&options.output)?;
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for schema in schemas.iter().progress() {
        let written = place(schema)
            .and_then(|key| files::write(&options.output.join(key.path()), &spaced(schema), true));
        match written {
            Ok(line) => lines.push(line),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// The schema's key, if its path stays below the folder.
fn place(schema: &Value) -> Result<SchemaKey, String> {
    let key = self_of(schema).ok_or_else(|| format!("Error while parsing response: no schema: {schema}"))?;
    // The parts as the URI's grammar has them hold no slashes; `..` is left.
    let uri: Result<SchemaKey, _> = key.to_string().parse();
    let is_plain = |part: &String| !part.bytes().all(|byte| byte == b'.');
    match uri {
        Ok(uri) if uri == key && [&key.vendor, &key.name, &key.format].into_iter().all(is_plain) => Ok(key),
        _ => Err(format!("{key} cannot be a path")),
    }
}

#[cfg(test)]
mod tests {
    use ::iglu::validator::META_SCHEMA;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_stay_inside() {
        let schema = |vendor: &str| json!({"$schema": META_SCHEMA, "self": {"vendor": vendor, "name": "a", "format": "jsonschema", "version": "1-0-0"}});
        assert!(place(&schema("com.acme")).is_ok());
        for vendor in ["..", "../x", "/etc", ""] {
            assert!(place(&schema(vendor)).is_err(), "{vendor}");
        }
    }
}
