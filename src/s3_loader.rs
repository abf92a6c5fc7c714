//! `piste s3-loader`: a stream as files, with the original's configuration.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use iglu::client::Client;
use loaders::lake::{
    self,
    client::{Destination, region_of_bucket},
    config::LakeConfig,
    format::INDEX,
    plan::{Plan, plan, sample},
    settings::{FileLine, S3LoaderConfig},
};
use service::{
    clock,
    config::{
        self, Examined, Sources,
        sections::{BadSinkKind, SourceKind},
    },
    exit::{ExitCode, RunError},
};

use crate::{
    configuration,
    healthcheck::Door,
    loader::{Loader, in_log},
    output, probe, schemas,
    source::Source,
};

/// Options of `piste s3-loader`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    /// Resolver configuration, for Parquet files [default: the built-in schemas and Iglu Central]
    #[arg(long, visible_alias = "iglu-config", value_name = "FILE")]
    resolver: Option<PathBuf>,
    /// Say what would be written where, and end. Neither streams nor buckets are looked at.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: records to say it of, one a line, `-` for stdin [default: one made up]
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    records: Option<PathBuf>,
}

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let (sources, notes) = options.configuration.sources()?;
    let config = configuration::usable(examined(&sources), &notes)?;
    let invalid = |error: lake::config::InvalidConfig| RunError::new(ExitCode::Config, error.to_string());
    let lake = config.lake().map_err(invalid)?;
    if options.dry_run {
        let records = match &options.records {
            Some(_) if lake.parquet.is_some() => {
                let what = "--records: which columns they have is known to the registry alone";
                return Err(RunError::new(ExitCode::Usage, what));
            }
            Some(file) => lines(file)?,
            None => vec![sample(lake.purpose)],
        };
        for line in told(&config, &lake, &records) {
            output::line(format_args!("{line}"));
        }
        return Ok(ExitCode::Ok);
    }
    for remark in config.remarks() {
        tracing::warn!("{remark}");
    }
    let iglu = if lake.parquet.is_some() {
        let resolver = schemas::resolver_or_central(options.resolver.as_deref())?;
        // Columns are made from the very version that an event names, superseded or not.
        Some(Arc::new(Client::new(resolver, clock::now).without_superseding()))
    } else {
        None
    };
    let reading = config.reading();
    let bad = (config.line() == FileLine::Current).then_some(&config.output.bad);
    let monitoring = &config.monitoring;
    let labels = monitoring.metrics.prometheus.tags.clone();
    let streams = in_log(&reading, bad);
    let mut loader = Loader::begin("s3-loader", &monitoring.health_probe, labels, &config.log, streams)?;
    let (path, endpoint) = (config.path(), config.endpoint());
    let region = match &config.region {
        None => region_of_bucket(path, endpoint).await,
        set => set.clone(),
    };
    let destination = Destination::open(path, region.as_deref(), endpoint)
        .map_err(|error| RunError::unavailable(error.to_string()))?;
    let bad = match bad {
        Some(keys) => Some(loader.bad_rows(keys).await?),
        None => None,
    };
    let Source { consumer, released } = loader.source(&reading).await?;
    loader.run(released, |context| lake::run::run_with(lake, consumer, destination, bad, iglu, context)).await
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let config = configuration::of_running(examined(&self.configuration.sources()?.0))?;
        probe::door(&config.monitoring.health_probe)
    }
}

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<S3LoaderConfig> {
    config::examine(sources, Some("snowplow"))
}

/// What `piste check` says beside the configuration: what may surprise, and where a record would go.
pub(crate) fn notes(found: &Examined<S3LoaderConfig>) -> Vec<String> {
    let Some(config) = found.config.as_ref().filter(|_| found.errors.is_empty()) else { return Vec::new() };
    let Ok(lake) = config.lake() else { return Vec::new() };
    let told = told(config, &lake, &[sample(lake.purpose)]);
    config.remarks().into_iter().chain(told).collect()
}

/// What would become of records, a line each.
fn told(config: &S3LoaderConfig, lake: &LakeConfig, records: &[Vec<u8>]) -> Vec<String> {
    let Plan { objects, bad_rows } = plan(lake, records, clock::now());
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
