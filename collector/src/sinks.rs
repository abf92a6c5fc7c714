//! What is known about the two sinks: each is well unless it lately refused.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use service::health::Fact;

/// How long a refusal counts while nothing else is heard. Whoever stops sending because of it would otherwise never learn
/// that the sink takes records again.
const REFUSAL_COUNTS_MS: i64 = 10_000;

/// Both sinks.
#[derive(Debug)]
pub struct Sinks {
    good: AtomicI64,
    bad: AtomicI64,
    fact: Fact,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Payloads.
    Good,
    /// Bad rows.
    Bad,
}

impl Which {
    /// The stream, as metrics call it.
    pub fn stream(self) -> &'static str {
        match self {
            Self::Good => "raw",
            Self::Bad => "bad",
        }
    }
}

const WELL: i64 = i64::MIN;

impl Sinks {
    /// Both have been opened, so both are well.
    pub fn new(fact: Fact) -> Self {
        fact.well();
        Self { good: AtomicI64::new(WELL), bad: AtomicI64::new(WELL), fact }
    }

    /// Records were taken.
    pub fn took(&self, which: Which) {
        // Nearly always it was well before: one load then.
        if self.slot(which).load(Ordering::Relaxed) != WELL {
            self.slot(which).store(WELL, Ordering::Relaxed);
            self.state_if_well();
        }
    }

    /// Records were refused.
    pub fn refused(&self, which: Which, why: &str, now: Timestamp) {
        self.slot(which).store(now.as_millisecond(), Ordering::Relaxed);
        self.fact.trouble(why);
    }

    /// Whether both take records, as far as is known.
    pub fn are_well(&self, now: Timestamp) -> bool {
        [&self.good, &self.bad].into_iter().all(|slot| {
            let refused = slot.load(Ordering::Relaxed);
            refused == WELL || now.as_millisecond() - refused > REFUSAL_COUNTS_MS
        })
    }

    /// Lets old refusals go.
    pub fn relent(&self, now: Timestamp) {
        let troubled = [&self.good, &self.bad].into_iter().any(|slot| slot.load(Ordering::Relaxed) != WELL);
        if troubled && self.are_well(now) {
            self.good.store(WELL, Ordering::Relaxed);
            self.bad.store(WELL, Ordering::Relaxed);
            self.fact.well();
        }
    }

    fn state_if_well(&self) {
        if [&self.good, &self.bad].into_iter().all(|slot| slot.load(Ordering::Relaxed) == WELL) {
            self.fact.well();
        }
    }

    fn slot(&self, which: Which) -> &AtomicI64 {
        match which {
            Which::Good => &self.good,
            Which::Bad => &self.bad,
        }
    }
}
