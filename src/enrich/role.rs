//! `piste enrich` on streams, with the original's configuration.

use std::sync::Arc;

use ::enrich::enrichments::client::Loader;
use iglu::client::Client;
use service::{
    clock,
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    supervise::{DEADLINE, Supervisor},
    telemetry,
};

use super::{
    Options,
    sinks::{Sinks, open_log},
};
use crate::{
    enrichments, probe, schemas,
    source::{self, Source},
};

/// The one stage of the drain.
const ENRICH: u8 = 0;

/// Runs until it is asked to end.
pub(super) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let config = options.configuration()?;
    let labels = config.monitoring.metrics.prometheus.tags.clone();
    telemetry::label_all(labels).map_err(|error| RunError::bug(error.to_string()))?;
    let context = Context::default();
    // Until all is there the probe says no.
    let starting = context.health.fact("enrich.start");
    let admin_ends = Drain::new();
    probe::serve(&config.monitoring.health_probe, &context, &admin_ends)?;

    let resolver = schemas::resolver_or_central(options.iglu_config.as_deref())?;
    let iglu = Arc::new(Client::new(resolver, clock::now).with_http(config.registries()));
    let log = open_log(&config)?;
    let Source { consumer, released } = source::open(&config.reading(), log.as_deref()).await?;
    let loader = Loader::new(Arc::clone(&iglu), options.assets.clone());
    let refresher = enrichments::load(loader, options.enrichments.as_deref()).await?;
    let Sinks { outputs, closing } = Sinks::open(&config, log, &context.health).await?;

    let mut supervisor = Supervisor::new(context, DEADLINE);
    supervisor.started(starting);
    let (live, period) = (refresher.live(), config.assets_update_period);
    let refreshing = refresher.run(period, supervisor.context(ENRICH).drain);
    let enriching = ::enrich::run::run(config, consumer, outputs, iglu, live, supervisor.context(ENRICH));
    supervisor.spawn(ENRICH, "enrich", async move {
        enriching.await.map_err(|error| RunError::unavailable(error.to_string()))
    });
    supervisor.spawn(ENRICH, "files of enrichments", async move {
        refreshing.await;
        Ok(())
    });
    let code = supervisor.run().await;
    released.await;
    closing.close().await;
    admin_ends.request();
    code
}
