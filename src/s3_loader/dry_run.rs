//! `--dry-run`: where records would go, without going anywhere.

use std::{
    collections::{BTreeSet, HashSet},
    io::Read as _,
    path::Path,
};

use event::schema_key::SchemaKey;
use iglu::{cache::Lookup, client::Client};
use loaders::{
    family::{self, Family},
    lake::{
        config::LakeConfig,
        format::INDEX,
        plan::{Plan, plan, sample, schemas_of},
        settings::{FileLine, S3LoaderConfig},
    },
    parquet::schemas::{Schemas, highest},
};
use service::{
    clock,
    config::sections::{BadSinkKind, SourceKind},
    exit::{ExitCode, RunError},
};

use super::Options;
use crate::output;

/// Prints what would become of the records of `--records`, or of one that is made up.
pub(super) async fn run(
    options: &Options,
    config: &S3LoaderConfig,
    lake: &LakeConfig,
) -> Result<ExitCode, RunError> {
    let records = match &options.records {
        Some(file) => lines(file)?,
        None => vec![sample(lake.purpose)],
    };
    let wanted = schemas_of(lake, &records);
    let schemas =
        if wanted.is_empty() { Schemas::default() } else { fetched(&options.iglu()?, &wanted).await? };
    for line in told(config, lake, &records, &schemas) {
        output::line(format_args!("{line}"));
    }
    Ok(ExitCode::Ok)
}

/// These schemas, each with the versions of its model before it.
async fn fetched(iglu: &Client, wanted: &BTreeSet<SchemaKey>) -> Result<Schemas, RunError> {
    let mut schemas = Schemas::default();
    let singly = wanted.iter().cloned();
    for key in highest(wanted).into_iter().chain(singly) {
        let mut asked = HashSet::new();
        while !schemas.has(&key) {
            match family::known(iglu.cache(), &key, &asked, clock::now()) {
                Family::Ask(next) => {
                    iglu.fetch(&next).await;
                    asked.insert(next);
                }
                Family::Away(_) => {
                    return Err(RunError::unavailable(format!("a schema registry is away, {key} is needed")));
                }
                Family::Missing(error) => schemas.add_missing(&key, &error),
                Family::Versions(versions) => {
                    for schema in versions.iter().filter(|schema| schema.key.version <= key.version) {
                        schemas.add(&schema.key, &schema.json);
                    }
                    // A version that its own list lacks.
                    if let (false, Lookup::Unknown(error)) =
                        (schemas.has(&key), iglu.cache().lookup(&key, clock::now()))
                    {
                        schemas.add_missing(&key, &error);
                    }
                    break;
                }
            }
        }
    }
    Ok(schemas)
}

/// What would become of records, a line each.
pub(super) fn told(
    config: &S3LoaderConfig,
    lake: &LakeConfig,
    records: &[Vec<u8>],
    schemas: &Schemas,
) -> Vec<String> {
    let Plan { objects, bad_rows } = plan(lake, records, schemas, clock::now());
    let reading = config.reading();
    let kind = |is_log: bool| if is_log { "the log's stream" } else { "Kinesis stream" };
    let source = kind(reading.kind == SourceKind::Log);
    let mut told = vec![format!("records of {source} {}, as {}", reading.stream, reading.application)];
    let path = config.path().trim_end_matches('/');
    told.extend(objects.into_iter().map(|(key, records)| match records {
        _ if key.ends_with(INDEX) => format!("the index of that file: {path}/{key}"),
        1 => format!("1 record in the file {path}/{key}"),
        _ => format!("{records} records in the file {path}/{key}"),
    }));
    if config.line() == FileLine::Current {
        let bad = &config.output.bad;
        let sink = kind(bad.kind() == BadSinkKind::Log);
        told.push(format!("{} bad rows in {sink} {}", bad_rows.len(), bad.name()));
        told.extend(bad_rows);
    }
    told
}

/// The lines of a file.
fn lines(file: &Path) -> Result<Vec<Vec<u8>>, RunError> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        _ => std::fs::read(file).map(|read| bytes = read),
    };
    let unread = |error| RunError::new(ExitCode::Usage, format!("{}: {error}", file.display()));
    read.map_err(unread)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(<[u8]>::to_vec).collect())
}
