//! Opens streams that a role writes to, and has their health told.

#[cfg(feature = "aws")]
pub(crate) mod aws;

use service::health::Fact;
#[cfg(feature = "loaders")]
use service::{
    config::sections::{BadSink, BadSinkKind},
    exit::RunError,
};
use stream::health::{Health, HealthWatch};
#[cfg(feature = "loaders")]
use stream::{log::Log, nowhere::Nowhere, producer::Producer, stdout::Output};

#[cfg(feature = "loaders")]
use crate::source::Close;

/// States what a sink knows of its health, until it is gone.
pub(crate) async fn tell(fact: Fact, mut health: HealthWatch) {
    loop {
        match &*health.borrow_and_update() {
            Health::Well => fact.well(),
            trouble => fact.trouble(trouble.to_string()),
        }
        if health.changed().await.is_err() {
            return;
        }
    }
}

/// The stream of a loader's bad rows, which is closed with `closing`.
#[cfg(feature = "loaders")]
pub(crate) async fn bad_rows(
    keys: &BadSink,
    log: Option<&Log>,
    closing: &mut Vec<Close>,
) -> Result<std::sync::Arc<dyn Producer>, RunError> {
    match (keys.kind(), log) {
        (BadSinkKind::Log, Some(log)) => Ok(log.producer(keys.name())),
        (BadSinkKind::Log, None) => Err(RunError::bug("a sink in a log that is not open")),
        (BadSinkKind::Local, _) => {
            let path = keys.path.clone().unwrap_or_default();
            let output = Output::file(&path).map_err(|error| {
                RunError::unavailable(format!("output.bad.path {}: {error}", path.display()))
            })?;
            Ok(output.texts("bad"))
        }
        (BadSinkKind::Noop, _) => Ok(Nowhere::new("bad", keys.report_period)),
        #[cfg(feature = "aws")]
        (BadSinkKind::Kinesis, _) => Ok(aws::kinesis(keys.kinesis(), closing).await),
        #[cfg(not(feature = "aws"))]
        (BadSinkKind::Kinesis, _) => {
            let _ = closing;
            let what = "output.bad.type: this build has no sink of type kinesis";
            Err(RunError::new(service::exit::ExitCode::Config, what))
        }
    }
}
