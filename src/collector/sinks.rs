//! Opens the sinks of good records and of bad rows.

#[cfg(feature = "aws")]
mod aws;

use std::{pin::Pin, sync::Arc};

use ::collector::config::{CollectorConfig, Kind, Stream};
use service::exit::{ExitCode, RunError};
#[cfg(feature = "aws")]
use stream::spill::{Spill, SpillConfig};
use stream::{
    log::{Log, LogConfig, OpenError, StreamConfig},
    producer::Producer,
    stdout::{Output, Padding},
};

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

impl Sinks {
    /// Opens what `streams` names.
    pub(crate) async fn open(config: &CollectorConfig) -> Result<Self, RunError> {
        let streams = [(config.streams.good(), Which::Good), (config.streams.bad(), Which::Bad)];
        let mut closing: Vec<Close> = Vec::new();
        let log = open_log(config, streams.iter().map(|(stream, _)| stream))?;
        let mut stdout = None;
        let mut producers = Vec::new();
        for (stream, which) in &streams {
            producers.push(match (stream.kind(), &log) {
                (Kind::Log, Some(log)) => log.producer(name(stream)),
                (Kind::Log, None) => return Err(RunError::bug("a sink in a log that is not open")),
                (Kind::Stdout, _) => lines(config, stream, *which, &mut stdout)?,
                #[cfg(feature = "aws")]
                (Kind::Kinesis, _) => {
                    let kinesis = aws::kinesis(config, stream, *which, &mut closing).await;
                    spilling(config, kinesis, *which, &mut closing)?
                }
                #[cfg(feature = "aws")]
                (Kind::Sqs, _) => {
                    let queue = aws::sqs(stream, &mut closing).await;
                    spilling(config, queue, *which, &mut closing)?
                }
                #[cfg(not(feature = "aws"))]
                (kind @ (Kind::Kinesis | Kind::Sqs), _) => {
                    let what = format!("this build has no sink of kind `{kind:?}`");
                    return Err(RunError::new(ExitCode::Config, what));
                }
            });
        }
        if let Some(log) = log {
            closing.push(Box::pin(async move { log.close().await }));
        }
        let [good, bad] =
            <[_; 2]>::try_from(producers).map_err(|_| RunError::bug("two streams have two sinks"))?;
        Ok(Self { good, bad, closing })
    }

    /// Ends what is to be ended once nobody appends any more.
    pub(crate) async fn close(self) {
        for close in self.closing {
            close.await;
        }
    }
}

fn name(stream: &Stream) -> &str {
    stream.name.as_deref().unwrap_or_default()
}

/// Lines as the spoken line of the original writes them: the Apache line pads, and says on stderr what is bad. Both streams
/// share one standard output, so that their lines do not mix.
fn lines(
    config: &CollectorConfig,
    stream: &Stream,
    which: Which,
    stdout: &mut Option<Output>,
) -> Result<Arc<dyn Producer>, RunError> {
    let missing = |e| RunError::unavailable(format!("no output for `{}`: {e}", name(stream)));
    let apache = config.compatibility.is_v2();
    let output = match stdout {
        _ if apache && which == Which::Bad => Output::stderr().map_err(missing)?,
        Some(output) => output.clone(),
        None => stdout.insert(Output::stdout().map_err(missing)?).clone(),
    };
    Ok(output.producer(name(stream), if apache { Padding::With } else { Padding::Without }))
}

/// The producer behind a spill, if there is a folder for one.
#[cfg(feature = "aws")]
fn spilling(
    config: &CollectorConfig,
    inner: Arc<dyn Producer>,
    which: Which,
    closing: &mut Vec<Close>,
) -> Result<Arc<dyn Producer>, RunError> {
    let keys = &config.streams.spill;
    let Some(folder) = &keys.folder else { return Ok(inner) };
    let mut settings = SpillConfig::new(folder.join(match which {
        Which::Good => "good",
        Which::Bad => "bad",
    }));
    settings.max_bytes = keys.max_bytes;
    settings.patience = keys.patience;
    let spill = Arc::new(Spill::open(settings, inner, None).map_err(unopened)?);
    let closed = spill.clone();
    // Before what it hands on to.
    closing.insert(
        0,
        Box::pin(async move {
            // It has logged what is left.
            let _ = closed.close().await;
        }),
    );
    Ok(spill)
}

/// The log, if a sink is of its kind.
fn open_log<'a>(
    config: &CollectorConfig,
    streams: impl Iterator<Item = &'a Stream>,
) -> Result<Option<Log>, RunError> {
    let keys = &config.streams.log;
    let streams: Vec<StreamConfig> = streams
        .filter(|stream| stream.kind() == Kind::Log)
        .map(|stream| StreamConfig {
            shards: keys.shards,
            retention_age: Some(keys.retention_age),
            retention_bytes: None,
            ..StreamConfig::new(name(stream))
        })
        .collect();
    if streams.is_empty() {
        return Ok(None);
    }
    let mut log = LogConfig::new(keys.folder.join("log"), keys.folder.join("checkpoints"), streams);
    log.max_bytes = Some(keys.max_bytes);
    log.segment_bytes = keys.segment_bytes;
    Log::open(log).map(Some).map_err(unopened)
}

/// Why a log cannot be used.
fn unopened(error: OpenError) -> RunError {
    let code = match error {
        OpenError::Config { .. } => ExitCode::Config,
        _ => ExitCode::Unavailable,
    };
    RunError::new(code, error.to_string())
}
