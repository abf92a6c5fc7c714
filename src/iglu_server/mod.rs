//! `piste iglu-server`: the registry that people publish to, with the original's configuration.

pub(crate) mod observed;
mod problems;
pub(crate) mod settings;
pub(crate) mod storage;

use std::time::Duration;

use ::iglu::server::run::{Registry, run as serve};
use clap::{Args, Subcommand};
use service::{
    admin, clock,
    config::{self, Examined, Sources},
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    supervise::{DEADLINE, Supervisor},
};

use self::settings::{DatabaseKind, IgluServerConfig};
use crate::{configuration, healthcheck::Door};

/// Options of `piste iglu-server`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    #[command(subcommand)]
    step: Option<Step>,
}

/// What else can be done.
#[derive(Debug, Subcommand)]
enum Step {
    /// Makes the tables where they are not there, and ends.
    Setup(Setup),
}

#[derive(Args, Debug)]
struct Setup {
    #[command(flatten)]
    configuration: configuration::Given,
    /// The original moves tables of its version 0.5 so.
    #[arg(long, value_name = "VERSION", hide = true)]
    migrate: Option<String>,
}

/// The one stage of the drain.
const SERVE: u8 = 0;

/// Runs until it is asked to end, or makes the tables.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    match options.step {
        None => serve_until_told(&configured(&options.configuration)?).await,
        Some(Step::Setup(Setup { migrate: Some(version), .. })) => {
            let what = format!(
                "--migrate {version}: tables of the Iglu server 0.5 are moved by the original alone; run its `setup --migrate \
                 0.5.0`, then start piste on that database"
            );
            Err(RunError::new(ExitCode::Usage, what))
        }
        Some(Step::Setup(setup)) => set_up(&configured(&setup.configuration)?).await,
    }
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let given = self.step.as_ref().map_or(&self.configuration, |Step::Setup(setup)| &setup.configuration);
        let config = configuration::of_running(examined(&given.sources()?.0))?;
        Door::new(&config.repo_server.interface, config.repo_server.port, "/api/meta/health")
    }
}

/// Reads and checks the configuration.
pub(crate) fn examined(sources: &Sources) -> Examined<IgluServerConfig> {
    config::examine(sources, Some("iglu"))
}

/// A server of this configuration, whose store is there.
pub(crate) async fn registry(config: &IgluServerConfig) -> Result<Registry, RunError> {
    Ok(Registry {
        settings: config.settings(),
        store: storage::open(config).await?,
        clock: clock::now,
        ids: clock::random_id,
        connections: config.repo_server.max_connections,
        idle_timeout: config.repo_server.idle_timeout,
        goes_on: config.pre_termination_period,
        unhealthy_meanwhile: config.pre_termination_unhealthy,
        observer: observed::observed,
        published: None,
    })
}

fn configured(given: &configuration::Given) -> Result<IgluServerConfig, RunError> {
    let (sources, notes) = given.sources()?;
    configuration::usable(examined(&sources), &notes)
}

async fn serve_until_told(config: &IgluServerConfig) -> Result<ExitCode, RunError> {
    let (interface, port) = (config.repo_server.interface.as_str(), config.repo_server.port);
    let cannot = |error: std::io::Error| {
        let what = format!("cannot listen on {interface}:{port} (`repoServer.port`): {error}");
        RunError::unavailable(what)
    };
    let listener = tokio::net::TcpListener::bind((interface, port)).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let admin = match config.repo_server.admin_listen {
        None => None,
        Some(at) => {
            let cannot = |error| format!("cannot listen on {at} (`repoServer.adminListen`): {error}");
            let listener = tokio::net::TcpListener::bind(at).await;
            Some(listener.map_err(|error| RunError::unavailable(cannot(error)))?)
        }
    };
    let registry = registry(config).await?;
    let deadline = DEADLINE.max(config.pre_termination_period + Duration::from_secs(20));
    let context = Context::default();
    let mut supervisor = Supervisor::new(context.clone(), deadline);
    let drain = supervisor.context(SERVE).drain;
    let admin_ends = Drain::new();
    if let Some(admin) = admin {
        if let Ok(address) = admin.local_addr() {
            tracing::info!(%address, "Health and metrics at address");
        }
        tokio::spawn(admin::server::run(admin, context, admin_ends.clone()));
    }
    tracing::info!(%address, storage = registry.store.kind(), "Iglu server at address");
    supervisor.spawn(SERVE, "iglu server", async move {
        serve(registry, listener, async move { drain.requested().await }).await;
        Ok(())
    });
    let code = supervisor.run().await;
    admin_ends.request();
    code
}

async fn set_up(config: &IgluServerConfig) -> Result<ExitCode, RunError> {
    if config.database.kind == DatabaseKind::Dummy {
        let what = "`database.type` is dummy: there is nothing to set up";
        return Err(RunError::new(ExitCode::Config, what));
    }
    let store = storage::open(config).await?;
    store.set_up().await.map_err(|error| RunError::unavailable(error.to_string()))?;
    tracing::info!(storage = store.kind(), "The tables are there");
    Ok(ExitCode::Ok)
}
