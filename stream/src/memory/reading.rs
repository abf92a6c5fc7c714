//! The reading half of the stream in memory.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use tokio::sync::watch;

use super::Shared;
use crate::{
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Event, Start},
    producer::BoxFuture,
    record::{Position, ShardId},
};

/// Records of one event, at most.
const BATCH: usize = 500;

pub(super) struct MemoryConsumer {
    shared: Arc<Shared>,
    name: String,
    epoch: u64,
    changes: watch::Receiver<u64>,
    /// What has to be told before records.
    announcements: VecDeque<Event>,
    /// Index of the next record, per shard.
    next: Vec<usize>,
    /// Shards whose records are not wanted at the moment.
    unwanted: HashSet<usize>,
    /// The shard that is looked at first.
    turn: usize,
    lost: bool,
}

impl MemoryConsumer {
    pub(super) fn open(shared: Arc<Shared>, name: &str, start: Start) -> Self {
        let changes = shared.changes.subscribe();
        let mut state = shared.state();
        let lengths: Vec<usize> = state.records.iter().map(Vec::len).collect();
        let registered = state.consumers.entry(name.to_owned()).or_insert_with(|| super::Registered {
            epoch: 0,
            checkpoints: lengths.iter().map(|length| beginning(start, *length)).collect(),
        });
        registered.epoch += 1;
        let epoch = registered.epoch;
        let next =
            registered.checkpoints.iter().map(|checkpoint| index_after(checkpoint.acknowledged)).collect();
        let assigned = shared.shards.iter().zip(&registered.checkpoints);
        let announcements = assigned
            .map(|(shard, checkpoint)| Event::Assigned {
                shard: shard.clone(),
                checkpoint: checkpoint.clone(),
            })
            .collect();
        drop(state);
        shared.changed();
        let (name, unwanted) = (name.to_owned(), HashSet::new());
        Self { shared, name, epoch, changes, announcements, next, unwanted, turn: 0, lost: false }
    }

    /// What can be told now. Never waits, so that `next` can be dropped while it does.
    fn poll(&mut self) -> Result<Option<Event>, ConsumeError> {
        let state = self.shared.state();
        if !self.lost && state.consumers[&self.name].epoch != self.epoch {
            self.lost = true;
            let lost = self.shared.shards.iter().map(|shard| Event::Lost { shard: shard.clone() });
            self.announcements = lost.collect();
        }
        if let Some(event) = self.announcements.pop_front() {
            return Ok(Some(event));
        }
        if self.lost {
            return if state.closed { Err(self.closed()) } else { Ok(None) };
        }
        let shards = state.records.len();
        for index in (self.turn..self.turn + shards).map(|index| index % shards) {
            let records = &state.records[index];
            if self.unwanted.contains(&index) {
                continue;
            }
            let end = records.len().min(self.next[index] + BATCH);
            if self.next[index] < end {
                let records = records[self.next[index]..end].to_vec();
                self.next[index] = end;
                self.turn = index + 1;
                return Ok(Some(Event::Records(Batch { shard: self.shared.shards[index].clone(), records })));
            }
        }
        if state.closed { Err(self.closed()) } else { Ok(None) }
    }

    fn closed(&self) -> ConsumeError {
        ConsumeError::Closed { stream: self.shared.stream.clone() }
    }
}

impl Consumer for MemoryConsumer {
    fn stream(&self) -> &str {
        &self.shared.stream
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        Box::pin(async move {
            loop {
                self.changes.mark_unchanged();
                if let Some(event) = self.poll()? {
                    return Ok(event);
                }
                if self.changes.changed().await.is_err() {
                    return Err(self.closed());
                }
            }
        })
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let sought = match self.shared.index_of(shard) {
            Some(index) if index_after(after) <= self.shared.state().records[index].len() => {
                self.next[index] = index_after(after);
                Ok(())
            }
            Some(_) => Err(ConsumeError::Corrupt {
                stream: self.shared.stream.clone(),
                what: beyond_end(shard, after),
            }),
            None => Err(ConsumeError::NotOwner { stream: self.shared.stream.clone(), shard: shard.clone() }),
        };
        Box::pin(async move { sought })
    }

    fn want(&mut self, shard: &ShardId, wanted: bool) {
        let Some(index) = self.shared.index_of(shard) else { return };
        if wanted {
            self.unwanted.remove(&index);
        } else {
            self.unwanted.insert(index);
        }
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(MemoryCheckpointer {
            shared: self.shared.clone(),
            name: self.name.clone(),
            epoch: self.epoch,
        })
    }
}

struct MemoryCheckpointer {
    shared: Arc<Shared>,
    name: String,
    epoch: u64,
}

impl Checkpointer for MemoryCheckpointer {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let not_owner = ConsumeError::NotOwner { stream: self.shared.stream.clone(), shard: shard.clone() };
        let index = self.shared.index_of(shard);
        Box::pin(async move {
            let mut state = self.shared.state();
            match (index, state.consumers.get_mut(&self.name)) {
                (Some(index), Some(registered)) if registered.epoch == self.epoch => {
                    registered.checkpoints[index] = checkpoint;
                    Ok(())
                }
                _ => Err(not_owner),
            }
        })
    }
}

/// The checkpoint of a consumer that is opened for the first time.
fn beginning(start: Start, length: usize) -> Checkpoint {
    let acknowledged = match start {
        Start::Newest if length > 0 => Some(Position::from(length as u64)),
        Start::Newest | Start::Oldest => None,
    };
    Checkpoint { acknowledged, pending: None }
}

/// Index of the record after a place: sequence numbers begin at 1.
fn index_after(after: Option<Position>) -> usize {
    let sequence = after.map_or(0, |position| position.sequence.to_u64().unwrap_or(u64::MAX));
    usize::try_from(sequence).unwrap_or(usize::MAX)
}

fn beyond_end(shard: &ShardId, after: Option<Position>) -> String {
    let sequence = after.unwrap_or_default().sequence;
    format!("{shard}: position {sequence} is beyond the end, it belongs to another log")
}
