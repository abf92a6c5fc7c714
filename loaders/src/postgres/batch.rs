//! The events of one transaction.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use event::bad_row::BadRow;
use jiff::Timestamp;
use stream::record::{Position, ShardId};

/// Lines that were read and not yet committed.
#[derive(Debug, Default)]
pub struct Batch {
    lines: Vec<Line>,
    bytes: usize,
    /// How many of the lines have been encoded.
    pub encoded: usize,
    /// Lines that cannot be loaded, by their index.
    pub bad: Vec<(usize, BadRow)>,
    /// Indexes of lines whose bad rows are durable.
    pub reported: HashSet<usize>,
    /// Indexes of lines whose events are in the table already.
    pub duplicates: HashSet<usize>,
}

#[derive(Debug)]
struct Line {
    data: Bytes,
    shard: ShardId,
    position: Position,
    arrival: Timestamp,
}

impl Batch {
    /// Adds a line.
    pub fn push(&mut self, data: Bytes, shard: ShardId, position: Position, arrival: Timestamp) {
        self.bytes += data.len();
        self.lines.push(Line { data, shard, position, arrival });
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes of all lines.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Line number `index`.
    pub fn line(&self, index: usize) -> &Bytes {
        &self.lines[index].data
    }

    /// Where line number `index` comes from: shard and sequence number.
    pub fn place(&self, index: usize) -> String {
        let line = &self.lines[index];
        format!("{}:{}", line.shard, line.position.sequence)
    }

    /// The lines that have not been encoded. They share the bytes.
    pub fn rest(&self) -> Vec<Bytes> {
        self.lines[self.encoded..].iter().map(|line| line.data.clone()).collect()
    }

    /// Arrival of the oldest line.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.lines.iter().map(|line| line.arrival).min()
    }

    /// Where the batch ends in each of its shards.
    pub fn ends(&self) -> BTreeMap<ShardId, Position> {
        let mut ends = BTreeMap::new();
        for line in &self.lines {
            ends.insert(line.shard.clone(), line.position);
        }
        ends
    }

    /// The last line of a shard.
    pub fn end_of(&self, shard: &ShardId) -> Option<Position> {
        self.lines.iter().rev().find(|line| line.shard == *shard).map(|line| line.position)
    }

    /// Adds the lines of the batch behind this one; encoding begins again.
    pub fn append(&mut self, next: Self) {
        let first = self.lines.len();
        self.lines.extend(next.lines);
        self.bytes += next.bytes;
        self.reported.extend(next.reported.into_iter().map(|index| first + index));
        self.begin_again();
    }

    /// Takes off the lines from number `first` on; encoding of both begins again.
    pub fn split_off(&mut self, first: usize) -> Self {
        let lines = self.lines.split_off(first);
        let bytes = lines.iter().map(|line| line.data.len()).sum();
        self.bytes -= bytes;
        let (before, behind): (HashSet<usize>, HashSet<usize>) =
            std::mem::take(&mut self.reported).into_iter().partition(|index| *index < first);
        self.reported = before;
        self.begin_again();
        let reported = behind.into_iter().map(|index| index - first).collect();
        Self { lines, bytes, reported, ..Self::default() }
    }

    /// Encoding begins again. What has been reported stays reported.
    pub fn begin_again(&mut self) {
        self.encoded = 0;
        self.bad.clear();
        self.duplicates.clear();
    }

    /// Drops the lines of a shard; encoding begins again.
    pub fn forget(&mut self, shard: &ShardId) {
        let reported = std::mem::take(&mut self.reported);
        let mut index = 0;
        let mut kept = 0;
        let mut still_reported = HashSet::new();
        self.lines.retain(|line| {
            let keep = line.shard != *shard;
            if keep {
                if reported.contains(&index) {
                    still_reported.insert(kept);
                }
                kept += 1;
            }
            index += 1;
            keep
        });
        self.reported = still_reported;
        self.bytes = self.lines.iter().map(|line| line.data.len()).sum();
        self.begin_again();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_joined_and_parted() {
        let shard = ShardId::numbered(0);
        let batch = |positions: std::ops::Range<u64>, reported: usize| {
            let mut batch = Batch::default();
            positions.for_each(|n| {
                batch.push(Bytes::from_static(b"xy"), shard.clone(), n.into(), Timestamp::UNIX_EPOCH)
            });
            batch.reported = HashSet::from([reported]);
            batch.encoded = batch.len();
            batch
        };
        let mut first = batch(1..4, 2);
        first.append(batch(4..9, 1));
        assert_eq!((first.len(), first.bytes(), first.encoded), (8, 16, 0));
        assert_eq!(first.reported, HashSet::from([2, 4]));
        assert_eq!(first.end_of(&shard), Some(8.into()));
        let second = first.split_off(3);
        assert_eq!((first.len(), first.bytes(), first.end_of(&shard)), (3, 6, Some(3.into())));
        assert_eq!((second.len(), second.bytes(), second.end_of(&shard)), (5, 10, Some(8.into())));
        assert_eq!((&first.reported, &second.reported), (&HashSet::from([2]), &HashSet::from([1])));
    }

    #[test]
    fn forgetting_a_shard_keeps_the_others() {
        let (a, b) = (ShardId::numbered(0), ShardId::numbered(1));
        let mut batch = Batch::default();
        for (n, shard) in [(1, &a), (2, &b), (3, &a), (4, &b)] {
            batch.push(Bytes::from(vec![0; n]), shard.clone(), (n as u64).into(), Timestamp::UNIX_EPOCH);
        }
        batch.reported = HashSet::from([0, 3]);
        batch.encoded = 4;
        assert_eq!(batch.ends(), BTreeMap::from([(a.clone(), 3.into()), (b.clone(), 4.into())]));
        batch.forget(&a);
        assert_eq!((batch.len(), batch.bytes(), batch.encoded), (2, 6, 0));
        assert_eq!(batch.reported, HashSet::from([1]));
        assert_eq!((batch.end_of(&a), batch.end_of(&b)), (None, Some(4.into())));
    }
}
