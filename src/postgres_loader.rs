//! `piste postgres-loader`: events into Postgres, with the original's configuration.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use iglu::client::Client;
use loaders::postgres::{self, settings::PostgresLoaderConfig};
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

/// Options of `piste postgres-loader`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    /// Resolver configuration [default: the built-in schemas and Iglu Central]
    #[arg(long, visible_alias = "iglu-config", value_name = "FILE")]
    resolver: Option<PathBuf>,
}

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let (sources, notes) = options.configuration.sources()?;
    let config = configuration::usable(examined(&sources), &notes)?;
    let postgres = config.postgres().map_err(|error| RunError::new(ExitCode::Config, error.to_string()))?;
    let resolver = schemas::resolver_or_central(options.resolver.as_deref())?;
    // A table is made from the very version that an event names, superseded or not.
    let iglu = Arc::new(Client::new(resolver, clock::now).without_superseding());
    let reading = config.reading();
    let (monitoring, bad) = (&config.monitoring, &config.output.bad);
    let labels = monitoring.metrics.prometheus.tags.clone();
    let streams = in_log(&reading, Some(bad));
    let mut loader =
        Loader::begin("postgres-loader", &monitoring.health_probe, labels, &config.log, streams)?;
    let bad = loader.bad_rows(bad).await?;
    let Source { consumer, released } = loader.source(&reading).await?;
    let load = |context| async move {
        let loaded = postgres::run::run(postgres, consumer, iglu, bad, context).await;
        loaded.map_err(|error| RunError::unavailable(error.to_string()))
    };
    loader.run(released, load).await
}

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<PostgresLoaderConfig> {
    config::examine(sources, Some("snowplow"))
}
