//! `piste s3-loader`: a stream as files, with the original's configuration.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use iglu::client::Client;
use loaders::lake::{
    self,
    client::{Destination, region_of_bucket},
    settings::{FileLine, S3LoaderConfig},
};
use service::{
    clock,
    config::{self, Examined, Sources},
    exit::{ExitCode, RunError},
};

use crate::{
    configuration,
    loader::{Loader, in_log},
    schemas,
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
}

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let (sources, notes) = options.configuration.sources()?;
    let config = configuration::usable(examined(&sources), &notes)?;
    let invalid = |error: lake::config::InvalidConfig| RunError::new(ExitCode::Config, error.to_string());
    let lake = config.lake().map_err(invalid)?;
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

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<S3LoaderConfig> {
    config::examine(sources, Some("snowplow"))
}
