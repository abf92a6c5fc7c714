//! Raw records of a shard that wait for schemas while later ones go on: they hold the checkpoint, and how much may be
//! written beyond it is bounded, since a successor reads it back. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stream::record::Position;

/// Raw records, and their bytes, that are taken up after the first that waits, at most; one round of batches may come on
/// top. Until none waits any more the shard then takes up nothing.
const MOST_RECORDS: usize = 20_000;
const MOST_BYTES: usize = 32 << 20;

/// How far a shard got.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// The last record taken up.
    taken: Option<Position>,
    waiting: BTreeMap<Position, Place>,
    /// What was taken up since something waits.
    records: usize,
    bytes: usize,
}

/// Where a waiting record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The position right before it in its batch; none: it is the first.
    pub(crate) before: Option<Position>,
    /// When the stream took it.
    pub(crate) arrival: Timestamp,
}

impl Held {
    /// Nothing waits; `acknowledged` is the checkpoint's.
    pub(crate) fn new(acknowledged: Option<Position>) -> Self {
        Self { taken: acknowledged, ..Self::default() }
    }

    /// Notes a batch that ends at `last`, with its size and those of its records that wait.
    pub(crate) fn take_up(
        &mut self,
        last: Position,
        (records, bytes): (usize, usize),
        waiting: impl IntoIterator<Item = (Position, Place)>,
    ) {
        for (position, place) in waiting {
            let before = place.before.or(self.taken);
            self.waiting.insert(position, Place { before, ..place });
        }
        self.taken = Some(last);
        if !self.is_empty() {
            self.records += records;
            self.bytes += bytes;
        }
    }

    /// A record waits no longer.
    pub(crate) fn settle(&mut self, position: Position) {
        self.waiting.remove(&position);
        if self.is_empty() {
            (self.records, self.bytes) = (0, 0);
        }
    }

    /// The last position up to which nothing waits.
    pub(crate) fn acknowledged(&self) -> Option<Position> {
        self.waiting.first_key_value().map_or(self.taken, |(_, place)| place.before)
    }

    /// Arrival of the oldest record that waits.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.waiting.values().map(|place| place.arrival).min()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether more may be taken up.
    pub(crate) fn has_room(&self) -> bool {
        self.records < MOST_RECORDS && self.bytes < MOST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64, before: Option<u64>) -> (Position, Place) {
        let arrival = Timestamp::from_second(i64::try_from(position).unwrap()).unwrap();
        (position.into(), Place { before: before.map(Position::from), arrival })
    }

    #[test]
    fn the_oldest_that_waits_holds_the_checkpoint() {
        let mut held = Held::new(Some(4.into()));
        let check = |held: &Held, acknowledged: u64, waiting: usize| {
            assert_eq!(held.acknowledged(), Some(acknowledged.into()));
            assert_eq!((held.len(), held.is_empty()), (waiting, waiting == 0));
        };
        check(&held, 4, 0);
        held.take_up(9.into(), (5, 50), []);
        check(&held, 9, 0);
        // The first of its batch: the batch before it is what is acknowledged.
        held.take_up(14.into(), (5, 50), [at(10, None), at(13, Some(12))]);
        check(&held, 9, 2);
        held.take_up(19.into(), (5, 50), [at(17, Some(16))]);
        assert_eq!(held.oldest(), Timestamp::from_second(10).ok());
        held.settle(13.into());
        check(&held, 9, 2);
        held.settle(10.into());
        check(&held, 16, 1);
        held.settle(17.into());
        check(&held, 19, 0);
        assert_eq!(held.oldest(), None);
    }

    #[test]
    fn nothing_is_acknowledged_before_the_first_record_of_all() {
        let mut held = Held::new(None);
        held.take_up(3.into(), (3, 30), [at(1, None)]);
        assert_eq!(held.acknowledged(), None);
        held.settle(1.into());
        assert_eq!(held.acknowledged(), Some(3.into()));
    }

    #[test]
    fn what_is_taken_up_beyond_is_bounded() {
        let check = |size, has_room| {
            let mut held = Held::new(None);
            held.take_up(1.into(), (MOST_RECORDS, MOST_BYTES), []);
            assert!(held.has_room(), "nothing waits");
            held.take_up(2.into(), (1, 1), [at(2, None)]);
            held.take_up(3.into(), size, []);
            assert_eq!(held.has_room(), has_room, "{size:?}");
            held.settle(2.into());
            assert!(held.has_room());
        };
        check((10, 10), true);
        check((MOST_RECORDS, 10), false);
        check((10, MOST_BYTES), false);
    }
}
