//! What is declared before a batch is put (`spec/loaders-and-leases.md` 7.3): enough for a successor to build the same
//! objects with the same names from the same records. The note is JSON of well below 1 KiB:
//!
//! ```json
//! {"v":1,"stamp":"2026-01-02T03:04:05Z","first":"17","last":"42","purpose":"SELF_DESCRIBING","format":"{vendor}.{schema}"}
//! ```

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stream::record::{ParseSequenceError, Position, SequenceNumber};

use super::{
    config::{LakeConfig, Purpose},
    format::FileFormat,
    template::{Template, TemplateError},
};
use crate::parquet;

/// A declared batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    v: u8,
    /// When the batch was closed, RFC 3339 in whole seconds: part of the names.
    stamp: String,
    /// Sequence number of the first record.
    pub first: String,
    /// Sequence number of the last record.
    pub last: String,
    /// How records are grouped.
    pub purpose: Purpose,
    /// The partition pattern: a changed configuration does not rename a declared batch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// Whether the pattern is one of the line 3.x.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub current: bool,
    /// What file names begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// [`LakeConfig::rejects`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects: Option<u64>,
    /// The format of the files.
    #[serde(default, skip_serializing_if = "FileFormat::is_usual")]
    pub compression: FileFormat,
    /// How Parquet files are written, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parquet: Option<parquet::Options>,
    /// [`Schemas::fingerprint`](parquet::schemas::Schemas::fingerprint) of what the columns are made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schemas: Option<String>,
}

/// A note that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The note.
    pub note: Note,
    /// When the batch was closed.
    pub stamp: Timestamp,
    /// Its pattern.
    pub template: Template,
}

/// The note cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// Not the JSON described above.
    #[error("unreadable: {0}")]
    Json(#[from] serde_json::Error),
    /// Its first record is none.
    #[error("unreadable: {0}")]
    Sequence(#[from] ParseSequenceError),
    /// Its time stamp is none.
    #[error("unreadable: {0}")]
    Stamp(#[from] jiff::Error),
    /// Written by a later version.
    #[error("of version {0}, this program knows version 1")]
    Version(u8),
    /// Its pattern is not accepted any more.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Declared {
    /// The first record.
    pub(super) fn first(&self) -> Result<SequenceNumber, ParseSequenceError> {
        self.note.first.parse()
    }
}

impl Note {
    /// The note for a batch that is closed at `stamp`, of which whole seconds count.
    pub fn new(config: &LakeConfig, stamp: Timestamp, first: Position, last: Position) -> Self {
        let stamp = Timestamp::from_second(stamp.as_second()).expect("seconds of a time stamp are in range");
        Self {
            v: 1,
            stamp: stamp.to_string(),
            first: first.sequence.to_string(),
            last: last.sequence.to_string(),
            purpose: config.purpose,
            format: config.template.text().to_owned(),
            current: config.template.is_current(),
            prefix: config.file_prefix.clone(),
            rejects: config.rejects,
            compression: config.format,
            parquet: config.parquet,
            schemas: None,
        }
    }

    /// Reads a note and checks its pattern.
    ///
    /// # Errors
    ///
    /// [`NoteError`]; the caller must not guess, since the batch may be put already.
    pub fn decode(bytes: &[u8]) -> Result<Declared, NoteError> {
        let note: Self = serde_json::from_slice(bytes)?;
        if note.v != 1 {
            return Err(NoteError::Version(note.v));
        }
        let parse = match (note.current, note.parquet) {
            (_, Some(_)) => Template::parse_for_events,
            (true, None) => Template::parse_current,
            (false, None) => Template::parse,
        };
        Ok(Declared { stamp: note.stamp.parse()?, template: parse(&note.format)?, note })
    }

    /// The bytes to save.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a note is plain text and numbers")
    }
}
