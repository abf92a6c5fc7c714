//! What a consumer's successor may rely on.

use super::*;
use crate::{
    consumer::{ConsumeError, Pending},
    record::Position,
};

fn acknowledged(position: Position) -> Checkpoint {
    Checkpoint { acknowledged: Some(position), pending: None }
}

pub(crate) async fn a_checkpoint_is_where_a_successor_begins<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let mut engine = make(1, 1000);
    let shard = engine.shards()[0].clone();
    append(&*engine.producer(), numbered_batch("k", 0..10)).await;
    for (start, save, expected) in [(Start::Oldest, 3, 0), (Start::Newest, 7, 4), (Start::Oldest, 9, 8)] {
        let mut consumer = engine.consumer("reader", start);
        let found = take(&mut *consumer, 10 - expected).await;
        assert_eq!(number(&found[0]), expected);
        let checkpoint = acknowledged(found[save - expected].position);
        consumer.checkpointer().save(&shard, checkpoint.clone()).await.unwrap();
        drop(consumer);
        engine.restart().await;
        let mut successor = engine.consumer("reader", start);
        assert_eq!(assigned(&mut *successor, 1).await, [(shard.clone(), checkpoint)]);
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    assigned(&mut *consumer, 1).await;
    assert_eq!(touch(&mut *consumer).await, None);
    append(&*engine.producer(), numbered_batch("k", 10..11)).await;
    assert_eq!(take_numbers(&mut *consumer, 1).await, [10]);
}

pub(crate) async fn nothing_acknowledged_begins_again<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let mut engine = make(1, 1000);
    append(&*engine.producer(), numbered_batch("k", 0..10)).await;
    for _ in 0..2 {
        assert_eq!(take_numbers(&mut *engine.consumer("reader", Start::Oldest), 10).await.len(), 10);
        engine.restart().await;
    }
}

pub(crate) async fn pending_survives<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let mut engine = make(1, 1000);
    let shard = engine.shards()[0].clone();
    append(&*engine.producer(), numbered_batch("k", 0..10)).await;
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let places: Vec<_> = take(&mut *consumer, 10).await.iter().map(|r| r.position).collect();
    let pending = Pending { up_to: places[7], note: vec![b'n'; 1024].into() };
    let intended = Checkpoint { acknowledged: Some(places[4]), pending: Some(pending) };
    consumer.checkpointer().save(&shard, intended.clone()).await.unwrap();
    engine.restart().await;
    let mut successor = engine.consumer("reader", Start::Oldest);
    assert_eq!(assigned(&mut *successor, 1).await, [(shard.clone(), intended)]);
    // The intended work is read again: pending is not acknowledged.
    assert_eq!(take_numbers(&mut *successor, 5).await, [5, 6, 7, 8, 9]);
    let done = acknowledged(places[7]);
    successor.checkpointer().save(&shard, done.clone()).await.unwrap();
    engine.restart().await;
    let mut third = engine.consumer("reader", Start::Oldest);
    assert_eq!(assigned(&mut *third, 1).await, [(shard, done)]);
    assert_eq!(take_numbers(&mut *third, 2).await, [8, 9]);
}

pub(crate) async fn shards_are_checkpointed_alone<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let mut engine = make(2, 1000);
    let shards = engine.shards();
    for (shard, numbers) in shards.iter().zip([0..10, 10..20]) {
        let to = Route::Shard(shard.clone());
        engine.producer().append(numbered_batch("k", numbers), to).await.unwrap();
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let all = take(&mut *consumer, 20).await;
    let place = all.iter().find(|r| number(r) == 15).unwrap().position;
    consumer.checkpointer().save(&shards[1], acknowledged(place)).await.unwrap();
    engine.restart().await;
    let mut numbers = take_numbers(&mut *engine.consumer("reader", Start::Oldest), 14).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).chain(16..20).collect::<Vec<_>>());
}

pub(crate) async fn an_earlier_owner_cannot_save<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let shard = engine.shards()[0].clone();
    append(&*engine.producer(), numbered_batch("k", 0..10)).await;
    let mut earlier = engine.consumer("reader", Start::Oldest);
    let places: Vec<_> = take(&mut *earlier, 10).await.iter().map(|r| r.position).collect();
    let checkpointer = earlier.checkpointer();
    let waiting = tokio::spawn(async move { earlier.next().await });
    let mut owner = engine.consumer("reader", Start::Oldest);
    assert_eq!(waiting.await.unwrap().unwrap(), Event::Lost { shard: shard.clone() });
    let refused = checkpointer.save(&shard, acknowledged(places[9])).await;
    assert!(matches!(refused, Err(ConsumeError::NotOwner { .. })), "{refused:?}");
    assert_eq!(take_numbers(&mut *owner, 10).await.len(), 10);
    owner.checkpointer().save(&shard, acknowledged(places[4])).await.unwrap();
}
