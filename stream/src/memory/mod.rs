//! A stream in memory, for tests of roles: same traits, same order, same checkpoints, gone with the process.
//!
//! What consumers save stays in the [`Memory`] object: one that is opened again under its name resumes.

mod reading;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::{
    clock::{self, Clock},
    consumer::{Checkpoint, Consumer, Delivered, Start},
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route, shard_of},
    record::{Position, Record, ShardId},
};

/// Largest record unless [`Memory::with_max_record_bytes`] says otherwise.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// A stream in memory. Clones are the same stream.
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    max_record_bytes: usize,
}

struct Shared {
    stream: String,
    shards: Vec<ShardId>,
    clock: Clock,
    state: Mutex<State>,
    /// Goes up with whatever a waiting consumer could be interested in.
    changes: watch::Sender<u64>,
    health: HealthState,
}

#[derive(Default)]
struct State {
    records: Vec<Vec<Delivered>>,
    consumers: HashMap<String, Registered>,
    refusal: Option<String>,
    closed: bool,
}

#[derive(Default)]
struct Registered {
    /// How often the name has been opened: only the last one may save.
    epoch: u64,
    checkpoints: Vec<Checkpoint>,
}

impl Memory {
    /// An empty stream of `shards` shards.
    pub fn new(stream: &str, shards: u32) -> Self {
        Self::with_clock(stream, shards, clock::system())
    }

    /// The same, with the arrival times of `clock`.
    pub fn with_clock(stream: &str, shards: u32, clock: Clock) -> Self {
        let state = State { records: vec![Vec::new(); shards as usize], ..State::default() };
        let shared = Shared {
            stream: stream.to_owned(),
            shards: (0..shards).map(ShardId::numbered).collect(),
            clock,
            state: Mutex::new(state),
            changes: watch::channel(0).0,
            health: HealthState::new(Health::Well),
        };
        Self { shared: Arc::new(shared), max_record_bytes: MAX_RECORD_BYTES }
    }

    /// Producers made from now on take records of at most this many bytes.
    pub fn with_max_record_bytes(mut self, bytes: usize) -> Self {
        self.max_record_bytes = bytes;
        self
    }

    /// Names of the shards.
    pub fn shards(&self) -> &[ShardId] {
        &self.shared.shards
    }

    /// A producer.
    pub fn producer(&self) -> Arc<dyn Producer> {
        Arc::new(self.clone())
    }

    /// The consumer of this name; one that was opened before under the same name loses its shards.
    pub fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer> {
        Box::new(reading::MemoryConsumer::open(self.shared.clone(), name, start))
    }

    /// From now on every append is refused with [`AppendError::Full`] and this reason.
    pub fn refuse(&self, why: &str) {
        self.shared.state().refusal = Some(why.to_owned());
        self.shared.health.state(Health::refusing(why));
    }

    /// Appends are taken again.
    pub fn accept(&self) {
        self.shared.state().refusal = None;
        self.shared.health.state(Health::Well);
    }

    /// No more appends; consumers get the rest and then `Closed`.
    pub fn close(&self) {
        self.shared.state().closed = true;
        self.shared.health.state(Health::refusing("closed"));
        self.shared.changed();
    }

    /// Everything appended so far, shard by shard.
    pub fn records(&self) -> Vec<Delivered> {
        self.shared.state().records.concat()
    }

    /// What the consumer of this name saved last for a shard; `None` if it was never opened or the shard does not exist.
    pub fn checkpoint(&self, name: &str, shard: &ShardId) -> Option<Checkpoint> {
        let index = self.shared.index_of(shard)?;
        self.shared.state().consumers.get(name).map(|registered| registered.checkpoints[index].clone())
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    fn index_of(&self, shard: &ShardId) -> Option<usize> {
        self.shards.iter().position(|known| known == shard)
    }

    fn append(&self, batch: Vec<Record>, route: &Route, max: usize) -> Result<Appended, AppendError> {
        let stream = || self.stream.clone();
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        let target = match route {
            Route::ByKey => None,
            Route::Shard(shard) => {
                let unknown = || AppendError::unknown_shard(&self.stream, shard);
                Some(self.index_of(shard).ok_or_else(unknown)?)
            }
        };
        let arrival = microseconds((self.clock)());
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Closed { stream: stream() });
        }
        if let Some(why) = &state.refusal {
            return Err(AppendError::Full { stream: stream(), why: why.clone() });
        }
        let mut last: Vec<Option<Position>> = vec![None; self.shards.len()];
        for record in batch {
            let index = target.unwrap_or_else(|| shard_of(&record.key, self.shards.len()));
            let shard = &mut state.records[index];
            let position = Position::from(shard.len() as u64 + 1);
            last[index] = Some(position);
            shard.push(Delivered { position, arrival, record });
        }
        drop(state);
        self.changed();
        let places = self.shards.iter().zip(last);
        Ok(Appended { last: places.filter_map(|(shard, at)| Some((shard.clone(), at?))).collect() })
    }

    fn read_after(&self, shard: &ShardId, after: Option<Position>) -> Result<Vec<Delivered>, AppendError> {
        let index = self.index_of(shard).ok_or_else(|| AppendError::unknown_shard(&self.stream, shard))?;
        let state = self.state();
        let kept = &state.records[index];
        Ok(kept[kept.partition_point(|record| Some(record.position) <= after)..].to_vec())
    }
}

impl Producer for Memory {
    fn stream(&self) -> &str {
        &self.shared.stream
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move { self.shared.append(batch, &route, self.max_record_bytes) })
    }

    fn max_record_bytes(&self) -> usize {
        self.max_record_bytes
    }

    fn health(&self) -> HealthWatch {
        self.shared.health.watch()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        let read = self.shared.read_after(shard, after).map(Some);
        Box::pin(async move { read })
    }
}

/// The precision that the log keeps.
fn microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
