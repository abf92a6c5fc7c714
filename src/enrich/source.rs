//! Opens where raw records come from.

#[cfg(feature = "aws")]
mod aws;

use std::future::ready;

use ::enrich::config::{EnrichConfig, PositionKind, SourceKind};
use service::exit::RunError;
use stream::{
    consumer::{Consumer, Start},
    log::Log,
};

use super::sinks::Close;

/// Where raw records come from.
pub(super) struct Source {
    pub(super) consumer: Box<dyn Consumer>,
    /// To be waited for once the consumer has been dropped.
    pub(super) released: Close,
}

/// Opens what `input` names.
pub(super) async fn open(config: &EnrichConfig, log: Option<&Log>) -> Result<Source, RunError> {
    match (config.input.kind(), log) {
        (SourceKind::Log, Some(log)) => {
            let start = match config.input.keys().position() {
                Some(PositionKind::Latest) => Start::Newest,
                _ => Start::Oldest,
            };
            let consumer = log.consumer(&config.raw_name(), &config.consumer_name(), start);
            Ok(Source { consumer, released: Box::pin(ready(())) })
        }
        (SourceKind::Log, None) => Err(RunError::bug("a source in a log that is not open")),
        #[cfg(feature = "aws")]
        (SourceKind::Kinesis, _) => aws::kinesis(&config.input.keys()).await,
        #[cfg(not(feature = "aws"))]
        (SourceKind::Kinesis, _) => {
            let what = "input.type: this build has no source of type kinesis";
            Err(RunError::new(service::exit::ExitCode::Config, what))
        }
    }
}
