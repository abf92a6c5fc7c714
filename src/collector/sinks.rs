//! Opens the sinks of good records and of bad rows.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod told;

use std::{pin::Pin, sync::Arc};

use ::collector::config::{CollectorConfig, Kind, Stream};
use service::exit::RunError;
use stream::{
    log::Log,
    producer::Producer,
    stdout::{Output, Padding},
};

use crate::log;

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Good,
    Bad,
}

/// What ends a sink once nobody appends any more.
type Close = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Both sinks, open.
pub(crate) struct Sinks {
    pub(crate) good: Arc<dyn Producer>,
    pub(crate) bad: Arc<dyn Producer>,
    closing: Vec<Close>,
}

/// Sinks that are being opened.
struct Opening<'a> {
    config: &'a CollectorConfig,
    /// The log, if a sink is of its kind.
    log: Option<Log>,
    /// Both streams share one standard output, so that their lines do not mix.
    stdout: Option<Output>,
    closing: Vec<Close>,
}

impl Sinks {
    /// Opens what `streams` names.
    pub(crate) async fn open(config: &CollectorConfig) -> Result<Self, RunError> {
        let (good, bad) = (config.streams.good(), config.streams.bad());
        let log = open_log(config, &[&good, &bad])?;
        let mut opening = Opening { config, log, stdout: None, closing: Vec::new() };
        let bad = opening.open(&bad, Which::Bad, None).await?;
        let good = opening.open(&good, Which::Good, Some(&bad)).await?;
        let Opening { log, mut closing, .. } = opening;
        if let Some(log) = log {
            closing.push(Box::pin(async move { log.close().await }));
        }
        Ok(Self { good, bad, closing })
    }

    /// Ends what is to be ended once nobody appends any more.
    pub(crate) async fn close(self) {
        for close in self.closing {
            close.await;
        }
    }
}

impl Opening<'_> {
    /// Opens one. `bad` takes the bad rows of what it rejects.
    async fn open(
        &mut self,
        stream: &Stream,
        which: Which,
        bad: Option<&Arc<dyn Producer>>,
    ) -> Result<Arc<dyn Producer>, RunError> {
        match (stream.kind(), &self.log) {
            (Kind::Log, Some(log)) => Ok(log.producer(name(stream))),
            (Kind::Log, None) => Err(RunError::bug("a sink in a log that is not open")),
            (Kind::Stdout, _) => self.lines(stream, which),
            #[cfg(feature = "aws")]
            (Kind::Kinesis | Kind::Sqs, _) => self.elsewhere(stream, which, bad).await,
            #[cfg(not(feature = "aws"))]
            (kind @ (Kind::Kinesis | Kind::Sqs), _) => {
                let _ = bad;
                let what = format!("this build has no sink of kind `{kind:?}`");
                Err(RunError::new(service::exit::ExitCode::Config, what))
            }
        }
    }

    /// Lines as the spoken line of the original writes them: the Apache line pads, and says on stderr what is bad.
    fn lines(&mut self, stream: &Stream, which: Which) -> Result<Arc<dyn Producer>, RunError> {
        let missing = |e| RunError::unavailable(format!("no output for `{}`: {e}", name(stream)));
        let apache = self.config.compatibility.is_v2();
        let output = match &mut self.stdout {
            _ if apache && which == Which::Bad => Output::stderr().map_err(missing)?,
            Some(output) => output.clone(),
            none => none.insert(Output::stdout().map_err(missing)?).clone(),
        };
        Ok(output.producer(name(stream), if apache { Padding::With } else { Padding::Without }))
    }
}

fn name(stream: &Stream) -> &str {
    stream.name.as_deref().unwrap_or_default()
}

/// The log, if a sink is of its kind.
fn open_log(config: &CollectorConfig, streams: &[&Stream]) -> Result<Option<Log>, RunError> {
    let names: Vec<&str> =
        streams.iter().filter(|stream| stream.kind() == Kind::Log).map(|stream| name(stream)).collect();
    if names.is_empty() {
        return Ok(None);
    }
    log::open(&config.streams.log, names).map(Some)
}
