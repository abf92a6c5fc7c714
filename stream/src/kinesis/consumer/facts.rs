//! What a consumer has seen of the world, noted where it happens.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    consumer::Delivered,
    record::{Position, ShardId},
};

/// What a consumer has seen of the world. Totals are of its whole life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Leases that are ours, those of shards at their end included.
    pub leases: usize,
    /// Leases that were taken from nobody, or from a worker that gave no sign of life.
    pub free_leases: u64,
    /// Leases that were taken from a worker that had more than its share.
    pub stolen_leases: u64,
    /// Leases that were ours until somebody took them or they expired.
    pub lost_leases: u64,
    /// Records that were delivered.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Calls of Kinesis and DynamoDB by the name of the operation and what came of them.
    pub calls: BTreeMap<(&'static str, Ending), u64>,
    /// How far behind the newest record each of our shards is.
    pub behind: HashMap<ShardId, Duration>,
    /// When the oldest record arrived that was delivered and is not acknowledged.
    pub oldest: Option<Timestamp>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It was carried out.
    Answered,
    /// The condition of a write does not hold: somebody else has written.
    Refused,
    /// There were too many.
    Throttled,
    /// Anything else, or no answer.
    Failed,
}

impl Ending {
    /// As metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

/// Shows the facts of a consumer, also when it is elsewhere or gone.
#[derive(Clone, Debug, Default)]
pub struct Observer(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    facts: Facts,
    /// The last place of each batch that was delivered and is not acknowledged, and when its first record arrived.
    waiting: HashMap<ShardId, VecDeque<(Position, Timestamp)>>,
}

impl Observer {
    /// What has been seen so far.
    pub fn facts(&self) -> Facts {
        let noted = self.noted();
        let oldest = noted.waiting.values().filter_map(VecDeque::front).map(|(_, arrival)| *arrival).min();
        Facts { oldest, ..noted.facts.clone() }
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.noted().facts);
    }

    pub(super) fn called(&self, operation: &'static str, ending: Ending) {
        self.note(|facts| *facts.calls.entry((operation, ending)).or_default() += 1);
    }

    pub(super) fn delivered(&self, shard: &ShardId, records: &[Delivered]) {
        let mut noted = self.noted();
        noted.facts.records += records.len() as u64;
        noted.facts.bytes += records.iter().map(|delivered| delivered.record.data.len() as u64).sum::<u64>();
        if let (Some(first), Some(last)) = (records.first(), records.last()) {
            noted.waiting.entry(shard.clone()).or_default().push_back((last.position, first.arrival));
        }
    }

    pub(super) fn acknowledged(&self, shard: &ShardId, position: Position) {
        if let Some(waiting) = self.noted().waiting.get_mut(shard) {
            while waiting.front().is_some_and(|(last, _)| *last <= position) {
                waiting.pop_front();
            }
        }
    }

    /// Nothing of this shard waits any more: it begins, begins elsewhere, or is not ours.
    pub(super) fn forget(&self, shard: &ShardId) {
        self.noted().waiting.remove(shard);
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Nothing panics that leaves it broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    #[test]
    fn the_oldest_is_what_waits_for_its_acknowledgement() {
        let (a, b) = (ShardId::from("a"), ShardId::from("b"));
        let second = |second| Timestamp::from_second(second).unwrap();
        let record = |position: u64, arrival| Delivered {
            position: position.into(),
            arrival: second(arrival),
            record: Record::new("k", "data"),
        };
        let observer = Observer::default();
        let oldest = || observer.facts().oldest;
        assert_eq!(oldest(), None);
        observer.delivered(&a, &[record(1, 10), record(2, 20)]);
        observer.delivered(&a, &[record(3, 30)]);
        observer.delivered(&b, &[record(7, 15)]);
        assert_eq!((observer.facts().records, observer.facts().bytes), (4, 16));
        assert_eq!(oldest(), Some(second(10)));
        observer.acknowledged(&a, 1.into());
        assert_eq!(oldest(), Some(second(10)), "half a batch is not acknowledged");
        observer.acknowledged(&a, 2.into());
        assert_eq!(oldest(), Some(second(15)));
        observer.forget(&b);
        assert_eq!(oldest(), Some(second(30)));
        observer.acknowledged(&a, 9.into());
        assert_eq!(oldest(), None);
    }
}
