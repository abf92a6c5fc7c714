//! The roles of `piste up`, wired to the embedded log and handed to the supervisor.

use std::{
    fmt::Display,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use collector::run::Listeners;
use enrich::enrichments::client::Loader;
use event::schema_key::SchemaKey;
use iglu::{client::Client, server::run::Registry};
use loaders::{
    lake::{
        self,
        buffer::Limits,
        client::Destination,
        config::{LakeConfig, Purpose},
        settings::Layout,
    },
    parquet,
    postgres::{self, config::PostgresConfig},
};
use service::{
    config::{Secret, sections::Log as Keys},
    exit::{ExitCode, RunError},
    supervise::Supervisor,
};
use stream::{consumer::Start, log::Log};

use super::{
    config::{LogKeys as UpLog, UpConfig},
    registry, schemas,
};
use crate::{collector::doors::Https, enrichments, log};

/// Stages of the drain: what an earlier one accepted reaches the later ones.
const COLLECT: u8 = 0;
const ENRICH: u8 = 1;
const LOAD: u8 = 2;
/// The registry: whoever is still at work may need a schema.
const REGISTRY: u8 = 3;

const RAW: &str = "raw";
const ENRICHED: &str = "enriched";
/// Events that are enriched as far as it goes, beside their bad rows.
const FAILED: &str = "failed";
/// Bad rows of collector and enrich.
const BAD_1: &str = "bad-1";
/// Bad rows of the loaders.
const BAD_2: &str = "bad-2";

/// Opens log and registry and starts every role; gives the log and the file of the registry's key, where it was made here. The caller closes the log after the supervisor has ended.
pub(crate) async fn start(
    config: &UpConfig,
    http: TcpListener,
    https: Option<Https>,
    registry_at: TcpListener,
    supervisor: &mut Supervisor,
) -> Result<(Arc<Log>, Option<PathBuf>), RunError> {
    let log = Arc::new(open_log(config)?);
    let local = registry::open(config)?;
    let address = registry_at.local_addr().map_err(unavailable)?;
    let resolver = schemas::resolver(config, (reachable(address), local.super_key))?;
    let iglu =
        Arc::new(Client::new(resolver.clone(), service::clock::now).with_http(config.enrich.registries()));
    // Tables and columns are made from the very version that an event names, superseded or not.
    let as_named = Arc::new(Client::new(resolver, service::clock::now).without_superseding());
    let caches = [Arc::clone(iglu.cache()), Arc::clone(as_named.cache())];
    // Before all else: enrichments are loaded with its schemas.
    let forget = move |key: &SchemaKey| caches.iter().for_each(|cache| cache.forget(key));
    let serving = Registry { published: Some(Box::new(forget)), ..local.registry };
    let drain = supervisor.context(REGISTRY).drain;
    let listener = tokio::net::TcpListener::from_std(registry_at).map_err(unavailable)?;
    supervisor.spawn(REGISTRY, "Iglu server", async move {
        iglu::server::run::run(serving, listener, async move { drain.requested().await }).await;
        Ok(())
    });
    let loader = Loader::new(Arc::clone(&iglu), None);
    let refresher = enrichments::load(loader, config.enrichments.as_deref()).await?;

    let https = https.map(|https| {
        let watching = https.tls.clone().watch(supervisor.context(COLLECT).drain);
        supervisor.spawn(COLLECT, "certificate of the collector", watching);
        https.for_collector()
    });
    let collecting = collector::run::run(
        Arc::new(config.collector.clone()),
        log.producer(RAW),
        log.producer(BAD_1),
        Listeners { http: Some(http), https },
        supervisor.context(COLLECT),
    );
    supervisor.spawn(COLLECT, "collector", async move { Ok(collecting.await?) });

    // The Apache line has none.
    let failed = (!config.enrich.compatibility.is_apache()).then(|| log.producer(FAILED));
    let outputs = enrich::run::Outputs { good: log.producer(ENRICHED), bad: log.producer(BAD_1), failed };
    let (live, period) = (refresher.live(), config.enrich.assets_update_period);
    let refreshing = refresher.run(period, supervisor.context(ENRICH).drain);
    supervisor.spawn(ENRICH, "files of enrichments", async move {
        refreshing.await;
        Ok(())
    });
    let enriching = enrich::run::run(
        config.enrich.clone(),
        log.consumer(RAW, "enrich", Start::Oldest),
        outputs,
        iglu,
        live,
        supervisor.context(ENRICH),
    );
    supervisor.spawn(ENRICH, "enrich", async move { enriching.await.map_err(unavailable) });
    supervisor.caught_up(ENRICH, nothing_left(log.clone(), RAW, "enrich"));

    for (stream, purpose, folder) in [
        (RAW, Purpose::Raw, "raw"),
        (ENRICHED, Purpose::EnrichedEvents, "enriched"),
        (FAILED, Purpose::EnrichedEvents, "failed"),
        (BAD_1, Purpose::SelfDescribing, "bad"),
        (BAD_2, Purpose::SelfDescribing, "bad"),
    ] {
        let lake = lake_config(config, stream, purpose)?;
        let in_columns = lake.parquet.is_some();
        let loading = lake::run::run_with(
            lake,
            log.consumer(stream, "lake", Start::Oldest),
            Destination::folder(config.data.join("lake").join(folder)).map_err(unavailable)?,
            in_columns.then(|| log.producer(BAD_2)),
            in_columns.then(|| Arc::clone(&as_named)),
            supervisor.context(LOAD),
        );
        supervisor.spawn(LOAD, format!("lake loader of {stream}"), loading);
        supervisor.caught_up(LOAD, nothing_left(log.clone(), stream, "lake"));
    }

    if let Some(url) = &config.postgres_url {
        let loading = postgres::run::run(
            postgres_config(config, url)?,
            log.consumer(ENRICHED, "postgres", Start::Oldest),
            as_named,
            log.producer(BAD_2),
            supervisor.context(LOAD),
        );
        supervisor.spawn(
            LOAD,
            "Postgres loader",
            async move { loading.await.map(drop).map_err(unavailable) },
        );
        supervisor.caught_up(LOAD, nothing_left(log.clone(), ENRICHED, "postgres"));
    }
    Ok((log, local.key_file))
}

/// Where this process itself reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Two streams of bad rows share a folder: their files are told apart by the stream's name in front.
fn lake_config(config: &UpConfig, stream: &str, purpose: Purpose) -> Result<LakeConfig, RunError> {
    let mut lake = LakeConfig::new(purpose);
    lake.limits = Limits { records: config.lake.record_limit, bytes: config.lake.byte_limit, ..Limits::NONE };
    lake.time_limit = config.lake.time_limit;
    // What has failed is beside its schemas by its nature.
    if stream == ENRICHED && config.lake.file_format == Layout::Parquet {
        lake =
            lake.in_columns(parquet::Options::default(), None).map_err(|e| RunError::bug(e.to_string()))?;
    }
    if purpose == Purpose::SelfDescribing {
        lake = lake.with_file_prefix(stream, "-").map_err(|e| RunError::bug(e.to_string()))?;
    }
    Ok(lake)
}

fn postgres_config(config: &UpConfig, url: &Secret) -> Result<PostgresConfig, RunError> {
    let mut postgres = PostgresConfig::from_url(url.expose())
        .map_err(|e| RunError::new(ExitCode::Config, format!("the URL of Postgres: {e}")))?;
    postgres.max_records = config.postgres.record_limit;
    postgres.max_bytes = usize::try_from(config.postgres.byte_limit).unwrap_or(usize::MAX);
    postgres.linger = config.postgres.time_limit;
    Ok(postgres)
}

/// Resolves once the consumer has acknowledged all that stands in the stream.
async fn nothing_left(log: Arc<Log>, stream: &'static str, consumer: &'static str) {
    const LOOK_EVERY: Duration = Duration::from_millis(20);
    let left = || {
        let facts = log.facts();
        let consumers =
            facts.iter().filter(|facts| facts.stream == stream).flat_map(|facts| &facts.consumers);
        consumers.filter(|facts| facts.consumer == consumer).map(|facts| facts.lag).sum::<u64>()
    };
    while left() > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn unavailable(error: impl Display) -> RunError {
    RunError::unavailable(error.to_string())
}

fn open_log(config: &UpConfig) -> Result<Log, RunError> {
    let UpLog { shards, retention_age, max_bytes, segment_bytes } = config.log;
    let keys = Keys { folder: config.data.clone(), shards, retention_age, max_bytes, segment_bytes };
    log::open(&keys, [RAW, ENRICHED, FAILED, BAD_1, BAD_2])
}
