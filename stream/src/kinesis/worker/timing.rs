//! When a worker does what (`spec/loaders-and-leases.md` 6.5).

use std::time::Duration;

use crate::backoff::Backoff;

/// The clock of another machine may be this much faster or slower within a failover time.
const EPSILON: Duration = Duration::from_millis(25);

/// The times of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a lease lives without a sign of its owner. The same for all workers of a table.
    pub failover: Duration,
    /// How often it is looked whether the parents of a shard have ended.
    pub parents: Duration,
    /// How often the leader looks for missing leases.
    pub audit: Duration,
    /// After this time, at the latest, progress is saved that promises nothing; with the next sign of life if that comes
    /// first. None: at once.
    pub debounce: Duration,
    /// Pauses after writes that DynamoDB refuses to carry out: too many of them, most likely.
    pub throttled: Backoff,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            failover: Duration::from_secs(10),
            parents: Duration::from_secs(10),
            audit: Duration::from_secs(120),
            debounce: Duration::from_secs(10),
            throttled: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) },
        }
    }
}

impl Timing {
    /// How often an owner gives a sign.
    pub fn renew_every(self) -> Duration {
        (self.failover / 3).saturating_sub(EPSILON)
    }

    /// How often the table is read.
    pub fn take_every(self) -> Duration {
        (self.failover + EPSILON) * 2
    }

    /// How long to wait after something that was not answered.
    pub(super) fn retry(self) -> Duration {
        self.failover / 20
    }

    /// How long to wait before shards are listed again.
    pub(super) fn relist(self) -> Duration {
        Duration::from_millis(1500)
    }
}

/// Something that is done again and again, never twice at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    next: Duration,
    since: Option<Duration>,
    /// Whether it has to be done again, although it is under way.
    again: bool,
}

impl Schedule {
    pub(super) fn at(next: Duration) -> Self {
        Self { next, since: None, again: false }
    }

    /// Whether it starts now.
    pub(super) fn starts(&mut self, now: Duration) -> bool {
        let starts = self.since.is_none() && now >= self.next;
        if starts {
            self.since = Some(now);
        }
        starts
    }

    /// It has ended, and is done again at `next`; returns when it was started.
    pub(super) fn ends(&mut self, now: Duration, next: Duration) -> Duration {
        self.next = if std::mem::take(&mut self.again) { now } else { next };
        self.since.take().unwrap_or(now)
    }

    /// As soon as possible.
    pub(super) fn at_once(&mut self, now: Duration) {
        self.again = self.since.is_some();
        self.next = now;
    }

    pub(super) fn not_after(&mut self, time: Duration) {
        self.next = self.next.min(time);
    }

    pub(super) fn due(&self) -> Duration {
        if self.since.is_some() { Duration::MAX } else { self.next }
    }
}
