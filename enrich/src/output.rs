//! What comes out of one raw record.

use bytes::Bytes;
use event::schema_key::SchemaKey;

/// One output of a raw record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it goes.
    pub kind: Kind,
    /// Number of its event among those of the record; a failed event has that of its bad row.
    pub event: u32,
    /// Partition key, at most 256 characters.
    pub key: Bytes,
    /// A TSV line or a bad row, without line end.
    pub data: Bytes,
}

/// The streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An enriched event.
    Good,
    /// A failed event: enriched as far as it goes.
    Failed,
    /// A bad row, with its kind (`schema_violations` ...).
    Bad(&'static str),
}

/// What processing a record gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that comes out of it.
    Done(Vec<Output>),
    /// These must be known first: answer them, then process again.
    Need(Vec<Lookup>),
}

/// Something to ask the network for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A schema.
    Schema(SchemaKey),
}
