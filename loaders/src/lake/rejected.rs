//! Records that cannot be written to files, and the bad rows that they become (`spec/loaders-and-leases.md` 1.10). The same
//! record of the same batch becomes the same bad row.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use event::{
    bad_row::{BadRow, Failure, Processor},
    json,
    payload::frame::Compression,
    schema_key::SchemaKey,
    self_describing::SelfDescribing,
};
use jiff::Timestamp;
use serde_json::json;
use stream::record::Record;

use crate::{
    parquet::refusal::{Refusal, event_object},
    partition_key::partition_key,
};

/// Who gives up, as the original names itself.
const ARTIFACT: &str = "snowplow-s3-loader";

/// A record, or a payload of a compressed one, that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Why.
    pub why: Why,
    /// The bytes of the record; for [`Why::NoJson`], [`Why::NoSchema`] and [`Why::NoRow`] those of
    /// the payload.
    pub record: Bytes,
}

/// Why a record cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// What should be self-describing JSON is none: what the parser says.
    NoJson(String),
    /// It is not self-describing: the code.
    NoSchema(&'static str),
    /// A compressed record is damaged.
    Corrupt(Compression),
    /// A compressed record is of versions that are not known.
    Versions {
        /// How it is compressed.
        compression: Compression,
        /// Version of the framing.
        framing: i32,
        /// Version of the payloads.
        payloads: i32,
    },
    /// It is no row of a Parquet file.
    NoRow(Refusal),
    /// A payload of a compressed record is too large.
    TooLarge {
        /// How it is compressed.
        compression: Compression,
        /// Its bytes.
        size: u64,
        /// Bytes that it may have.
        max: u64,
    },
}

/// The schema of a payload that should be self-describing JSON, read as the original reads it.
pub(super) fn schema_of(payload: &[u8]) -> Result<SchemaKey, Why> {
    let text = std::str::from_utf8(payload).map_err(|error| Why::NoJson(error.to_string()))?;
    let json = json::parse(text).map_err(Why::NoJson)?;
    SelfDescribing::schema_of(&json).map_err(|none| Why::NoSchema(none.code))
}

impl Rejected {
    /// The bad row, of at most `max` bytes. `stamp`: when the batch was closed.
    pub fn bad_row(&self, stamp: Timestamp, max: usize) -> Record {
        let payload = STANDARD.encode(&self.record);
        let generic = |what: String| Failure::GenericError {
            timestamp: stamp,
            errors: vec![what],
            payload: payload.clone(),
        };
        let parsing = |what: String| Failure::LoaderParsingError {
            error: json!({
                "type": "RowDecodingError",
                "errors": [{"type": "UnhandledRowDecodingError", "message": what}],
            }),
            payload: payload.clone(),
        };
        let name = |compression: &Compression| compression.name().to_ascii_lowercase();
        let failure = match &self.why {
            Why::NoJson(what) => generic(format!("Can't parse JSON holding self-describing event: {what}")),
            Why::NoSchema(code) => {
                generic(format!("Can't extract schema from self-describing event: {code}"))
            }
            Why::NoRow(Refusal::Parsing(error)) => Failure::LoaderParsingError {
                error: error.clone(),
                payload: String::from_utf8_lossy(&self.record).into_owned(),
            },
            Why::NoRow(Refusal::Iglu(errors)) => {
                let line = String::from_utf8_lossy(&self.record);
                Failure::LoaderIgluError { errors: errors.clone(), payload: event_object(&line) }
            }
            Why::Corrupt(compression) => parsing(format!("corrupt {}-compressed payload", name(compression))),
            Why::Versions { compression, framing, payloads } => parsing(format!(
                "unsupported versions in {}-compressed record header: {framing}, {payloads}",
                name(compression)
            )),
            Why::TooLarge { compression, size, max } => Failure::SizeViolation {
                timestamp: stamp,
                maximum_allowed_size_bytes: *max,
                actual_size_bytes: *size,
                expectation: format!(
                    "Payload will exceed maximum allowed size of {max} after {} decompression",
                    name(compression)
                ),
                payload: payload.clone(),
            },
        };
        let mut row = of(failure).to_json();
        if row.len() >= max {
            row = of(Failure::SizeViolation {
                timestamp: stamp,
                maximum_allowed_size_bytes: max as u64,
                actual_size_bytes: row.len() as u64,
                expectation: "Bad row exceeds allowed max size".into(),
                payload: row[..row.floor_char_boundary(max / 10)].to_owned(),
            })
            .to_json();
        }
        Record::new(partition_key(&self.record), row)
    }
}

fn of(failure: Failure) -> BadRow {
    let (artifact, version) = (ARTIFACT.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    BadRow { processor: Processor { artifact, version }, failure }
}
