//! A record, and its place in a stream.

use std::{fmt, sync::Arc};

use bytes::Bytes;

/// What a stream carries. The engine reads `key` to choose a shard and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Partition key, UTF-8, at most 256 characters. Records of one key keep their order.
    pub key: Bytes,
    /// Small out-of-band bytes of the writer (for example where a copied record came from); empty for most.
    pub attributes: Bytes,
    /// The payload.
    pub data: Bytes,
}

impl Record {
    /// A record without attributes.
    pub fn new(key: impl Into<Bytes>, data: impl Into<Bytes>) -> Self {
        Self { key: key.into(), attributes: Bytes::new(), data: data.into() }
    }
}

/// Name of a shard: `shardId-000000000000` in every engine. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShardId(Arc<str>);

impl ShardId {
    /// The shard with this number, named as Kinesis names it.
    pub fn numbered(index: u32) -> Self {
        Self(format!("shardId-{index:012}").into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ShardId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A sequence number: up to 192 bits, because Kinesis numbers have 186. Ordered within a shard, printed in decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SequenceNumber {
    high: u64,
    low: u128,
}

impl SequenceNumber {
    /// The number as `u64`, where it fits (it always does in the embedded log).
    pub fn to_u64(self) -> Option<u64> {
        if self.high == 0 { u64::try_from(self.low).ok() } else { None }
    }
}

impl From<u64> for SequenceNumber {
    fn from(n: u64) -> Self {
        Self { high: 0, low: u128::from(n) }
    }
}

/// Where a record stands in its shard. `sub_sequence` tells records apart that one aggregated record held; else 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Sequence number within the shard.
    pub sequence: SequenceNumber,
    /// Index within an aggregated record (`spec/loaders-and-leases.md` 6.13).
    pub sub_sequence: u64,
}

impl From<u64> for Position {
    fn from(sequence: u64) -> Self {
        Self { sequence: sequence.into(), sub_sequence: 0 }
    }
}
