//! What a producer may rely on.

use std::task::Poll;

use super::*;
use crate::{
    consumer::ConsumeError,
    producer::{AppendError, shard_of},
    record::Position,
};

pub(crate) async fn records_of_a_key_keep_their_order<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(4, 1000);
    let producer = engine.producer();
    for number in 0..200 {
        append(&*producer, vec![numbered("a", number), numbered("b", number)]).await;
        append(&*producer, vec![numbered(&format!("other {number}"), number)]).await;
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let all = take(&mut *consumer, 600).await;
    for key in ["a", "b"] {
        let numbers: Vec<_> = all.iter().filter(|r| r.record.key == key).map(number).collect();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>(), "{key}");
    }
}

pub(crate) async fn a_batch_to_a_shard_is_one_run<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 1000);
    let (producer, shard) = (engine.producer(), engine.shards()[1].clone());
    let batches = 0..20;
    let appends = batches.clone().map(|batch| {
        let (producer, shard) = (producer.clone(), shard.clone());
        tokio::spawn(async move {
            let records = (0..50).map(|n| numbered(&format!("{batch}/{n}"), n)).collect();
            producer.append(records, Route::Shard(shard)).await.unwrap()
        })
    });
    for appended in appends.collect::<Vec<_>>() {
        let last = appended.await.unwrap().last;
        assert_eq!(last.len(), 1);
        assert_eq!(last[0].0, shard);
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let all = take(&mut *consumer, 50 * batches.len()).await;
    // Whole batches one after the other, never mixed.
    for run in all.chunks(50) {
        let first = run[0].record.key.clone();
        let batch = std::str::from_utf8(&first).unwrap().split('/').next().unwrap();
        let keys: Vec<_> = run.iter().map(|r| String::from_utf8(r.record.key.to_vec()).unwrap()).collect();
        assert_eq!(keys, (0..50).map(|n| format!("{batch}/{n}")).collect::<Vec<_>>());
    }
}

pub(crate) async fn an_empty_batch_is_nothing<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let producer = engine.producer();
    for route in [Route::ByKey, Route::Shard(engine.shards()[0].clone())] {
        assert_eq!(producer.append(Vec::new(), route).await.unwrap().last, Vec::new());
    }
    append(&*producer, numbered_batch("k", 0..1)).await;
    assert_eq!(take_numbers(&mut *engine.consumer("reader", Start::Oldest), 1).await, [0]);
}

pub(crate) async fn last_places_are_told_per_shard<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(3, 1000);
    let (producer, shards) = (engine.producer(), engine.shards());
    let batch: Vec<_> = (0..30).map(|n| numbered(&format!("key {n}"), n)).collect();
    let mut last = producer.append(batch.clone(), Route::ByKey).await.unwrap().last;
    last.sort();
    let mut consumer = engine.consumer("reader", Start::Oldest);
    assigned(&mut *consumer, 3).await;
    let mut seen: Vec<(ShardId, Position)> = Vec::new();
    let mut count = 0;
    while count < 30 {
        let Event::Records(found) = consumer.next().await.unwrap() else { panic!("records were expected") };
        count += found.records.len();
        let place = found.records.last().unwrap().position;
        for delivered in &found.records {
            assert_eq!(shards[shard_of(&delivered.record.key, 3)], found.shard);
        }
        seen.retain(|(shard, _)| *shard != found.shard);
        seen.push((found.shard, place));
    }
    seen.sort();
    assert_eq!(last, seen);
    assert_eq!(seen.len(), 3, "thirty keys meet every one of three shards");
}

pub(crate) async fn too_large_is_refused_whole<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 100);
    let producer = engine.producer();
    assert_eq!(producer.max_record_bytes(), 100);
    let mut large = Record::new("key", vec![0; 90]);
    large.attributes = vec![0; 8].into();
    let batch = vec![numbered("k", 0), large.clone()];
    match producer.append(batch, Route::ByKey).await.unwrap_err() {
        AppendError::TooLarge { index: 1, size: 101, max: 100 } => {}
        other => panic!("{other:?}"),
    }
    large.attributes.truncate(7);
    append(&*producer, vec![large.clone()]).await;
    assert_eq!(take(&mut *engine.consumer("reader", Start::Oldest), 1).await[0].record, large);
}

pub(crate) async fn keys_and_attributes_survive<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 100_000);
    let producer = engine.producer();
    let records = vec![
        Record { key: "k\u{e9}y".into(), attributes: vec![0, 1, 255].into(), data: vec![7; 99_000].into() },
        Record::default(),
        Record { key: Bytes::new(), attributes: vec![1].into(), data: Bytes::new() },
        Record::new("", vec![0]),
    ];
    append(&*producer, records.clone()).await;
    let found = take(&mut *engine.consumer("reader", Start::Oldest), 4).await;
    assert_eq!(found.iter().map(|r| r.record.clone()).collect::<Vec<_>>(), records);
}

pub(crate) async fn an_unknown_shard_is_an_error<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let (producer, nowhere) = (engine.producer(), ShardId::numbered(9));
    assert!(producer.append(numbered_batch("k", 0..1), Route::Shard(nowhere.clone())).await.is_err());
    assert!(producer.read_after(&nowhere, None).await.is_err());
    assert!(engine.consumer("reader", Start::Oldest).seek(&nowhere, None).await.is_err());
}

pub(crate) async fn concurrent_producers_lose_nothing<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 1000);
    let tasks = (0..32).map(|task| {
        let producer = engine.producer();
        tokio::spawn(async move {
            for n in 0..25 {
                append(&*producer, vec![numbered(&format!("{task}"), n)]).await;
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let all = take(&mut *consumer, 32 * 25).await;
    for task in 0..32 {
        let key = task.to_string();
        let numbers: Vec<_> = all.iter().filter(|r| r.record.key == key).map(number).collect();
        assert_eq!(numbers, (0..25).collect::<Vec<_>>(), "producer {task}");
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(touch(&mut *consumer).await, None, "nothing twice");
}

pub(crate) async fn a_dropped_append_disturbs_nobody<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let producer = engine.producer();
    for number in 0..20 {
        let mut dropped = producer.append(vec![numbered("dropped", number)], Route::ByKey);
        std::future::poll_fn(|context| {
            let _either_way = dropped.as_mut().poll(context);
            Poll::Ready(())
        })
        .await;
        drop(dropped);
        append(&*producer, vec![numbered("kept", number)]).await;
    }
    let all = producer.read_after(&engine.shards()[0], None).await.unwrap().unwrap();
    let kept: Vec<_> = all.iter().filter(|r| r.record.key == "kept").map(number).collect();
    assert_eq!(kept, (0..20).collect::<Vec<_>>());
}

pub(crate) async fn read_after_finds_the_rest<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 1000);
    let (producer, shards) = (engine.producer(), engine.shards());
    let to = || Route::Shard(shards[0].clone());
    let Some(nothing) = producer.read_after(&shards[0], None).await.unwrap() else { return };
    assert_eq!(nothing, Vec::new());
    let first = producer.append(numbered_batch("k", 0..10), to()).await.unwrap().last[0].1;
    producer.append(numbered_batch("k", 10..15), Route::Shard(shards[1].clone())).await.unwrap();
    let last = producer.append(numbered_batch("k", 15..18), to()).await.unwrap().last[0].1;
    for (after, expected) in
        [(None, [0..10, 15..18]), (Some(first), [15..18, 0..0]), (Some(last), [0..0, 0..0])]
    {
        let found = producer.read_after(&shards[0], after).await.unwrap().unwrap();
        let expected: Vec<_> = expected.into_iter().flatten().collect();
        assert_eq!(found.iter().map(number).collect::<Vec<_>>(), expected, "after {after:?}");
    }
    let inside = producer.read_after(&shards[0], None).await.unwrap().unwrap()[4].position;
    let found = producer.read_after(&shards[0], Some(inside)).await.unwrap().unwrap();
    assert_eq!(found.iter().map(number).collect::<Vec<_>>(), (5..10).chain(15..18).collect::<Vec<_>>());
}

pub(crate) async fn closed_refuses_and_readers_finish<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let producer = engine.producer();
    append(&*producer, numbered_batch("k", 0..3)).await;
    let mut waiting = engine.consumer("waiting", Start::Newest);
    assigned(&mut *waiting, 1).await;
    let waiting = tokio::spawn(async move { waiting.next().await });
    engine.close().await;
    let refused = producer.append(numbered_batch("k", 3..4), Route::ByKey).await;
    assert!(matches!(refused, Err(AppendError::Closed { .. })), "{refused:?}");
    assert!(matches!(waiting.await.unwrap(), Err(ConsumeError::Closed { .. })));
    let mut consumer = engine.consumer("reader", Start::Oldest);
    assert_eq!(take_numbers(&mut *consumer, 3).await, [0, 1, 2]);
    assert!(matches!(consumer.next().await, Err(ConsumeError::Closed { .. })));
}
