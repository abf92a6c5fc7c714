//! What the enricher states about its health: one fact for all shards.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use service::{health::Fact, metric};
use stream::record::ShardId;

/// The fact, and what each shard contributes.
pub(crate) struct ShardFacts {
    fact: Fact,
    shards: Mutex<Shards>,
}

#[derive(Default)]
struct Shards {
    trouble: BTreeMap<ShardId, String>,
    oldest: BTreeMap<ShardId, Timestamp>,
    waiting: BTreeMap<ShardId, usize>,
}

impl ShardFacts {
    /// All is well as long as no shard says otherwise: a worker may have none, and stand by.
    pub(crate) fn new(fact: Fact) -> Self {
        fact.well();
        Self { fact, shards: Mutex::default() }
    }

    /// The shard's outputs are taken.
    pub(crate) fn well(&self, shard: &ShardId) {
        self.change(|shards| {
            shards.trouble.remove(shard);
        });
    }

    /// Something keeps the shard from going on.
    pub(crate) fn trouble(&self, shard: &ShardId, what: String) {
        self.change(|shards| {
            shards.trouble.insert(shard.clone(), what);
        });
    }

    /// Arrival of the oldest record in hand.
    pub(crate) fn oldest(&self, shard: &ShardId, arrival: Option<Timestamp>) {
        self.change(|shards| match arrival {
            Some(arrival) => drop(shards.oldest.insert(shard.clone(), arrival)),
            None => drop(shards.oldest.remove(shard)),
        });
    }

    /// Raw records that wait for schemas.
    pub(crate) fn waiting(&self, shard: &ShardId, records: usize) {
        self.change(|shards| match records {
            0 => drop(shards.waiting.remove(shard)),
            _ => drop(shards.waiting.insert(shard.clone(), records)),
        });
    }

    /// The shard is not ours any more.
    pub(crate) fn gone(&self, shard: &ShardId) {
        self.change(|shards| {
            shards.trouble.remove(shard);
            shards.oldest.remove(shard);
            shards.waiting.remove(shard);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Shards)) {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut shards);
        match shards.trouble.iter().next() {
            Some((shard, what)) => self.fact.trouble(format!("{shard}: {what}")),
            None => self.fact.well(),
        }
        metric::ENRICH_WAITING_RECORDS.set(shards.waiting.values().sum::<usize>() as f64, &[]);
        self.fact.oldest_unacknowledged(shards.oldest.values().min().copied());
    }
}
