//! Reading one shard (`spec/loaders-and-leases.md` 6.11): which call comes next, and when. Answers go in; it calls nobody.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    aggregated::user_records,
    lease::{
        HashRange, Progress,
        shards::{Beginning, Child},
    },
};
use crate::{
    consumer::Delivered,
    record::{Position, Record, SequenceNumber},
};

/// A shard answers five calls in a second, to all who read it.
const PAUSE: Duration = Duration::from_millis(200);

/// Where an iterator begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// At the oldest record.
    TrimHorizon,
    /// After the newest record.
    Latest,
    /// At the first record that came at this time or later.
    AtTimestamp(Timestamp),
    /// At this record.
    At(SequenceNumber),
    /// After this record.
    After(SequenceNumber),
}

/// A call to Kinesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `GetShardIterator`; answered with [`Reader::iterated`].
    Iterator(From),
    /// `GetRecords` with this iterator; answered with [`Reader::read`].
    Records(String),
}

/// A record of Kinesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// Its number.
    pub sequence: SequenceNumber,
    /// When Kinesis took it.
    pub arrival: Timestamp,
    /// Partition key.
    pub key: Bytes,
    /// The payload: one record, or several that a producer packed.
    pub data: Bytes,
}

/// What `GetRecords` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The records.
    pub records: Vec<Raw>,
    /// The next iterator; none at the end of a closed shard.
    pub next: Option<String>,
    /// How far behind the newest record.
    pub behind: Duration,
    /// The shards that were made from this one; only at its end.
    pub children: Vec<Child>,
    /// Where the next subscription begins, records or not; only in fan-out.
    pub place: Option<SequenceNumber>,
}

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The iterator is older than five minutes, or is of no use.
    Iterator,
    /// Kinesis knows no such shard, or no such stream.
    Missing,
    /// Anything else: too much at once, no answer.
    Passing,
}

/// What an answer brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// Records, in order.
    pub records: Vec<Delivered>,
    /// The shard has been read to its end: its last record in this reading, and its children.
    pub end: Option<(Option<Position>, Vec<Child>)>,
    /// Records after this one were deleted before they were read, for all that is known.
    pub gap_after: Option<SequenceNumber>,
}

/// The reading of a shard.
#[derive(Debug)]
pub struct Reader {
    range: HashRange,
    idle: Duration,
    from: From,
    /// What was done last, until something has been read.
    resumed: Option<SequenceNumber>,
    /// Up to here it has been done before.
    done: Option<Position>,
    iterator: Option<String>,
    last: Option<Position>,
    failures: u32,
    wait: Duration,
}

impl Reader {
    /// Reads on from this progress; `idle` is the time between calls while there is nothing new.
    pub fn new(progress: Progress, beginning: Beginning, range: Option<HashRange>, idle: Duration) -> Self {
        let from = match (progress, beginning) {
            (Progress::At(position), _) => From::At(position.sequence),
            (Progress::Latest, _) => From::Latest,
            (Progress::AtTimestamp, Beginning::AtTimestamp(time)) => From::AtTimestamp(time),
            _ => From::TrimHorizon,
        };
        Self {
            range: range.unwrap_or(HashRange::ALL),
            idle: idle.max(PAUSE),
            from,
            resumed: progress.position().map(|position| position.sequence),
            done: progress.position(),
            iterator: None,
            last: None,
            failures: 0,
            wait: Duration::ZERO,
        }
    }

    /// The next call.
    pub fn call(&self) -> Call {
        match &self.iterator {
            Some(iterator) => Call::Records(iterator.clone()),
            None => Call::Iterator(self.from),
        }
    }

    /// How long to wait before it.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// `GetShardIterator` has been answered.
    pub fn iterated(&mut self, answer: Result<String, Trouble>) {
        match answer {
            Ok(iterator) => {
                self.iterator = Some(iterator);
                self.wait = Duration::ZERO;
            }
            Err(_) => self.failed(),
        }
    }

    /// `GetRecords` has been answered.
    pub fn read(&mut self, answer: Result<Answer, Trouble>) -> Brought {
        let answer = match answer {
            Ok(answer) => answer,
            Err(trouble) => {
                if trouble == Trouble::Iterator {
                    self.iterator = None;
                }
                self.failed();
                return Brought::default();
            }
        };
        self.failures = 0;
        let is_new = !answer.records.is_empty() || !answer.behind.is_zero();
        self.wait = if is_new { PAUSE } else { self.idle };
        let gap_after = answer.records.first().and_then(|first| {
            let resumed = self.resumed.take()?;
            (first.sequence > resumed).then_some(resumed)
        });
        let mut records = Vec::with_capacity(answer.records.len());
        for raw in answer.records {
            self.from = From::After(raw.sequence);
            self.unpack(raw, &mut records);
        }
        if let (From::Latest, Some(place)) = (self.from, answer.place) {
            // What comes while there is no subscription is not skipped.
            self.from = From::At(place);
        }
        self.last = records.last().map(|record: &Delivered| record.position).or(self.last);
        let is_end = answer.next.is_none() && !answer.children.is_empty();
        if answer.next.is_none() && !is_end {
            // An end without children is none.
            self.failed();
        }
        self.iterator = answer.next;
        Brought { records, end: is_end.then_some((self.last, answer.children)), gap_after }
    }

    /// A subscription has ended in good order: the next begins.
    pub fn ended(&mut self) {
        self.iterator = None;
        self.wait = PAUSE;
    }

    fn unpack(&self, raw: Raw, into: &mut Vec<Delivered>) {
        let Raw { sequence, arrival, key, data } = raw;
        let mut push = |sub_sequence, record| {
            let position = Position { sequence, sub_sequence };
            if Some(position) > self.done {
                into.push(Delivered { position, arrival, record });
            }
        };
        match user_records(&data, self.range) {
            None => push(0, Record::new(key, data)),
            Some(found) => {
                found
                    .into_iter()
                    .zip(0..)
                    .for_each(|(found, index)| push(index, Record::new(found.key, found.data)));
            }
        }
    }

    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.wait = self.idle * self.failures.min(5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(1);

    fn raw(sequence: u64, data: &'static [u8]) -> Raw {
        let (arrival, key) = (Timestamp::UNIX_EPOCH, "key".into());
        Raw { sequence: sequence.into(), arrival, key, data: data.into() }
    }

    fn reader(progress: Progress) -> Reader {
        let mut reader = Reader::new(progress, Beginning::TrimHorizon, None, IDLE);
        reader.iterated(Ok("first".to_owned()));
        reader
    }

    fn answer(records: &[u64]) -> Answer {
        let records = records.iter().map(|sequence| raw(*sequence, b"plain")).collect();
        Answer { records, next: Some("next".to_owned()), ..Answer::default() }
    }

    fn numbers(brought: &Brought) -> Vec<(u64, u64)> {
        let number =
            |record: &Delivered| (record.position.sequence.to_u64().unwrap(), record.position.sub_sequence);
        brought.records.iter().map(number).collect()
    }

    fn at(sequence: u64, sub_sequence: u64) -> Progress {
        Progress::At(Position { sequence: sequence.into(), sub_sequence })
    }

    #[test]
    fn it_begins_where_the_progress_is() {
        let time = Beginning::AtTimestamp(Timestamp::UNIX_EPOCH);
        for (progress, beginning, expect) in [
            (Progress::TrimHorizon, Beginning::Latest, From::TrimHorizon),
            (Progress::Latest, Beginning::TrimHorizon, From::Latest),
            (Progress::AtTimestamp, time, From::AtTimestamp(Timestamp::UNIX_EPOCH)),
            // Written when the configuration said another thing.
            (Progress::AtTimestamp, Beginning::Latest, From::TrimHorizon),
            (at(7, 3), time, From::At(7.into())),
        ] {
            assert_eq!(Reader::new(progress, beginning, None, IDLE).call(), Call::Iterator(expect));
        }
    }

    /// Two records of key `k`, packed, but for the checksum.
    const TWO: &[u8] = b"\xf3\x89\x9a\xc2\x0a\x01k\x1a\x05\x08\x00\x1a\x01a\x1a\x05\x08\x00\x1a\x01b";

    #[test]
    fn what_was_done_is_passed_over() {
        use md5::{Digest, Md5};
        let body = &TWO[4..];
        let packed: &[u8] = &[&TWO[..4], body, &Md5::digest(body)[..]].concat();
        let packed: &'static [u8] = Box::leak(packed.into());
        for (progress, expect) in [
            (Progress::TrimHorizon, &[(5, 0), (6, 0), (6, 1), (7, 0)][..]),
            (at(5, 0), &[(6, 0), (6, 1), (7, 0)]),
            (at(6, 0), &[(6, 1), (7, 0)]),
            (at(6, 1), &[(7, 0)]),
            (at(7, 0), &[]),
        ] {
            let records = vec![raw(5, b"x"), raw(6, packed), raw(7, b"y")];
            let brought = reader(progress).read(Ok(Answer { records, ..answer(&[]) }));
            assert_eq!(numbers(&brought), expect, "{progress:?}");
        }
    }

    #[test]
    fn calls_follow_answers() {
        let mut reader = reader(Progress::TrimHorizon);
        let check = |reader: &Reader, expect: Call, wait: u64| {
            assert_eq!((reader.call(), reader.wait()), (expect, Duration::from_millis(wait)));
        };
        let records = |iterator: &str| Call::Records(iterator.to_owned());
        check(&reader, records("first"), 0);
        reader.read(Ok(answer(&[])));
        check(&reader, records("next"), 1000);
        reader.read(Ok(Answer { behind: IDLE, ..answer(&[]) }));
        check(&reader, records("next"), 200);
        reader.read(Ok(answer(&[3, 4])));
        check(&reader, records("next"), 200);
        reader.read(Err(Trouble::Passing));
        check(&reader, records("next"), 1000);
        reader.read(Err(Trouble::Passing));
        check(&reader, records("next"), 2000);
        reader.read(Err(Trouble::Iterator));
        check(&reader, Call::Iterator(From::After(4.into())), 3000);
        reader.iterated(Err(Trouble::Passing));
        check(&reader, Call::Iterator(From::After(4.into())), 4000);
        reader.iterated(Ok("third".to_owned()));
        check(&reader, records("third"), 0);
        // An end without children is none.
        let brought = reader.read(Ok(Answer { next: None, ..answer(&[5]) }));
        assert_eq!((numbers(&brought), brought.end), (vec![(5, 0)], None));
        check(&reader, Call::Iterator(From::After(5.into())), 1000);
    }

    #[test]
    fn a_shard_ends_with_its_children() {
        let child = Child { id: "child".into(), parents: vec!["parent".into()], range: HashRange::ALL };
        let end = |records: &[u64]| Answer { next: None, children: vec![child.clone()], ..answer(records) };
        let mut reader = reader(at(5, 0));
        assert_eq!(reader.read(Ok(answer(&[5]))), Brought::default());
        assert_eq!(reader.read(Ok(end(&[]))).end, Some((None, vec![child.clone()])));
        reader.read(Ok(answer(&[6, 7])));
        assert_eq!(reader.read(Ok(end(&[]))).end, Some((Some(7.into()), vec![child.clone()])));
        assert_eq!(reader.read(Ok(end(&[8]))).end, Some((Some(8.into()), vec![child.clone()])));
    }

    #[test]
    fn the_next_subscription_begins_where_one_ended() {
        let subscribed = |progress, place: Option<u64>, records: &[u64]| {
            let mut reader = reader(progress);
            let place = place.map(SequenceNumber::from);
            reader.read(Ok(Answer { place, ..answer(records) }));
            reader.ended();
            assert_eq!(reader.wait(), PAUSE);
            let next = reader.call();
            reader.iterated(Ok("second".to_owned()));
            assert_eq!(
                reader.read(Ok(answer(&[20]))).gap_after.is_some(),
                progress == at(5, 0) && records.is_empty()
            );
            next
        };
        for (progress, place, records, expect) in [
            (Progress::Latest, Some(9), &[][..], From::At(9.into())),
            (Progress::Latest, Some(9), &[7, 8], From::After(8.into())),
            (Progress::Latest, None, &[], From::Latest),
            (Progress::TrimHorizon, Some(9), &[], From::TrimHorizon),
            (at(5, 0), Some(9), &[], From::At(5.into())),
            (at(5, 0), Some(9), &[5, 6], From::After(6.into())),
        ] {
            assert_eq!(
                subscribed(progress, place, records),
                Call::Iterator(expect),
                "{progress:?} {records:?}"
            );
        }
    }

    /// What was done last is read again. If it is not there, more may have been deleted.
    #[test]
    fn gaps_are_noticed() {
        let gap = |progress, records: &[u64]| reader(progress).read(Ok(answer(records))).gap_after;
        assert_eq!(gap(at(5, 0), &[5, 6]), None);
        assert_eq!(gap(at(5, 0), &[6]), Some(5.into()));
        assert_eq!(gap(at(5, 0), &[]), None);
        assert_eq!(gap(Progress::TrimHorizon, &[6]), None);
        let mut late = reader(at(5, 0));
        late.read(Ok(answer(&[])));
        assert_eq!(late.read(Ok(answer(&[9]))).gap_after, Some(5.into()));
    }
}
