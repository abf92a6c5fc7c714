//! The registered consumers of a stream, and what they still need.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};

use super::checkpoint;
use crate::{
    consumer::{Checkpoint, Start},
    record::ShardId,
};

/// Consumers by name. Registered is who has a checkpoint file or was opened since the log was.
#[derive(Debug, Default)]
pub(super) struct Registry {
    consumers: BTreeMap<String, Registered>,
}

/// A consumer and its progress in every shard.
#[derive(Debug)]
pub(super) struct Registered {
    /// How often the name has been opened: only the last one may save.
    pub(super) epoch: u64,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// What is wrong with its files, for whoever opens it. It then holds back everything.
    pub(super) damage: Option<String>,
    /// Held while one of its files is replaced.
    pub(super) saving: Arc<Mutex<()>>,
}

impl Registered {
    fn new(checkpoints: Vec<Checkpoint>) -> Self {
        Self { epoch: 0, checkpoints, damage: None, saving: Arc::default() }
    }
}

impl Registry {
    /// Those that have left checkpoints in the stream's folder.
    pub(super) fn load(folder: &Path, shards: &[ShardId]) -> io::Result<Self> {
        let mut consumers = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (true, Ok(name)) = (entry.file_type()?.is_dir(), entry.file_name().into_string()) else {
                continue;
            };
            let mut registered = Registered::new(vec![Checkpoint::default(); shards.len()]);
            let mut found = false;
            for (shard, known) in shards.iter().zip(&mut registered.checkpoints) {
                match checkpoint::load(&entry.path().join(shard.as_str())) {
                    Ok(Some(checkpoint)) => {
                        found = true;
                        *known = checkpoint;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        found = true;
                        registered.damage = Some(error.to_string());
                    }
                }
            }
            if found {
                consumers.insert(name, registered);
            }
        }
        Ok(Self { consumers })
    }

    /// The consumer of this name, made if it is new: then it begins as `start` says, `ends` being the shards' last
    /// sequence numbers. The flag says whether it is new.
    pub(super) fn open(&mut self, name: &str, start: Start, ends: &[u64]) -> (&mut Registered, bool) {
        let new = !self.consumers.contains_key(name);
        let registered = self.consumers.entry(name.to_owned()).or_insert_with(|| {
            let beginning = |end: &u64| Checkpoint {
                acknowledged: (start == Start::Newest && *end > 0).then(|| (*end).into()),
                pending: None,
            };
            Registered::new(ends.iter().map(beginning).collect())
        });
        registered.epoch += 1;
        (registered, new)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Registered> {
        self.consumers.get_mut(name)
    }

    pub(super) fn epoch(&self, name: &str) -> Option<u64> {
        self.consumers.get(name).map(|registered| registered.epoch)
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.consumers.remove(name).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Registered)> {
        self.consumers.iter().map(|(name, registered)| (name.as_str(), registered))
    }

    /// The consumer that is furthest behind in a shard, and the last sequence number that everybody has acknowledged.
    pub(super) fn slowest(&self, shard: usize) -> Option<(&str, u64)> {
        let acknowledged = |registered: &Registered| {
            let place = registered.checkpoints[shard].acknowledged;
            place.map_or(0, |position| position.sequence.to_u64().unwrap_or(u64::MAX))
        };
        self.iter().map(|(name, registered)| (name, acknowledged(registered))).min_by_key(|(_, place)| *place)
    }
}
