//! What a spilled record carries beside key and data, so that it can be handed on as it came.
//!
//! A spilled record is a record of the log with the same key and data. Its attributes:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | flags: 1 = it goes to a shard by name, 2 = the next record belongs to the same batch |
//! | 2 | 1 | length of the shard's name, n; 0 without flag 1 |
//! | 3 | n | the shard's name |
//! | 3 + n | | the record's own attributes |
//!
//! Batches stay together only where they go to a shard by name: that is what their writer relies on.

use crate::{
    consumer::Delivered,
    producer::Route,
    record::{Position, Record, ShardId},
};

const VERSION: u8 = 1;
const TO_SHARD: u8 = 1;
const MORE: u8 = 2;
/// The longest envelope around attributes.
pub(super) const MAX_BYTES: usize = 3 + u8::MAX as usize;

/// A shard's name above 255 bytes: no engine has one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameTooLong;

/// Attributes that are no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was spilled has no envelope of version {VERSION}")]
pub(super) struct NoEnvelope;

/// Records that are handed on together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) route: Route,
    pub(super) records: Vec<Record>,
    /// Where the last of them stands in the spill.
    pub(super) last: Position,
}

/// A part of what was spilled, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Run(Run),
    /// A record that nobody can read, as it was spilled.
    Strange(Delivered),
}

/// Puts a batch into envelopes.
pub(super) fn wrap(batch: Vec<Record>, route: &Route) -> Result<Vec<Record>, NameTooLong> {
    let (flag, name) = match route {
        Route::ByKey => (0, ""),
        Route::Shard(shard) => (TO_SHARD, shard.as_str()),
    };
    let length = u8::try_from(name.len()).map_err(|_| NameTooLong)?;
    let count = batch.len();
    let wrap_one = |(index, record): (usize, Record)| {
        let more = if flag == TO_SHARD && index + 1 < count { MORE } else { 0 };
        let mut attributes = Vec::with_capacity(3 + name.len() + record.attributes.len());
        attributes.extend_from_slice(&[VERSION, flag | more, length]);
        attributes.extend_from_slice(name.as_bytes());
        attributes.extend_from_slice(&record.attributes);
        Record { attributes: attributes.into(), ..record }
    };
    Ok(batch.into_iter().enumerate().map(wrap_one).collect())
}

/// Whether the batch of this record goes on behind it.
pub(super) fn goes_on(spilled: &Record) -> bool {
    unwrap(spilled).is_ok_and(|(_, _, more)| more)
}

/// Takes records out of their envelopes: runs of at most `records` and about `bytes`, except that a batch to a shard is
/// one run.
pub(super) fn parts(spilled: Vec<Delivered>, records: usize, bytes: usize) -> Vec<Part> {
    let (mut parts, mut open, mut size) = (Vec::new(), None::<(Run, bool)>, 0);
    for delivered in spilled {
        let Ok((record, route, more)) = unwrap(&delivered.record) else {
            parts.extend(open.take().map(|(run, _)| Part::Run(run)));
            parts.push(Part::Strange(delivered));
            continue;
        };
        let joins = open.as_ref().is_some_and(|(run, expects)| match run.route {
            Route::ByKey => {
                route == Route::ByKey && run.records.len() < records && size + record.size() <= bytes
            }
            Route::Shard(_) => *expects && run.route == route,
        });
        if !joins {
            parts.extend(open.take().map(|(run, _)| Part::Run(run)));
            size = 0;
        }
        size += record.size();
        let (run, expects) =
            open.get_or_insert_with(|| (Run { route, records: Vec::new(), last: delivered.position }, more));
        run.records.push(record);
        run.last = delivered.position;
        *expects = more;
    }
    parts.extend(open.map(|(run, _)| Part::Run(run)));
    parts
}

/// The record as it came, where it goes, and whether its batch goes on.
fn unwrap(spilled: &Record) -> Result<(Record, Route, bool), NoEnvelope> {
    let attributes = &spilled.attributes;
    let &[VERSION, flags, length, ref rest @ ..] = &attributes[..] else { return Err(NoEnvelope) };
    let name = rest.get(..usize::from(length)).ok_or(NoEnvelope)?;
    let route = match flags & TO_SHARD {
        0 if name.is_empty() => Route::ByKey,
        TO_SHARD => Route::Shard(ShardId::from(std::str::from_utf8(name).map_err(|_| NoEnvelope)?)),
        _ => return Err(NoEnvelope),
    };
    let own = attributes.slice(3 + name.len()..);
    Ok((Record { attributes: own, ..spilled.clone() }, route, flags & MORE != 0))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn spilled(records: Vec<Record>) -> Vec<Delivered> {
        let deliver =
            |(n, record)| Delivered { position: Position::from(n), arrival: Timestamp::UNIX_EPOCH, record };
        (1..).zip(records).map(deliver).collect()
    }

    fn record(attributes: &[u8], data: &[u8]) -> Record {
        Record { key: "k".into(), attributes: attributes.to_vec().into(), data: data.to_vec().into() }
    }

    #[test]
    fn golden_bytes() {
        let check = |route: Route, expect: &[&[u8]]| {
            let batch = vec![record(b"a", b"1"), record(b"", b"2")];
            let wrapped = wrap(batch.clone(), &route).unwrap();
            assert_eq!(wrapped.iter().map(|r| &r.attributes[..]).collect::<Vec<_>>(), expect);
            assert_eq!(wrapped.iter().map(goes_on).collect::<Vec<_>>(), [expect[0][1] & 2 == 2, false]);
            let run = Run { route, records: batch, last: Position::from(2) };
            assert_eq!(parts(spilled(wrapped), 10, 1000), [Part::Run(run)]);
        };
        check(Route::ByKey, &[b"\x01\0\0a", b"\x01\0\0"]);
        check(Route::Shard("s-1".into()), &[b"\x01\x03\x03s-1a", b"\x01\x01\x03s-1"]);
        let long = Route::Shard("s".repeat(256).as_str().into());
        assert_eq!(wrap(vec![record(b"", b"")], &long), Err(NameTooLong));
    }

    #[test]
    fn strange_attributes_are_told() {
        for attributes in
            [&b""[..], b"\x01", b"\x01\0", b"\x02\0\0", b"\x01\0\x01s", b"\x01\x01\x02s", b"\x01\x01\x01\xff"]
        {
            let strange = spilled(vec![record(attributes, b"1")]);
            assert_eq!(parts(strange.clone(), 9, 99), [Part::Strange(strange[0].clone())], "{attributes:?}");
        }
    }

    proptest! {
        /// Batches come back as they were: nothing lost, in order, batches to a shard whole and alone.
        #[test]
        fn there_and_back(
            batches in vec((vec((0..20_usize, 0..9_usize), 1..6), prop::option::of(0..3_u8)), 0..12),
            records in 1..5_usize,
            bytes in 1..40_usize,
        ) {
            let (mut all, mut wrapped) = (Vec::new(), Vec::new());
            for (sizes, shard) in &batches {
                let route = shard.map_or(Route::ByKey, |n| Route::Shard(ShardId::numbered(n.into())));
                let batch: Vec<_> = sizes.iter().map(|(a, d)| record(&vec![7; *a], &vec![9; *d])).collect();
                wrapped.extend(wrap(batch.clone(), &route).unwrap());
                all.push((route, batch));
            }
            let count = wrapped.len() as u64;
            let parts = parts(spilled(wrapped), records, bytes);
            let runs: Vec<_> = parts
                .into_iter()
                .map(|part| match part {
                    Part::Run(run) => run,
                    Part::Strange(strange) => panic!("{strange:?}"),
                })
                .collect();
            prop_assert_eq!(runs.last().map_or(0, |run| run.last.sequence.to_u64().unwrap()), count);
            let to_shards = |route: &Route| *route != Route::ByKey;
            let whole: Vec<_> = all.iter().filter(|(route, _)| to_shards(route)).cloned().collect();
            let found = runs.iter().filter(|run| to_shards(&run.route));
            let found: Vec<_> = found.map(|run| (run.route.clone(), run.records.clone())).collect();
            prop_assert_eq!(found, whole);
            let flat: Vec<_> = all.into_iter().flat_map(|(_, batch)| batch).collect();
            prop_assert_eq!(runs.iter().flat_map(|run| run.records.clone()).collect::<Vec<_>>(), flat);
            for run in runs.iter().filter(|run| run.route == Route::ByKey && run.records.len() > 1) {
                prop_assert!(run.records.len() <= records);
                prop_assert!(run.records.iter().map(Record::size).sum::<usize>() <= bytes);
            }
        }
    }
}
