//! Opens the sinks of enriched events, failed events and bad rows, and has their health told.

#[cfg(feature = "aws")]
mod aws;

use std::{pin::Pin, sync::Arc};

use ::enrich::{
    config::{EnrichConfig, Sink, SinkKind, SourceKind},
    run::Outputs,
};
use service::{
    exit::RunError,
    health::{Fact, Health},
};
use stream::{
    health::{Health as SinkHealth, HealthWatch},
    log::Log,
    producer::Producer,
    stdout::{Output, Padding},
};

use crate::log;

/// What ends a sink once nobody appends any more.
pub(super) type Close = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All sinks, open.
pub(super) struct Sinks {
    pub(super) outputs: Outputs,
    pub(super) closing: Closing,
}

/// What ends the sinks.
pub(super) struct Closing(Vec<Close>);

/// Opens the log, if source or sinks are in one.
pub(super) fn open_log(config: &EnrichConfig) -> Result<Option<Arc<Log>>, RunError> {
    let raw = (config.input.kind() == SourceKind::Log).then(|| config.raw_name());
    let sinks = config.sinks().filter(|(_, sink)| sink.kind() == SinkKind::Log);
    let names: Vec<String> =
        raw.into_iter().chain(sinks.map(|(section, sink)| sink.name(section).to_owned())).collect();
    if names.is_empty() {
        return Ok(None);
    }
    let keys = &config.log;
    let kept = log::Keys {
        shards: keys.shards,
        retention_age: keys.retention_age,
        max_bytes: keys.max_bytes,
        segment_bytes: keys.segment_bytes,
    };
    Ok(Some(Arc::new(log::open(&keys.folder, names, kept)?)))
}

impl Sinks {
    /// Opens what `output` names. The log is closed with them.
    pub(super) async fn open(
        config: &EnrichConfig,
        log: Option<Arc<Log>>,
        health: &Health,
    ) -> Result<Self, RunError> {
        let mut closing: Vec<Close> = Vec::new();
        let mut stdout = None;
        let (mut good, mut failed, mut bad) = (None, None, None);
        for (section, sink) in config.sinks() {
            let producer = match (sink.kind(), &log) {
                (SinkKind::Log, Some(log)) => log.producer(sink.name(section)),
                (SinkKind::Log, None) => return Err(RunError::bug("a sink in a log that is not open")),
                (SinkKind::Stdout, _) => lines(config, section, sink, &mut stdout)?,
                #[cfg(feature = "aws")]
                (SinkKind::Kinesis, _) => aws::kinesis(config, sink, bad.as_ref(), &mut closing).await,
                #[cfg(not(feature = "aws"))]
                (SinkKind::Kinesis, _) => {
                    let what = format!("output.{section}.type: this build has no sink of type kinesis");
                    return Err(RunError::new(service::exit::ExitCode::Config, what));
                }
            };
            tokio::spawn(tell(health.fact(format!("enrich.output.{section}")), producer.health()));
            match section {
                "good" => good = Some(producer),
                "failed" => failed = Some(producer),
                _ => bad = Some(producer),
            }
        }
        if let Some(log) = log {
            closing.push(Box::pin(async move { log.close().await }));
        }
        let (Some(good), Some(bad)) = (good, bad) else {
            return Err(RunError::bug("enriched events and bad rows always have a sink"));
        };
        Ok(Self { outputs: Outputs { good, bad, failed }, closing: Closing(closing) })
    }
}

impl Closing {
    /// Ends what is to be ended once nobody appends any more.
    pub(super) async fn close(self) {
        for close in self.0 {
            close.await;
        }
    }
}

/// States what a sink knows of its health, until it is gone.
async fn tell(fact: Fact, mut health: HealthWatch) {
    loop {
        match &*health.borrow_and_update() {
            SinkHealth::Well => fact.well(),
            trouble => fact.trouble(trouble.to_string()),
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}

/// Lines as those of the collector: all streams share one standard output, the Apache line pads, and says on stderr what is
/// bad.
fn lines(
    config: &EnrichConfig,
    section: &str,
    sink: &Sink,
    stdout: &mut Option<Output>,
) -> Result<Arc<dyn Producer>, RunError> {
    let missing = |e| RunError::unavailable(format!("no output for `output.{section}`: {e}"));
    let is_apache = config.compatibility.is_apache();
    let output = match stdout {
        _ if is_apache && section == "bad" => Output::stderr().map_err(missing)?,
        Some(output) => output.clone(),
        None => stdout.insert(Output::stdout().map_err(missing)?).clone(),
    };
    let padding = if is_apache { Padding::With } else { Padding::Without };
    Ok(output.producer(sink.name(section), padding))
}
