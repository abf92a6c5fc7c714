//! `piste collector`: the collector alone, with the original's configuration.

pub(crate) mod doors;
mod sinks;

use std::{sync::Arc, thread, time::Duration};

use ::collector::{
    config::{CollectorConfig, Kind, Ssl},
    run::Listeners,
};
use clap::Args;
use service::{
    admin,
    config::{self, ConfigError, Examined, Place, Sources},
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    supervise::Supervisor,
    tls::JavaKeyStore,
};

use self::{
    doors::{Doors, Https},
    sinks::Sinks,
};
use crate::{configuration, healthcheck::Door, runtime};

/// What is left of the process's time after the periods of the collector itself, for its sinks.
const SINKS_FINISH_WITHIN: Duration = Duration::from_secs(25);

/// Stages of the drain: what clients sent is stored before the rest ends.
const COLLECT: u8 = 0;
const AFTER: u8 = 1;

/// Options of `piste collector`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
}

/// Runs until it is asked to end.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let config = options.configuration()?;
    runtime::run(threads(&config), serve(config))
}

/// How many threads it should have; `None`: as many as there are cores, since handshakes and calls to a stream elsewhere can
/// use them all.
fn threads(config: &CollectorConfig) -> Option<usize> {
    let into_log = config.streams.good().kind() == Kind::Log && !config.ssl.enable;
    let cores = thread::available_parallelism().ok().filter(|_| into_log)?;
    Some(::collector::run::threads_beside_log(cores.get()))
}

async fn serve(mut config: CollectorConfig) -> Result<ExitCode, RunError> {
    let doors = Doors::open(&mut config)?;
    let context = Context::default();
    let ends_within = config.pre_termination_period + config.termination_deadline + SINKS_FINISH_WITHIN;
    let mut supervisor = Supervisor::new(context.clone(), ends_within);
    let sinks = Sinks::open(&config).await?;

    let Doors { http, https, admin } = doors;
    if let Some(https) = &https {
        let ends = supervisor.context(AFTER).drain;
        supervisor.spawn(AFTER, "certificate", https.tls.clone().watch(ends));
    }
    let listeners = Listeners { http: Some(http), https: https.map(Https::for_collector) };
    let (good, bad) = (sinks.good.clone(), sinks.bad.clone());
    let collecting =
        ::collector::run::run(Arc::new(config), good, bad, listeners, supervisor.context(COLLECT));
    supervisor.spawn(COLLECT, "collector", async move { Ok(collecting.await?) });
    let admin_ends = Drain::new();
    if let Some(admin) = admin {
        if let Ok(address) = admin.local_addr() {
            tracing::info!(%address, "Health and metrics at address");
        }
        tokio::spawn(admin::server::run(admin, context, admin_ends.clone()));
    }
    let code = supervisor.run().await;
    sinks.close().await;
    admin_ends.request();
    code
}

impl Options {
    /// Where its health is told: it is well while it serves, whatever its sinks say.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let config = configuration::of_running(examined(self.configuration.sources()?.0))?;
        Door::new(&config.interface, config.port, "/health")
    }

    /// The configuration to run with.
    fn configuration(&self) -> Result<CollectorConfig, RunError> {
        let (sources, notes) = self.configuration.sources()?;
        let mut config = configuration::usable(examined(sources), &notes)?;
        let kind = config.streams.good().kind();
        config.name = format!("ssc-{}-{}", env!("CARGO_PKG_VERSION"), kind.sink_name());
        Ok(config)
    }
}

/// Reads and checks the configuration.
pub(crate) fn examined(mut sources: Sources) -> Examined<CollectorConfig> {
    let key_store = JavaKeyStore::take(&mut sources.overrides);
    let mut found = config::examine::<CollectorConfig>(&sources, Some("collector"));
    stand_in(&key_store, &mut found, "ssl.enable", |config| &mut config.ssl);
    found
}

/// Takes the key store that Java's properties name where the configuration names no certificate; `lacking` is the key
/// that is said to lack one.
pub(crate) fn stand_in<T>(
    key_store: &JavaKeyStore,
    found: &mut Examined<T>,
    lacking: &str,
    ssl: impl FnOnce(&mut T) -> &mut Ssl,
) {
    let Some(config) = &mut found.config else { return };
    let ssl = ssl(config);
    let mut tls = ssl.tls();
    match key_store.fill(&mut tls) {
        Ok(()) => {
            found.errors.retain(|error| error.key != lacking || tls.is_empty());
            *ssl = ssl.clone().with(tls);
        }
        Err(error) => {
            let (place, key) = (Place::default(), String::new());
            found.errors.push(ConfigError { place, key, what: error.to_string() });
        }
    }
}
