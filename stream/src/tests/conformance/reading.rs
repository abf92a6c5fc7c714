//! What a consumer may rely on.

use super::*;

pub(crate) async fn assigned_comes_first<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(3, 1000);
    let batch = (0..30).map(|n| numbered(&format!("key {n}"), n)).collect();
    append(&*engine.producer(), batch).await;
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let found = assigned(&mut *consumer, 3).await;
    assert_eq!(found.iter().map(|(shard, _)| shard.clone()).collect::<Vec<_>>(), engine.shards());
    assert!(found.iter().all(|(_, checkpoint)| *checkpoint == Checkpoint::default()));
    let mut numbers = take_numbers(&mut *consumer, 30).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
}

pub(crate) async fn readers_are_independent<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let producer = engine.producer();
    append(&*producer, numbered_batch("k", 0..10)).await;
    let mut one = engine.consumer("one", Start::Oldest);
    assert_eq!(take_numbers(&mut *one, 10).await, (0..10).collect::<Vec<_>>());
    let mut two = engine.consumer("two", Start::Oldest);
    append(&*producer, numbered_batch("k", 10..20)).await;
    assert_eq!(take(&mut *two, 20).await.iter().map(number).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    assert_eq!(take_numbers(&mut *one, 10).await, (10..20).collect::<Vec<_>>());
}

pub(crate) async fn newest_sees_only_what_follows<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let mut engine = make(1, 1000);
    append(&*engine.producer(), numbered_batch("k", 0..5)).await;
    drop(engine.consumer("late", Start::Newest));
    append(&*engine.producer(), numbered_batch("k", 5..8)).await;
    // It has begun when it was first opened, not when it first saved.
    engine.restart().await;
    let mut consumer = engine.consumer("late", Start::Newest);
    assert_eq!(take_numbers(&mut *consumer, 3).await, [5, 6, 7]);
}

pub(crate) async fn a_waiting_reader_is_woken<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 1000);
    let (producer, mut consumer) = (engine.producer(), engine.consumer("reader", Start::Oldest));
    let (sent, mut answers) = tokio::sync::mpsc::channel(1);
    let reading = tokio::spawn(async move {
        for _ in 0..100 {
            let found = take_numbers(&mut *consumer, 1).await;
            sent.send(found).await.unwrap();
        }
    });
    for number in 0..100 {
        append(&*producer, vec![numbered(&format!("{number}"), number)]).await;
        assert_eq!(answers.recv().await, Some(vec![number]));
    }
    reading.await.unwrap();
}

pub(crate) async fn next_can_be_dropped<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 2_000_000);
    let (producer, mut consumer) = (engine.producer(), engine.consumer("reader", Start::Oldest));
    let appending = tokio::spawn(async move {
        for number in 0..60 {
            let mut record = numbered(&format!("{number}"), number);
            // Some are so large that reading them takes more than one step.
            record.attributes = vec![0; if number % 10 == 0 { 1_500_000 } else { 10 }].into();
            append(&*producer, vec![record]).await;
        }
    });
    let mut seen = Vec::new();
    while seen.len() < 60 {
        // A poll that is dropped at once, again and again, in between others.
        match touch(&mut *consumer).await {
            Some(Event::Records(batch)) => seen.extend(batch.records.iter().map(number)),
            Some(_) => {}
            None => tokio::task::yield_now().await,
        }
    }
    appending.await.unwrap();
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}

pub(crate) async fn all_shards_are_read<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(3, 100_000);
    let (producer, shards) = (engine.producer(), engine.shards());
    // Far more than one read brings in the first two, little in the third.
    for (shard, count) in [(0, 40), (1, 40), (2, 1)] {
        for number in 0..count {
            let mut record = numbered("k", number);
            record.attributes = vec![0; 50_000].into();
            producer.append(vec![record], Route::Shard(shards[shard].clone())).await.unwrap();
        }
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    assigned(&mut *consumer, 3).await;
    let (mut seen, mut batches) = (vec![0; 3], 0);
    while seen != [40, 40, 1] {
        let Event::Records(batch) = consumer.next().await.unwrap() else { panic!("records were expected") };
        let index = shards.iter().position(|shard| *shard == batch.shard).unwrap();
        assert_eq!(number(&batch.records[0]), seen[index], "in order");
        seen[index] += batch.records.len();
        batches += 1;
        assert!(
            batches > 3 || seen.iter().filter(|count| **count > 0).count() == batches,
            "in turn: {seen:?}"
        );
    }
}

/// Whether an engine leaves an unwanted shard alone or goes on delivering it, nothing is lost, doubled or out of order.
pub(crate) async fn what_is_not_wanted_holds_up_nothing<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(2, 100_000);
    let (producer, shards) = (engine.producer(), engine.shards());
    let mut consumer = engine.consumer("reader", Start::Oldest);
    assigned(&mut *consumer, 2).await;
    let mut seen = [0; 2];
    for (round, wanted) in [false, true, false, true].into_iter().enumerate() {
        consumer.want(&shards[0], wanted);
        for shard in &shards {
            let batch = numbered_batch("k", round * 10..(round + 1) * 10);
            producer.append(batch, Route::Shard(shard.clone())).await.unwrap();
        }
        let end = (round + 1) * 10;
        while seen[1] < end || (wanted && seen[0] < end) {
            let Event::Records(batch) = consumer.next().await.unwrap() else {
                panic!("records were expected")
            };
            let index = shards.iter().position(|shard| *shard == batch.shard).unwrap();
            for record in &batch.records {
                assert_eq!(number(record), seen[index], "in order");
                seen[index] += 1;
            }
        }
    }
}

pub(crate) async fn seek_goes_anywhere<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let (producer, shard) = (engine.producer(), engine.shards()[0].clone());
    for number in 0..100 {
        append(&*producer, vec![numbered("k", number)]).await;
    }
    let mut consumer = engine.consumer("reader", Start::Oldest);
    let places: Vec<_> = take(&mut *consumer, 100).await.iter().map(|r| r.position).collect();
    for (after, first) in [(Some(places[49]), 50), (None, 0), (Some(places[98]), 99), (Some(places[0]), 1)] {
        consumer.seek(&shard, after).await.unwrap();
        let numbers = take_numbers(&mut *consumer, 100 - first).await;
        assert_eq!(numbers, (first..100).collect::<Vec<_>>());
    }
    consumer.seek(&shard, Some(places[99])).await.unwrap();
    assert_eq!(touch(&mut *consumer).await, None);
    append(&*producer, vec![numbered("k", 100)]).await;
    assert_eq!(take_numbers(&mut *consumer, 1).await, [100]);
    // Before anything was read, too.
    let mut other = engine.consumer("other", Start::Oldest);
    assigned(&mut *other, 1).await;
    other.seek(&shard, Some(places[97])).await.unwrap();
    assert_eq!(take_numbers(&mut *other, 3).await, [98, 99, 100]);
}

pub(crate) async fn seek_beyond_the_end_is_an_error<E: Engine>(make: impl Fn(u32, usize) -> E) {
    let engine = make(1, 1000);
    let shard = engine.shards()[0].clone();
    append(&*engine.producer(), numbered_batch("k", 0..5)).await;
    let mut consumer = engine.consumer("reader", Start::Oldest);
    // A destination that has seen more than this stream ever held was fed by another one.
    for place in [1_000_000, u64::MAX] {
        let refused = consumer.seek(&shard, Some(place.into())).await.unwrap_err().to_string();
        assert!(refused.contains("log"), "{refused}");
    }
    assert_eq!(take_numbers(&mut *consumer, 5).await, [0, 1, 2, 3, 4]);
}
