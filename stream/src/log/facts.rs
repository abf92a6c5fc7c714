//! What can be known about a log at a moment: for health, metrics and people who look.

use jiff::Timestamp;

use super::stream::Stream;
use crate::record::{Position, ShardId};

/// A stream at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFacts {
    /// Its name.
    pub stream: String,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its size limit in bytes.
    pub limit: Option<u64>,
    /// Why the last append was refused; `None` if it was not.
    pub full: Option<String>,
    /// Its shards in order.
    pub shards: Vec<ShardFacts>,
    /// Its registered consumers, by name, with one entry a shard.
    pub consumers: Vec<ConsumerFacts>,
}

/// A shard at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    /// Its name.
    pub shard: ShardId,
    /// Bytes of its files.
    pub bytes: u64,
    /// Number of its files.
    pub segments: usize,
    /// Sequence number of the oldest record that is kept.
    pub oldest: Option<u64>,
    /// Sequence number of the newest record.
    pub newest: Option<u64>,
    /// When the newest record arrived.
    pub newest_arrival: Option<Timestamp>,
}

/// A consumer's progress in a shard at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerFacts {
    /// Its name.
    pub consumer: String,
    /// The shard.
    pub shard: ShardId,
    /// What it has acknowledged.
    pub acknowledged: Option<Position>,
    /// Number of records after that.
    pub lag: u64,
}

pub(super) fn of(stream: &Stream) -> StreamFacts {
    let shards: Vec<ShardFacts> = stream
        .shards
        .iter()
        .map(|shard| {
            let extent = shard.extent();
            let written = extent.oldest() < extent.next;
            ShardFacts {
                shard: shard.id.clone(),
                bytes: extent.bytes(),
                segments: extent.segments.len(),
                oldest: written.then(|| extent.oldest()),
                newest: written.then(|| extent.next - 1),
                newest_arrival: extent.segments.iter().rfind(|s| s.first < extent.next).map(|s| s.newest),
            }
        })
        .collect();
    let ends = stream.ends();
    let registry = stream.registry();
    let consumers = registry.iter().flat_map(|(name, registered)| {
        let shards = stream.shards.iter().zip(&registered.checkpoints).zip(&ends);
        shards.map(move |((shard, checkpoint), end)| {
            let done = checkpoint.acknowledged.and_then(|position| position.sequence.to_u64()).unwrap_or(0);
            ConsumerFacts {
                consumer: name.to_owned(),
                shard: shard.id.clone(),
                acknowledged: checkpoint.acknowledged,
                lag: end.saturating_sub(done),
            }
        })
    });
    StreamFacts {
        stream: stream.config.name.clone(),
        bytes: shards.iter().map(|shard| shard.bytes).sum(),
        limit: stream.config.retention_bytes,
        full: stream.full().clone(),
        consumers: consumers.collect(),
        shards,
    }
}
