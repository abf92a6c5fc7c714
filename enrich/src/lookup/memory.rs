//! What a service answered of late (`spec/enrichments-and-adapters.md` 1.7). Pure: the time is an argument.

use std::sync::Arc;

use event::json;
use quick_cache::{Weighter, sync::Cache};
use serde_json::Value;

use super::{Answer, Ask};

/// The answers of one service, the least used of which give way.
pub(crate) struct Memory {
    answers: Cache<Ask, Entry, Weight>,
    /// Seconds that an answer counts; `None`: for ever, and failures are forgotten at once.
    ttl: Option<i64>,
}

#[derive(Clone)]
struct Entry {
    /// The last answer.
    good: Option<Arc<Value>>,
    /// What happened instead of the newest.
    error: Option<Arc<str>>,
    /// Seconds since 1970.
    stored: i64,
    weight: u64,
}

#[derive(Clone)]
struct Weight;

/// Bytes of an answer that count as one.
const UNIT: usize = 16 << 10;
/// The largest answer that is remembered at least, in units.
const LEAST: u64 = 512;

impl Weighter<Ask, Entry> for Weight {
    fn weight(&self, _: &Ask, entry: &Entry) -> u64 {
        entry.weight
    }
}

impl Memory {
    /// Remembers `size` answers of 16 KiB; larger ones count for more. Answers count for `ttl` seconds, failures for a
    /// tenth of that.
    pub(crate) fn new(size: usize, ttl: i64) -> Self {
        Self { answers: cache(size), ttl: Some(ttl) }
    }

    /// Remembers answers for ever, and no failures.
    pub(crate) fn without_end(size: usize) -> Self {
        Self { answers: cache(size), ttl: None }
    }

    /// The answer that counts at `now`, in seconds since 1970.
    pub(crate) fn get(&self, ask: &Ask, now: i64) -> Option<Answer> {
        let entry = self.answers.get(ask)?;
        if let Some(ttl) = self.ttl {
            let ttl = if entry.error.is_some() { ttl / 10 } else { ttl };
            if now - entry.stored > ttl {
                return None;
            }
        }
        entry.answer()
    }

    /// Takes a new answer. What counts now: after a failure it is what was answered before, if anything.
    pub(crate) fn put(&self, ask: &Ask, answer: Answer, now: i64) -> Answer {
        let entry = match &answer {
            Ok(value) => {
                let weight = 1 + json::to_compact(value).len() / UNIT;
                Entry { good: Some(Arc::clone(value)), error: None, stored: now, weight: weight as u64 }
            }
            Err(_) if self.ttl.is_none() => return answer,
            Err(error) => {
                let before = self.answers.get(ask);
                let weight = before.as_ref().map_or(1, |before| before.weight);
                let good = before.and_then(|before| before.good);
                Entry { good, error: Some(Arc::clone(error)), stored: now, weight }
            }
        };
        let counts = entry.answer().unwrap_or(answer);
        self.answers.insert(ask.clone(), entry);
        counts
    }
}

impl Entry {
    fn answer(&self) -> Option<Answer> {
        match (&self.good, &self.error) {
            (Some(good), _) => Some(Ok(Arc::clone(good))),
            (None, Some(error)) => Some(Err(Arc::clone(error))),
            (None, None) => None,
        }
    }
}

fn cache(size: usize) -> Cache<Ask, Entry, Weight> {
    let size = size.clamp(1, 10_000_000);
    Cache::with_weighter(size.min(10_000), (size as u64).max(LEAST), Weight)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_and_failures_expire() {
        let ask = |n: u8| Ask::Rates(n.to_string());
        let good = |n: u8| Ok(Arc::new(json!(n)));
        let bad = |what: &str| Err(Arc::from(what));
        let memory = Memory::new(10, 20);
        assert_eq!(memory.get(&ask(1), 0), None);
        assert_eq!(memory.put(&ask(1), good(1), 100), good(1));
        assert_eq!(memory.get(&ask(1), 120), Some(good(1)));
        assert_eq!(memory.get(&ask(1), 121), None);
        // A failure shows what was answered before, and counts for a tenth of the time.
        assert_eq!(memory.put(&ask(1), bad("a"), 130), good(1));
        assert_eq!(memory.get(&ask(1), 132), Some(good(1)));
        assert_eq!(memory.get(&ask(1), 133), None);
        assert_eq!(memory.put(&ask(1), bad("b"), 140), good(1));
        // Without one it shows itself.
        assert_eq!(memory.put(&ask(2), bad("c"), 100), bad("c"));
        assert_eq!(memory.get(&ask(2), 102), Some(bad("c")));
        assert_eq!(memory.get(&ask(2), 103), None);
        assert_eq!(memory.put(&ask(2), good(2), 104), good(2));
        // Zero seconds are the rest of this second.
        let memory = Memory::new(10, 0);
        assert_eq!(memory.put(&ask(1), good(1), 7), good(1));
        assert_eq!((memory.get(&ask(1), 7), memory.get(&ask(1), 8)), (Some(good(1)), None));
        let memory = Memory::without_end(10);
        assert_eq!(memory.put(&ask(1), good(1), 7), good(1));
        assert_eq!(memory.get(&ask(1), i64::MAX), Some(good(1)));
        assert_eq!(memory.put(&ask(2), bad("a"), 7), bad("a"));
        assert_eq!(memory.get(&ask(2), 7), None);
    }

    #[test]
    fn a_small_memory_keeps_a_large_answer_and_not_many() {
        let memory = Memory::new(1, 10);
        let large = Arc::new(json!("x".repeat(5 << 20)));
        for n in 0..4 {
            assert!(memory.put(&Ask::Rates(n.to_string()), Ok(Arc::clone(&large)), 0).is_ok());
        }
        let kept = (0..4).filter(|n| memory.get(&Ask::Rates(n.to_string()), 0).is_some()).count();
        assert_eq!(kept, 1);
    }
}
