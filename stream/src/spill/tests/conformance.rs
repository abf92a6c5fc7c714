//! Every law of an engine holds through a spill too.

use super::*;
use crate::{
    conformance::{self, Engine},
    consumer::Consumer,
};

/// A stream in memory behind a spill.
struct Spilled {
    memory: Memory,
    inner: Arc<Moody>,
    spill: Option<Arc<Spill>>,
    config: SpillConfig,
    _folder: TempDir,
}

/// A stream that takes everything, or else only every third append, `usual`.
fn make(shards: u32, max_record_bytes: usize, moods: &[Mood]) -> Spilled {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::new("raw", shards).with_max_record_bytes(max_record_bytes);
    let inner = Moody::new(memory.producer());
    inner.plan(&moods.repeat(300));
    let config = config(&folder);
    let spill = Some(Arc::new(Spill::open(config.clone(), inner.clone()).unwrap()));
    Spilled { memory, inner, spill, config, _folder: folder }
}

impl Engine for Spilled {
    fn producer(&self) -> Arc<dyn Producer> {
        self.spill.clone().unwrap()
    }

    fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer> {
        self.memory.consumer(name, start)
    }

    fn shards(&self) -> Vec<ShardId> {
        self.memory.shards().to_vec()
    }

    async fn close(&self) {
        self.spill.as_ref().unwrap().close().await;
        self.memory.close();
    }

    async fn restart(&mut self) {
        let spill = self.spill.take().unwrap();
        spill.close().await;
        self.spill = Some(Arc::new(Spill::open(self.config.clone(), self.inner.clone()).unwrap()));
    }
}

mod direct {
    use super::*;

    conformance::suite!(|shards, max| make(shards, max, &[]));
}

/// Where the laws ask neither for places nor for what is there at once.
mod spilling {
    use super::*;

    const MOODS: [Mood; 6] = [Mood::Full, Mood::Take, Mood::Lost, Mood::Full, Mood::Take, Mood::Full];

    conformance::suite! { |shards, max| make(shards, max, &MOODS);
        records_of_a_key_keep_their_order
        an_empty_batch_is_nothing
        too_large_is_refused_whole
        keys_and_attributes_survive
        concurrent_producers_lose_nothing
        assigned_comes_first
        readers_are_independent
        a_waiting_reader_is_woken
        next_can_be_dropped
    }
}
