//! What a sink is.

use serde::{Deserialize, Serialize};

/// `enabled`: the kind of a sink, in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Kinesis stream.
    #[default]
    Kinesis,
    /// An SQS queue.
    Sqs,
    /// Lines of Base64 on standard output.
    Stdout,
    /// Ours: the embedded log, in a folder.
    Log,
}

impl Kind {
    /// As the field `collector` of payloads ends (`spec/collector.md` 4.2).
    pub fn sink_name(self) -> &'static str {
        match self {
            Self::Kinesis => "kinesissink",
            Self::Sqs => "sqssink",
            Self::Stdout => "printingsink",
            Self::Log => "logsink",
        }
    }

    /// Bytes a record may have unless configured.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Kinesis | Self::Log => 1_000_000,
            Self::Sqs => 192_000,
            Self::Stdout => 1_000_000_000,
        }
    }

    /// Whether the stream is another machine's: it must be named, and may be out of reach.
    pub fn is_elsewhere(self) -> bool {
        matches!(self, Self::Kinesis | Self::Sqs)
    }
}
