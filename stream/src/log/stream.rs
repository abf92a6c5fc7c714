//! A stream as writer, producers and consumers share it.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use tokio::sync::watch;

use super::{config::StreamConfig, registry::Registry, shard::Shard};
use crate::{
    health::{Health, HealthState},
    record::ShardId,
};

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) config: StreamConfig,
    /// Position among the log's streams.
    pub(super) index: usize,
    pub(super) shards: Vec<Shard>,
    /// Folder of its consumers' checkpoints.
    pub(super) checkpoints: PathBuf,
    registry: Mutex<Registry>,
    /// Goes up with whatever a waiting consumer could be interested in.
    pub(super) changes: watch::Sender<u64>,
    /// Everything is written and no more will come.
    pub(super) finished: AtomicBool,
    /// Why appends are refused, while they are.
    full: Mutex<Option<String>>,
    /// Whether appends are taken. What was opened could be written.
    pub(super) health: HealthState,
}

impl Stream {
    pub(super) fn new(
        config: StreamConfig,
        index: usize,
        shards: Vec<Shard>,
        checkpoints: PathBuf,
        registry: Registry,
    ) -> Self {
        let (registry, changes) = (Mutex::new(registry), watch::channel(0).0);
        let (finished, full) = (AtomicBool::new(false), Mutex::new(None));
        let health = HealthState::new(Health::Well);
        Self { config, index, shards, checkpoints, registry, changes, finished, full, health }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing panics between changes that belong together.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn full(&self) -> MutexGuard<'_, Option<String>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shard(&self, id: &ShardId) -> Option<usize> {
        self.shards.iter().position(|shard| shard.id == *id)
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Bytes of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.extent().bytes()).sum()
    }

    /// The last sequence numbers of the shards, 0 where nothing was written.
    pub(super) fn ends(&self) -> Vec<u64> {
        self.shards.iter().map(|shard| shard.extent().next - 1).collect()
    }
}
