//! What the two loaders have in common: how their process begins and ends.

use std::{collections::BTreeMap, future::ready, path::PathBuf, sync::Arc};

use service::{
    config::sections::{BadSink, BadSinkKind, HealthProbe, Log as LogKeys, Reading, SourceKind},
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    health::Fact,
    supervise::{DEADLINE, Supervisor},
    telemetry,
};
use stream::{
    archive::consumer::{Archive, Progress},
    log::Log,
    producer::Producer,
};

use crate::{
    archive, log, probe, sink,
    source::{self, Close, Source},
};

/// The one stage of the drain.
const LOAD: u8 = 0;

/// A loader's process that has begun.
pub(crate) struct Loader {
    /// `s3-loader`, `postgres-loader`.
    name: &'static str,
    context: Context,
    starting: Fact,
    probe_ends: Drain,
    log: Option<Arc<Log>>,
    closing: Vec<Close>,
}

impl Loader {
    /// Begins to answer probes, and opens the log with the streams of it that the loader has.
    pub(crate) fn begin(
        name: &'static str,
        probe: &HealthProbe,
        labels: BTreeMap<String, String>,
        log: &LogKeys,
        streams: Vec<String>,
    ) -> Result<Self, RunError> {
        telemetry::label_all(labels).map_err(|error| RunError::bug(error.to_string()))?;
        let (context, probe_ends) = (Context::default(), Drain::new());
        // Until all is there the probe says no.
        let starting = context.health.fact(format!("{name}.start"));
        probe::serve(probe, &context, &probe_ends)?;
        let log = if streams.is_empty() { None } else { Some(Arc::new(log::open(log, streams)?)) };
        Ok(Self { name, context, starting, probe_ends, log, closing: Vec::new() })
    }

    /// Opens the stream to read.
    pub(crate) async fn source(&self, reading: &Reading) -> Result<Source, RunError> {
        source::open(reading, self.log.as_deref()).await
    }

    /// Files as a stream: the process is asked to end when all of them are loaded.
    pub(crate) fn files(&self, files: Vec<PathBuf>) -> Source {
        let drain = self.context.drain.clone();
        let archive = Archive::new(files, Progress::default(), move || drain.request());
        let consumer = Box::new(archive.with_rows(archive::ROWS));
        Source { consumer, released: Box::pin(ready(())) }
    }

    /// Opens the stream of bad rows, and has its health told.
    pub(crate) async fn bad_rows(&mut self, keys: &BadSink) -> Result<Arc<dyn Producer>, RunError> {
        let producer = sink::bad_rows(keys, self.log.as_deref(), &mut self.closing).await?;
        let fact = self.context.health.fact(format!("{}.output.bad", self.name));
        tokio::spawn(sink::tell(fact, producer.health()));
        Ok(producer)
    }

    /// Loads until the process is asked to end.
    pub(crate) async fn run<F>(
        self,
        released: Close,
        load: impl FnOnce(Context) -> F,
    ) -> Result<ExitCode, RunError>
    where
        F: Future<Output = Result<(), RunError>> + Send + 'static,
    {
        let mut supervisor = Supervisor::new(self.context, DEADLINE);
        supervisor.started(self.starting);
        let loading = load(supervisor.context(LOAD));
        supervisor.spawn(LOAD, self.name, loading);
        let code = supervisor.run().await;
        released.await;
        for close in self.closing {
            close.await;
        }
        if let Some(log) = self.log {
            log.close().await;
        }
        self.probe_ends.request();
        code
    }
}

/// The streams of a loader that are in a log.
pub(crate) fn in_log(reading: &Reading, bad: Option<&BadSink>) -> Vec<String> {
    let source = (reading.kind == SourceKind::Log).then(|| reading.stream.clone());
    let bad = bad.filter(|bad| bad.kind() == BadSinkKind::Log).map(|bad| bad.name().to_owned());
    source.into_iter().chain(bad).collect()
}
