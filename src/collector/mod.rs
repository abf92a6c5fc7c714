//! `piste collector`: the collector alone, with the original's configuration.

mod doors;
mod sinks;

use std::{sync::Arc, time::Duration};

use ::collector::config::CollectorConfig;
use clap::Args;
use service::{
    admin,
    config::{self, Loaded},
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    supervise::Supervisor,
    tls::JavaKeyStore,
};

use self::{doors::Doors, sinks::Sinks};
use crate::configuration;

/// What is left of the process's time after the periods of the collector itself, for its sinks.
const SINKS_FINISH_WITHIN: Duration = Duration::from_secs(25);

/// Stages of the drain: what clients sent is stored before the rest ends.
const COLLECT: u8 = 0;
const AFTER: u8 = 1;

/// Options of `piste collector`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Options,
}

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let config = options.configuration()?;
    let doors = Doors::open(&config)?;
    let context = Context::default();
    let ends_within = config.pre_termination_period + config.termination_deadline + SINKS_FINISH_WITHIN;
    let mut supervisor = Supervisor::new(context.clone(), ends_within);
    let sinks = Sinks::open(&config).await?;

    let Doors { listeners, admin, tls } = doors;
    let (good, bad) = (sinks.good.clone(), sinks.bad.clone());
    let collecting =
        ::collector::run::run(Arc::new(config), good, bad, listeners, supervisor.context(COLLECT));
    supervisor.spawn(COLLECT, "collector", async move { Ok(collecting.await?) });
    if let Some(tls) = tls {
        let ends = supervisor.context(AFTER).drain;
        supervisor.spawn(AFTER, "certificate", tls.watch(ends));
    }
    let admin_ends = Drain::new();
    if let Some(admin) = admin {
        tokio::spawn(admin::server::run(admin, context, admin_ends.clone()));
    }
    let code = supervisor.run().await;
    sinks.close().await;
    admin_ends.request();
    code
}

impl Options {
    /// The configuration to run with; what nothing reads is logged.
    fn configuration(&self) -> Result<CollectorConfig, RunError> {
        let mut sources = self.configuration.sources();
        let key_store = JavaKeyStore::take(&mut sources.overrides);
        let Loaded { mut config, unknown } = config::load::<CollectorConfig>(&sources, Some("collector"))?;
        for unknown in &unknown {
            tracing::warn!("{unknown}");
        }
        let mut tls = config.ssl.tls();
        key_store.fill(&mut tls).map_err(|e| RunError::new(ExitCode::Config, e.to_string()))?;
        config.ssl = config.ssl.with(tls);
        let kind = config.streams.good().kind();
        config.name = format!("ssc-{}-{}", env!("CARGO_PKG_VERSION"), kind.sink_name());
        Ok(config)
    }
}
