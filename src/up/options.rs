//! What `piste up` is told: options, stronger than `-D` overrides, stronger than the file, stronger than the defaults.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use service::{
    config::{self, Layer, Override, Sources},
    exit::RunError,
    tls::JavaKeyStore,
};

use super::config::UpConfig;

/// Where one process on one machine wants other defaults than a role behind a load balancer.
const DEFAULTS: &str = "
    collector.preTerminationPeriod = 0
";

/// Options of `piste up`.
#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// HOCON file; every key is in deploy/reference/up.hocon.
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One key of the configuration, for example `-Dcollector.cookie.name=id`.
    #[arg(short = 'D', value_name = "KEY=VALUE", value_parser = Override::parse)]
    overrides: Vec<Override>,
    /// Folder of log, lake and checkpoints [default: ./piste-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the collector listens [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where health and metrics are served [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
    /// Load events into this database too.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Folder of own schemas: vendor/name/jsonschema/1-0-0, may be given several times.
    #[arg(long, value_name = "DIR")]
    schemas: Vec<PathBuf>,
    /// Iglu registry to ask for schemas that are not built in, may be given several times.
    #[arg(long, value_name = "URL")]
    registry: Vec<String>,
    /// Resolver configuration, as the original's `--resolver`.
    #[arg(long, value_name = "FILE")]
    resolver: Option<PathBuf>,
    /// Send the visit of a small web shop and show where each event goes and why.
    #[arg(long)]
    pub(crate) demo: bool,
    /// End after the demo.
    #[arg(long, requires = "demo")]
    pub(crate) once: bool,
}

impl Options {
    /// The configuration to run with; keys that nothing reads are logged.
    pub(crate) fn configuration(&self) -> Result<UpConfig, RunError> {
        let mut overrides = self.overrides.clone();
        let key_store = JavaKeyStore::take(&mut overrides);
        let mut sources = Sources::of_process(self.config.clone(), overrides);
        let name = "defaults of piste up".into();
        sources.layers.insert(0, Layer::Text { name, text: DEFAULTS.into() });
        let loaded = config::load::<UpConfig>(&sources, Some("piste"))?;
        for unknown in &loaded.unknown {
            tracing::warn!("{unknown}");
        }
        let mut config = loaded.config;
        let mut tls = config.collector.ssl.tls();
        key_store.fill(&mut tls)?;
        config.collector.ssl = config.collector.ssl.with(tls);
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(listen) = self.admin_listen {
            config.admin_listen = listen;
        }
        if let Some(url) = &self.postgres {
            config.postgres_url = Some(url.as_str().into());
        }
        config.schemas.extend(self.schemas.iter().cloned());
        config.registries.extend(self.registry.iter().cloned());
        if let Some(file) = &self.resolver {
            config.resolver = Some(file.clone());
        }
        Ok(config)
    }
}
