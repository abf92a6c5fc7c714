//! The writing half of a stream.

use std::{future::Future, pin::Pin};

use crate::{
    consumer::Delivered,
    health::HealthWatch,
    record::{Position, Record, ShardId},
};

/// A boxed future, so that the traits stay usable as `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which shard a batch goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Each record by the hash of its key.
    #[default]
    ByKey,
    /// All records to this shard, in order and in one group: all are there after a crash or none.
    Shard(ShardId),
}

/// Where the last record of a durable batch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// One place per shard that took part of the batch. Empty where the engine cannot tell.
    pub last: Vec<(ShardId, Position)>,
}

/// Why a batch was not taken. Nothing of a refused batch is durable, except where `Unavailable` and `Interrupted` say
/// otherwise.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The size limit is reached and a consumer still needs the oldest data, or the disk is full. Try again later.
    #[error("stream `{stream}` is full: {why}")]
    Full {
        /// Name of the stream.
        stream: String,
        /// The limit that was met.
        why: String,
    },
    /// This record can never be taken.
    #[error("record {index} of the batch has {size} bytes, at most {max} are taken")]
    TooLarge {
        /// Index in the batch.
        index: usize,
        /// Its size in bytes, key and attributes included.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// A service elsewhere did not take all of the batch in time. Try the missing records again later.
    #[error("stream `{stream}` does not take records: {why}")]
    Unavailable {
        /// Name of the stream.
        stream: String,
        /// Indices in the batch, ascending, of the records that are not known to be durable: one that was on its way may
        /// yet arrive. All others are durable.
        missing: Vec<usize>,
        /// Those of the missing, ascending, that can never be taken: trying them again is useless.
        rejected: Vec<Rejected>,
        /// The last answer, or what was waited for.
        why: String,
    },
    /// Writing failed; whether the batch is durable is unknown to the caller.
    #[error("stream `{stream}`: {source}")]
    Interrupted {
        /// Name of the stream.
        stream: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The engine has been shut down.
    #[error("stream `{stream}` is closed")]
    Closed {
        /// Name of the stream.
        stream: String,
    },
}

/// A record that a service refused for what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its index in the batch.
    pub index: usize,
    /// What the service said.
    pub why: String,
}

impl AppendError {
    /// A route to a shard that the stream does not have.
    pub(crate) fn unknown_shard(stream: &str, shard: &ShardId) -> Self {
        let source =
            std::io::Error::new(std::io::ErrorKind::InvalidInput, format!("there is no shard {shard}"));
        Self::Interrupted { stream: stream.to_owned(), source }
    }
}

/// The shard, out of `shards` numbered from 0, of a partition key: CRC-32C of the key, whose range is cut into equal parts
/// as Kinesis cuts the range of MD5. The same key gives the same shard as long as their number stays.
pub fn shard_of(key: &[u8], shards: usize) -> usize {
    ((u64::from(crc32c::crc32c(key)) * shards as u64) >> 32) as usize
}

/// Appends records durably. Shared by many tasks.
pub trait Producer: Send + Sync {
    /// Name of the stream, for messages.
    fn stream(&self) -> &str;

    /// Appends a batch and returns once all of it is durable.
    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>>;

    /// Whether every append ends by itself, however the stream behaves, and tells what is missing: giving up on it earlier
    /// means to know less and to write twice what was on its way.
    fn keeps_time(&self) -> bool {
        false
    }

    /// Largest record in bytes (key, attributes and data together).
    fn max_record_bytes(&self) -> usize;

    /// Size in bytes that records should have at the moment, where whoever makes them can choose; at most
    /// [`Producer::max_record_bytes`].
    fn preferred_record_bytes(&self) -> usize {
        self.max_record_bytes()
    }

    /// Whether the stream takes records: [`Unreached`](crate::health::Health::Unreached) until its engine has heard from it,
    /// [`Refusing`](crate::health::Health::Refusing) from a refusal or failure on (stated before `append` returns it), unless
    /// it was only for what records hold, until the engine knows better. Cheap: engines keep one state and hand out watches on it.
    fn health(&self) -> HealthWatch;

    /// What stands after `after` in a shard (`None`: from its oldest record), for a copier that must learn what it had
    /// written before a crash. `None` where the engine cannot tell; such a copier then delivers at least once.
    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>>;
}
