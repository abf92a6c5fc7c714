//! What `piste up` is told: options, stronger than `-D` overrides, stronger than the file, stronger than the defaults.

use std::{net::SocketAddr, path::PathBuf};

use ::collector::config::CollectorConfig;
use ::enrich::config::EnrichConfig;
use clap::Args;
use service::{
    config::{self, Checked, Examined, Layer, Note, Sources, reference},
    exit::RunError,
    tls::JavaKeyStore,
};

use super::config::UpConfig;
use crate::{collector, configuration, healthcheck::Door};

/// Where one process on one machine wants other defaults than a role behind a load balancer.
const DEFAULTS: &str = "
    collector.preTerminationPeriod = 0
";

/// Options of `piste up`.
#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    #[command(flatten)]
    configuration: configuration::Given,
    /// Folder of log, lake and checkpoints [default: ./piste-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the collector listens [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where health and metrics are served [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
    /// Where the registry listens that schemas are published to [default: 127.0.0.1:9091]
    #[arg(long, value_name = "ADDR")]
    iglu_listen: Option<SocketAddr>,
    /// The key that may do everything there [default: made at the first start, in the data folder]
    #[arg(long, value_name = "UUID")]
    iglu_super_key: Option<String>,
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
    /// Folder with configurations of enrichments, one .json file each, as the original's `--enrichments`.
    #[arg(long, value_name = "DIR")]
    enrichments: Option<PathBuf>,
    /// Send the visit of a small web shop and show where each event goes and why.
    #[arg(long)]
    pub(crate) demo: bool,
    /// End after the demo.
    #[arg(long, requires = "demo")]
    pub(crate) once: bool,
}

impl Options {
    /// Where its health is told.
    pub(crate) fn door(&self) -> Result<Door, RunError> {
        let config = configuration::of_running(examined(self.configuration.sources()?.0))?;
        let at = self.admin_listen.unwrap_or(config.admin_listen);
        Door::new(&at.ip().to_string(), at.port(), "/health")
    }

    /// The configuration to run with; keys that nothing reads are logged.
    pub(crate) fn configuration(&self) -> Result<UpConfig, RunError> {
        let (sources, notes) = self.configuration.sources()?;
        let mut config = configuration::usable(examined(sources), &notes)?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(listen) = self.admin_listen {
            config.admin_listen = listen;
        }
        if let Some(listen) = self.iglu_listen {
            config.iglu_listen = listen;
        }
        if let Some(key) = &self.iglu_super_key {
            config.iglu_super_key = Some(key.as_str().into());
        }
        if let Some(url) = &self.postgres {
            config.postgres_url = Some(url.as_str().into());
        }
        config.schemas.extend(self.schemas.iter().cloned());
        config.registries.extend(self.registry.iter().cloned());
        if let Some(file) = &self.resolver {
            config.resolver = Some(file.clone());
        }
        if let Some(folder) = &self.enrichments {
            config.enrichments = Some(folder.clone());
        }
        Ok(config)
    }
}

/// Reads and checks the configuration.
pub(crate) fn examined(mut sources: Sources) -> Examined<UpConfig> {
    let key_store = JavaKeyStore::take(&mut sources.overrides);
    let name = "defaults of piste up".into();
    sources.layers.insert(0, Layer::Text { name, text: DEFAULTS.into() });
    let collector = reference::without_effect::<CollectorConfig>().into_iter();
    let enrich = reference::without_effect::<EnrichConfig>().into_iter();
    let never =
        collector.map(|note| note.within("collector")).chain(enrich.map(|note| note.within("enrich")));
    let mut found = config::examine_with::<UpConfig>(&sources, Some("piste"), never.collect());
    collector::stand_in(&key_store, &mut found, "collector.ssl.enable", |config| &mut config.collector.ssl);
    found
}

/// Keys of the collector that only mean something where it runs alone, and why.
const ALONE: [(&str, &str); 7] = [
    ("interface", "`listen` says where the collector of `piste up` listens"),
    ("port", "`listen` says where the collector of `piste up` listens"),
    ("adminListen", "the key of `piste up` is `adminListen` at the top"),
    ("streams.sink.enabled", "`piste up` writes to its own log"),
    ("streams.good.enabled", "`piste up` writes to its own log"),
    ("streams.bad.enabled", "`piste up` writes to its own log"),
    ("streams.log", "the key of `piste up` is `log` at the top"),
];

/// The same of enrich.
const ENRICH_ALONE: [(&str, &str); 9] = [
    ("input", "`piste up` reads its own log"),
    ("output.good.type", OWN_LOG),
    ("output.good.streamName", OWN_LOG),
    ("output.failed.type", OWN_LOG),
    ("output.failed.streamName", OWN_LOG),
    ("output.bad", OWN_LOG),
    ("log", "the key of `piste up` is `log` at the top"),
    ("monitoring.healthProbe", "the key of `piste up` is `adminListen` at the top"),
    ("monitoring.metrics.prometheus.tags", "`piste up` shows the metrics of all roles together"),
];

const OWN_LOG: &str = "`piste up` writes to its own log";

impl Checked for UpConfig {
    fn problems(&self) -> Vec<Note> {
        let alone = |note: &Note| {
            note.key.starts_with("streams.")
                || ["interface", "port", "ssl.port", "adminListen"].contains(&note.key.as_str())
        };
        let collector = self.collector.problems().into_iter().filter(|note| !alone(note));
        let enrich = self.enrich.problems().into_iter().filter(|note| !is_of_enrich_alone(&note.key));
        collector
            .map(|note| note.within("collector"))
            .chain(enrich.map(|note| note.within("enrich")))
            .collect()
    }

    fn without_effect(&self) -> Vec<Note> {
        let alone = ALONE.iter().map(|(key, why)| Note::new(*key, *why));
        let notes =
            self.collector.without_effect().into_iter().filter(|note| !note.key.starts_with("streams."));
        let collector = alone.chain(notes).map(|note| note.within("collector"));
        let alone = ENRICH_ALONE.iter().map(|(key, why)| Note::new(*key, *why));
        let notes = self.enrich.without_effect().into_iter().filter(|note| !is_of_enrich_alone(&note.key));
        collector.chain(alone.chain(notes).map(|note| note.within("enrich"))).collect()
    }
}

/// Whether a finding is about where enrich alone reads and writes.
fn is_of_enrich_alone(key: &str) -> bool {
    let sections = ["input.", "output.good.", "output.bad.", "output.failed.", "log."];
    sections.iter().any(|section| key.starts_with(section)) && key != "output.good.maxRecordSize"
}
