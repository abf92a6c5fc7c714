//! `piste postgres-loader`: events into Postgres, with the original's configuration, or from files.

mod dry_run;
mod offline;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use iglu::client::Client;
use loaders::postgres::{self, settings::PostgresLoaderConfig};
use service::{
    clock,
    config::{self, Examined, Sources},
    exit::{ExitCode, RunError},
};

use crate::{
    archive, configuration,
    healthcheck::Door,
    loader::{Loader, in_log},
    probe, schemas,
    source::Source,
};

/// Options of `piste postgres-loader`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    /// Resolver configuration [default: the built-in schemas and Iglu Central]
    #[arg(long, visible_alias = "iglu-config", value_name = "FILE")]
    resolver: Option<PathBuf>,
    /// Load these files of enriched lines, plain, gzipped or Parquet of the S3 loader, instead of a stream, each line exactly once however often it is
    /// tried: progress is kept in the database, under a hash of what a file holds.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    offline: Vec<PathBuf>,
    /// The database to load files into, like postgres://user@host/database?schema=atomic [default: as the configuration says]
    #[arg(long, value_name = "URL", requires = "offline")]
    postgres: Option<String>,
    /// Print every statement that would make or change a table, and end: for the tables that are there, and for those that the
    /// files of --offline need. Nothing is changed.
    #[arg(long)]
    dry_run: bool,
    /// File that bad rows are added to [default: stderr, each behind file and line]
    #[arg(long, value_name = "FILE", requires = "offline")]
    bad: Option<PathBuf>,
}

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    if options.offline.is_empty() { role(options).await } else { offline::run(options).await }
}

async fn role(options: Options) -> Result<ExitCode, RunError> {
    let (sources, notes) = options.configuration.sources()?;
    let config = configuration::usable(examined(&sources), &notes)?;
    let postgres = config.postgres().map_err(|error| RunError::new(ExitCode::Config, error.to_string()))?;
    let iglu = options.iglu()?;
    let files = files(&config)?;
    if options.dry_run {
        return dry_run::run(&postgres, &iglu, files.as_deref().unwrap_or_default()).await;
    }
    let reading = config.reading();
    let (monitoring, bad) = (&config.monitoring, &config.output.bad);
    let labels = monitoring.metrics.prometheus.tags.clone();
    let streams = in_log(&reading, Some(bad));
    let mut loader =
        Loader::begin("postgres-loader", &monitoring.health_probe, labels, &config.log, streams)?;
    let bad = loader.bad_rows(bad).await?;
    let Source { consumer, released } = match files {
        Some(files) => loader.files(files),
        None => loader.source(&reading).await?,
    };
    let load = |context| async move {
        let loaded = postgres::run::run(postgres, consumer, iglu, bad, context).await;
        loaded.map(drop).map_err(|error| RunError::unavailable(error.to_string()))
    };
    loader.run(released, load).await
}

/// The files of a source of type local.
fn files(config: &PostgresLoaderConfig) -> Result<Option<Vec<PathBuf>>, RunError> {
    let Some(path) = config.files() else { return Ok(None) };
    let files = archive::files_below(path);
    let files = files.map_err(|e| RunError::unavailable(format!("input.path {}: {e}", path.display())))?;
    if files.is_empty() {
        return Err(RunError::unavailable(format!("input.path {}: there is no file in it", path.display())));
    }
    Ok(Some(files))
}

/// What the loader would change in the database that this configuration names.
pub(crate) async fn dry_run(
    config: &PostgresLoaderConfig,
    resolver: Option<&Path>,
) -> Result<ExitCode, RunError> {
    let postgres = config.postgres().map_err(|error| RunError::new(ExitCode::Config, error.to_string()))?;
    let iglu = registries(resolver)?;
    dry_run::run(&postgres, &iglu, &files(config)?.unwrap_or_default()).await
}

fn registries(resolver: Option<&Path>) -> Result<Arc<Client>, RunError> {
    let resolver = schemas::resolver_or_central(resolver)?;
    // A table is made from the very version that an event names, superseded or not.
    Ok(Arc::new(Client::new(resolver, clock::now).without_superseding()))
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let config = configuration::of_running(examined(&self.configuration.sources()?.0))?;
        probe::door(&config.monitoring.health_probe)
    }

    fn iglu(&self) -> Result<Arc<Client>, RunError> {
        registries(self.resolver.as_deref())
    }
}

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<PostgresLoaderConfig> {
    config::examine(sources, Some("snowplow"))
}
