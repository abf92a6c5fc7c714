//! Sections that several roles have: where records are read, where bad rows go, what tells of health. Keys and defaults are
//! the original's.

mod bad_sink;
mod input;
mod kinesis_sink;
mod log;
mod monitoring;
mod position;

pub use self::{
    bad_sink::{BadSink, BadSinkKind, Pauses},
    input::{Keys, Reading, RetrievalKind, RetrievalMode, SourceKind, Usual},
    kinesis_sink::KinesisSink,
    log::Log,
    monitoring::{HealthProbe, Prometheus, Statsd},
    position::{InitialPosition, PositionKind},
};

/// What a number has to be.
pub const POSITIVE_NUMBER: &str = "expected a number above 0";
/// What a name in a log has to be.
pub const FOLDER: &str = "expected what can be the name of a folder";
/// What an endpoint has to be.
pub const URL: &str = "expected a URL such as `https://kinesis.eu-central-1.amazonaws.com`";

/// Whether it can be an endpoint.
pub fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Whether it can be the name of a folder.
pub fn is_folder(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])
}
