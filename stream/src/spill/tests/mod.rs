//! The spill as a whole.

mod conformance;
mod crash;
mod moody;
mod outcomes;
mod steps;
mod ways;

use std::collections::HashMap;

use tempfile::TempDir;

use self::moody::{Mood, Moody};
use super::*;
use crate::{
    conformance::{number, numbered, numbered_batch, within_reason},
    memory::Memory,
};

/// A folder for a spill in front of a moody stream in memory.
struct Place {
    folder: TempDir,
    memory: Memory,
    inner: Arc<Moody>,
    config: SpillConfig,
}

/// Short pauses, so that tests are; and so that hanging appends are waited for at all.
fn config(folder: &TempDir) -> SpillConfig {
    let mut config = SpillConfig::new(folder.path().join("spill"));
    config.patience = Duration::from_millis(2);
    config.backoff = Backoff { min: Duration::from_millis(1), max: Duration::from_millis(5) };
    config
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new("raw", 2).with_max_record_bytes(1000);
        let (inner, config) = (Moody::new(memory.producer()), config(&folder));
        Self { folder, memory, inner, config }
    }

    fn open(&self) -> Spill {
        self.open_before(self.inner.clone())
    }

    fn open_before(&self, inner: Arc<dyn Producer>) -> Spill {
        Spill::open(self.config.clone(), inner).unwrap()
    }

    /// What the stream has taken of a key, in the order in which it was there first.
    fn taken(&self, key: &str) -> Vec<usize> {
        firsts(&self.memory.records(), key)
    }
}

/// The numbers of a key, in the order in which they were there first.
fn firsts(records: &[Delivered], key: &str) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    let of_key = records.iter().filter(|delivered| delivered.record.key == key.as_bytes());
    of_key.map(number).filter(|number| seen.insert(*number)).collect()
}

async fn append(spill: &Spill, key: &str, numbers: std::ops::Range<usize>) -> Result<Appended, AppendError> {
    within_reason_of(spill.append(numbered_batch(key, numbers), Route::ByKey)).await
}

async fn within_reason_of<T>(work: impl Future<Output = T>) -> T {
    let mut done = None;
    within_reason(async { done = Some(work.await) }).await;
    done.unwrap()
}

/// Waits until the facts are such.
async fn until(spill: &Spill, holds: impl Fn(&SpillFacts) -> bool) -> SpillFacts {
    let looking = async {
        loop {
            let facts = spill.facts();
            if holds(&facts) {
                return facts;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), looking).await {
        Ok(facts) => facts,
        Err(_) => panic!("it stays at {:?}", spill.facts()),
    }
}

/// Waits until nothing waits, which the health says a moment later than the facts.
async fn until_direct(spill: &Spill) -> SpillFacts {
    let health = spill.health();
    until(spill, |facts| !facts.spilling && facts.waiting.records == 0 && health.borrow().is_well()).await
}
