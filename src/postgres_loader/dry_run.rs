//! `--dry-run`: what the loader would change in the database.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use event::schema_key::SchemaKey;
use iglu::client::Client;
use loaders::postgres::{
    config::{PostgresConfig, Purpose},
    preview::{self, Proposed},
};
use service::exit::{ExitCode, RunError};
use stream::archive::{file, lines::Lines};

use crate::{archive, output};

/// Prints statements on the standard output, those that only some data would ask for as comments.
pub(super) async fn run(
    postgres: &PostgresConfig,
    iglu: &Client,
    files: &[PathBuf],
) -> Result<ExitCode, RunError> {
    let mut wanted = BTreeSet::new();
    for file in files {
        let found = schemas_in(file, postgres.purpose);
        wanted.extend(found.map_err(|e| RunError::unavailable(format!("{}: {e}", file.display())))?);
    }
    let keys: Vec<SchemaKey> = wanted.iter().filter_map(|uri| uri.parse().ok()).collect();
    let proposed = preview::preview(postgres, iglu, &keys, service::clock::now).await;
    let proposed =
        proposed.map_err(|error| RunError::unavailable(format!("{}: {error}", postgres.place())))?;
    if proposed.is_empty() {
        output::line(format_args!("-- nothing to change"));
    }
    for proposal in proposed {
        match proposal {
            Proposed::Now(sql) => output::line(format_args!("{sql};")),
            Proposed::OnDemand(sql) => output::line(format_args!("-- when data need it: {sql};")),
            Proposed::Remark(remark) => output::line(format_args!("-- {remark}")),
        }
    }
    Ok(ExitCode::Ok)
}

/// URIs of the schemas that the lines of a file name.
fn schemas_in(path: &Path, purpose: Purpose) -> io::Result<BTreeSet<String>> {
    let mut lines = Lines::of(file::open(path, archive::ROWS, Arc::default())?);
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next_line()? {
        for uri in line.bytes.iter().flat_map(|line| preview::schemas(purpose, line)) {
            if !found.contains(&uri) {
                found.insert(uri);
            }
        }
    }
    Ok(found)
}
