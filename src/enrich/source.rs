//! Opens where raw records come from.

use ::enrich::config::{EnrichConfig, PositionKind, SourceKind};
use service::exit::{ExitCode, RunError};
use stream::{
    consumer::{Consumer, Start},
    log::Log,
};

/// Opens what `input` names.
pub(super) fn open(config: &EnrichConfig, log: Option<&Log>) -> Result<Box<dyn Consumer>, RunError> {
    match (config.input.kind(), log) {
        (SourceKind::Log, Some(log)) => {
            let start = match config.input.keys().position() {
                Some(PositionKind::Latest) => Start::Newest,
                _ => Start::Oldest,
            };
            Ok(log.consumer(&config.raw_name(), &config.consumer_name(), start))
        }
        (SourceKind::Log, None) => Err(RunError::bug("a source in a log that is not open")),
        (SourceKind::Kinesis, _) => {
            let what = "input.type: a source of type kinesis is not there yet; log is";
            Err(RunError::new(ExitCode::Config, what))
        }
    }
}
