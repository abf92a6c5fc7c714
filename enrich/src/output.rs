//! What comes out of one raw record.

use bytes::Bytes;
use event::schema_key::SchemaKey;

use crate::{adapters::remote::Call, lookup::Question};

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

/// What a raw record held, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Payloads, and pieces that were none.
    pub payloads: u64,
    /// Events that were let through although fields were too long.
    pub invalid: u64,
    /// Events that scripts made disappear.
    pub dropped: u64,
    /// The collector's time of the oldest payload, in milliseconds since 1970.
    pub collected: Option<i64>,
}

impl Tally {
    /// Takes another one in.
    pub fn add(&mut self, other: Self) {
        self.payloads += other.payloads;
        self.invalid += other.invalid;
        self.dropped += other.dropped;
        self.collected = [self.collected, other.collected].into_iter().flatten().min();
    }
}

/// Something to ask the network for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A schema.
    Schema(SchemaKey),
    /// The answer of an adapter behind HTTP.
    Remote(Call),
    /// The answer of a service that an enrichment asks.
    Service(Question),
}
