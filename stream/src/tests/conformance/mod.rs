//! The suite that every engine passes.
//!
//! [`suite!`] turns it into one test per law; an engine brings a function that makes a fresh stream.

mod appending;
mod checkpoints;
mod reading;

use std::{future::Future, sync::Arc, task::Poll, time::Duration};

use bytes::Bytes;

use crate::{
    consumer::{Checkpoint, Consumer, Delivered, Event, Start},
    producer::{Producer, Route},
    record::{Record, ShardId},
};

pub(crate) use self::{appending::*, checkpoints::*, reading::*};

/// A fresh stream of an engine.
pub(crate) trait Engine: Send + Sync {
    fn producer(&self) -> Arc<dyn Producer>;
    fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer>;
    fn shards(&self) -> Vec<ShardId>;
    /// Refuses further appends, lets consumers finish.
    fn close(&self) -> impl Future<Output = ()> + Send;
    /// Whether the engine begins anew without losing anything, as after a restart; in memory it need not.
    fn restart(&mut self) -> impl Future<Output = ()> + Send;
}

/// One test per law. `$make` is a function from the number of shards and the largest record to an [`Engine`].
macro_rules! suite {
    ($make:expr; $($law:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $law() {
                $crate::conformance::within_reason($crate::conformance::$law($make)).await;
            }
        )*
    };
    ($make:expr) => {
        $crate::conformance::suite! { $make;
            records_of_a_key_keep_their_order
            a_batch_to_a_shard_is_one_run
            an_empty_batch_is_nothing
            last_places_are_told_per_shard
            too_large_is_refused_whole
            keys_and_attributes_survive
            an_unknown_shard_is_an_error
            concurrent_producers_lose_nothing
            a_dropped_append_disturbs_nobody
            read_after_finds_the_rest
            closed_refuses_and_readers_finish
            assigned_comes_first
            readers_are_independent
            newest_sees_only_what_follows
            a_waiting_reader_is_woken
            next_can_be_dropped
            all_shards_are_read
            what_is_not_wanted_holds_up_nothing
            seek_goes_anywhere
            seek_beyond_the_end_is_an_error
            a_checkpoint_is_where_a_successor_begins
            nothing_acknowledged_begins_again
            pending_survives
            shards_are_checkpointed_alone
            an_earlier_owner_cannot_save
        }
    };
}
pub(crate) use suite;

/// No law takes long: one that waits for ever fails.
pub(crate) async fn within_reason(law: impl Future<Output = ()>) {
    let waited = tokio::time::timeout(Duration::from_secs(60), law).await;
    waited.expect("the law waits for something that does not come");
}

/// A record whose data says its number.
pub(crate) fn numbered(key: &str, number: usize) -> Record {
    Record::new(Bytes::copy_from_slice(key.as_bytes()), number.to_string().into_bytes())
}

pub(crate) fn numbered_batch(key: &str, numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.map(|number| numbered(key, number)).collect()
}

/// The number a record's data says.
pub(crate) fn number(delivered: &Delivered) -> usize {
    std::str::from_utf8(&delivered.record.data).unwrap().parse().unwrap()
}

/// The next `count` records, of whatever shards; `Assigned` is passed over.
pub(crate) async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivered> {
    let mut taken = Vec::new();
    while taken.len() < count {
        match consumer.next().await.unwrap() {
            Event::Assigned { .. } => {}
            Event::Records(batch) => {
                assert!(!batch.records.is_empty(), "a batch is never empty");
                let places = batch.records.windows(2).all(|pair| pair[0].position < pair[1].position);
                assert!(places, "a batch is in order");
                taken.extend(batch.records);
            }
            other => panic!("{other:?} instead of records"),
        }
    }
    assert_eq!(taken.len(), count, "more than expected");
    taken
}

pub(crate) async fn take_numbers(consumer: &mut dyn Consumer, count: usize) -> Vec<usize> {
    take(consumer, count).await.iter().map(number).collect()
}

/// What `Assigned` tells, shard by shard.
pub(crate) async fn assigned(consumer: &mut dyn Consumer, shards: usize) -> Vec<(ShardId, Checkpoint)> {
    let mut found = Vec::new();
    for _ in 0..shards {
        match consumer.next().await.unwrap() {
            Event::Assigned { shard, checkpoint } => found.push((shard, checkpoint)),
            other => panic!("{other:?} before all shards were assigned"),
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Polls `next` once and drops it.
pub(crate) async fn touch(consumer: &mut dyn Consumer) -> Option<Event> {
    let mut next = consumer.next();
    std::future::poll_fn(|context| match next.as_mut().poll(context) {
        Poll::Ready(event) => Poll::Ready(Some(event.unwrap())),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

pub(crate) async fn append(producer: &dyn Producer, batch: Vec<Record>) {
    producer.append(batch, Route::ByKey).await.unwrap();
}
