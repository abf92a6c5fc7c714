//! Opens the stream that a role reads.

#[cfg(feature = "aws")]
mod aws;

use std::{future::ready, pin::Pin};

use service::{
    config::sections::{PositionKind, Reading, SourceKind},
    exit::RunError,
};
use stream::{
    consumer::{Consumer, Start},
    log::Log,
};

/// What is waited for at the end.
pub(crate) type Close = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where records come from.
pub(crate) struct Source {
    pub(crate) consumer: Box<dyn Consumer>,
    /// To be waited for once the consumer has been dropped.
    pub(crate) released: Close,
}

/// Opens what `input` names.
pub(crate) async fn open(reading: &Reading, log: Option<&Log>) -> Result<Source, RunError> {
    match (reading.kind, log) {
        (SourceKind::Log, Some(log)) => {
            let start = match reading.position {
                PositionKind::Latest => Start::Newest,
                _ => Start::Oldest,
            };
            let consumer = log.consumer(&reading.stream, &reading.application, start);
            Ok(Source { consumer, released: Box::pin(ready(())) })
        }
        (SourceKind::Local, _) => Err(RunError::bug("files are no stream")),
        (SourceKind::Log, None) => Err(RunError::bug("a source in a log that is not open")),
        #[cfg(feature = "aws")]
        (SourceKind::Kinesis, _) => aws::kinesis(reading).await,
        #[cfg(not(feature = "aws"))]
        (SourceKind::Kinesis, _) => {
            let what = "input.type: this build has no source of type kinesis";
            Err(RunError::new(service::exit::ExitCode::Config, what))
        }
    }
}
