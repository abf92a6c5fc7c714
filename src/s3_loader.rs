//! `piste s3-loader`: a stream as files, with the original's configuration.

mod dry_run;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use iglu::client::Client;
use loaders::{
    lake::{
        self,
        client::{Destination, region_of_bucket},
        plan::sample,
        settings::{FileLine, S3LoaderConfig},
    },
    parquet::schemas::Schemas,
};
use service::{
    clock,
    config::{self, Examined, Sources},
    exit::{ExitCode, RunError},
};

use crate::{
    configuration,
    healthcheck::Door,
    loader::{Loader, in_log},
    probe, schemas,
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
        return dry_run::run(&options, &config, &lake).await;
    }
    for remark in config.remarks() {
        tracing::warn!("{remark}");
    }
    let iglu = if lake.parquet.is_some() { Some(Arc::new(options.iglu()?)) } else { None };
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
    /// The registries of schemas.
    fn iglu(&self) -> Result<Client, RunError> {
        let resolver = schemas::resolver_or_central(self.resolver.as_deref())?;
        // Columns are made from the very version that an event names, superseded or not.
        Ok(Client::new(resolver, clock::now).without_superseding())
    }

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
    // A record that is made up has no entities, so that no schema is needed.
    let told = dry_run::told(config, &lake, &[sample(lake.purpose)], &Schemas::default());
    config.remarks().into_iter().chain(told).collect()
}
