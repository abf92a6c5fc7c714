//! One situation after the other.

use super::*;
use crate::{fallback::Fallback, memory::Memory};

/// The trouble that a spill states.
fn trouble(spill: &Spill) -> String {
    spill.health().borrow().trouble().map(|why| why.to_string()).unwrap_or_default()
}

#[tokio::test]
async fn direct_while_the_stream_takes_records() {
    let place = Place::new();
    let spill = place.open();
    assert!(spill.health().borrow().is_well());
    let appended = append(&spill, "a", 0..10).await.unwrap();
    assert_eq!(appended.last.len(), 1, "the stream's own places");
    assert_eq!((place.inner.appends(), place.taken("a").len()), (1, 10));
    let facts = spill.facts();
    assert_eq!((facts.spilling, facts.spilled, facts.waiting.records), (false, 0, 0));
    assert_eq!(facts.waiting.bytes, 0, "nothing is written");
}

#[tokio::test]
async fn refused_records_are_acknowledged_and_handed_on() {
    for mood in [Mood::Full, Mood::Lost, Mood::Hang] {
        let place = Place::new();
        let spill = place.open();
        place.inner.usually(mood);
        for start in [0, 10, 20] {
            assert_eq!(append(&spill, "a", start..start + 10).await.unwrap().last, []);
        }
        let facts = until(&spill, |facts| facts.oldest.is_some()).await;
        assert_eq!((facts.spilling, facts.waiting.records, facts.spilled), (true, 30, 30), "{mood:?}");
        assert!(facts.waiting.bytes > 30 && facts.trouble.is_some());
        assert!(trouble(&spill).starts_with("records wait in the spill: "), "{}", trouble(&spill));
        assert!(spill.read_after(&ShardId::numbered(0), None).await.unwrap().is_none(), "it cannot be told");
        assert_eq!(place.memory.records(), []);
        let appends = place.inner.appends();
        place.inner.usually(Mood::Take);
        let facts = until_direct(&spill).await;
        assert_eq!((facts.replayed, facts.oldest, facts.trouble), (30, None, None));
        assert_eq!(place.memory.records().len(), 30, "nothing twice");
        assert_eq!(place.taken("a"), (0..30).collect::<Vec<_>>());
        assert!(place.inner.appends() <= appends + 4, "together, not one by one");
        append(&spill, "a", 30..31).await.unwrap();
        assert!(spill.health().borrow().is_well());
        assert_eq!(spill.facts().spilled, 30);
    }
}

#[tokio::test]
async fn only_what_is_missing_is_spilled() {
    let place = Place::new();
    let spill = place.open();
    place.inner.plan(&[Mood::Part(4), Mood::Part(3), Mood::Full]);
    append(&spill, "a", 0..10).await.unwrap();
    let facts = until_direct(&spill).await;
    assert_eq!((facts.spilled, facts.replayed), (6, 6));
    assert_eq!(place.memory.records().len(), 10, "nothing twice");
    assert_eq!(place.taken("a"), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_left_is_handed_on_after_a_restart_first() {
    let place = Place::new();
    let spill = place.open();
    place.inner.usually(Mood::Full);
    append(&spill, "a", 0..10).await.unwrap();
    let left = spill.close().await;
    assert!(left.records == 10 && left.bytes > 0);
    assert!(matches!(append(&spill, "a", 10..11).await, Err(AppendError::Closed { .. })));
    assert!(!spill.health().borrow().is_well());
    drop(spill);

    let spill = place.open();
    assert_eq!(spill.facts().waiting.records, 10);
    assert!(!spill.health().borrow().is_well(), "before anything is appended");
    append(&spill, "a", 10..20).await.unwrap();
    place.inner.usually(Mood::Take);
    until_direct(&spill).await;
    assert_eq!(place.memory.records().len(), 20);
    assert_eq!(place.taken("a"), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_spill_is_bounded() {
    let mut place = Place::new();
    place.config.max_bytes = 100_000;
    let spill = place.open();
    place.inner.usually(Mood::Full);
    let mut taken = 0;
    let why = loop {
        match append(&spill, "a", taken..taken + 10).await {
            Ok(_) => taken += 10,
            Err(AppendError::Full { stream, why }) => {
                assert_eq!(stream, "raw");
                break why;
            }
            Err(other) => panic!("{other}"),
        }
        assert!(spill.facts().waiting.bytes <= 100_000);
    };
    assert!(why.contains("neither does its spill") && why.contains("100000 bytes"), "{why}");
    assert!(taken > 1000, "{taken}");
    let facts = spill.facts();
    assert_eq!((facts.waiting.records, facts.spilled), (taken as u64, taken as u64));
    assert!(facts.full.is_some() && trouble(&spill).contains("the spill takes no more"));
    assert!(append(&spill, "b", 0..10).await.is_err());
    place.inner.usually(Mood::Take);
    until_direct(&spill).await;
    assert!(place.inner.longest() <= place.config.batch_records);
    append(&spill, "a", taken..taken + 10).await.unwrap();
    assert_eq!(place.taken("a"), (0..taken + 10).collect::<Vec<_>>());
    assert!(place.taken("b").is_empty());
    assert!(spill.health().borrow().is_well());
    // And there is room again.
    place.inner.usually(Mood::Full);
    append(&spill, "a", taken + 10..taken + 20).await.unwrap();
}

#[tokio::test]
async fn what_can_never_be_taken_is_not_spilled() {
    let place = Place::new();
    let spill = place.open();
    let large = Record::new("a", vec![b'1'; 2000]);
    for mood in [Mood::Take, Mood::Full, Mood::Full] {
        place.inner.usually(mood);
        append(&spill, "a", 0..1).await.unwrap();
        match spill.append(vec![numbered("a", 1), large.clone()], Route::ByKey).await {
            Err(AppendError::TooLarge { index: 1, size: 2001, max: 1000 }) => {}
            other => panic!("{other:?}"),
        }
    }
    place.inner.usually(Mood::Take);
    until_direct(&spill).await;
    let nowhere = spill.append(vec![numbered("a", 1)], Route::Shard("nowhere".into())).await;
    assert!(matches!(nowhere, Err(AppendError::Interrupted { .. })), "{nowhere:?}");
    assert!(!spill.facts().spilling);
}

/// Spills ten small records, a large one that the stream takes no more afterwards, and ten small ones.
async fn with_a_large_one(place: &Place, inner: Arc<dyn Producer>) -> Spill {
    let spill = place.open_before(inner);
    place.inner.usually(Mood::Full);
    append(&spill, "a", 0..10).await.unwrap();
    spill.append(vec![Record::new("a", vec![b'1'; 500])], Route::ByKey).await.unwrap();
    append(&spill, "a", 10..20).await.unwrap();
    place.inner.take_at_most(400);
    place.inner.usually(Mood::Take);
    until_direct(&spill).await;
    assert_eq!(place.taken("a"), (0..20).collect::<Vec<_>>(), "it holds nobody up");
    spill
}

#[tokio::test]
async fn a_record_that_became_too_large_goes_elsewhere() {
    let place = Place::new();
    let bad = Memory::new("bad", 1);
    let turn = |record: &Record, why: &str| {
        vec![Record::new(record.key.clone(), format!("{why}: {}", record.data.len()))]
    };
    let moody = Moody::new(bad.producer());
    moody.plan(&[Mood::Full, Mood::Lost]);
    let spill = with_a_large_one(&place, Arc::new(Fallback::new(place.inner.clone(), moody, turn))).await;
    assert_eq!(spill.facts().refused, 0);
    let turned: Vec<_> =
        bad.records().iter().map(|r| String::from_utf8(r.record.data.to_vec()).unwrap()).collect();
    assert_eq!(turned.len(), 1);
    assert!(turned[0].ends_with("has 501 bytes, at most 400 are taken: 500"), "{}", turned[0]);
}

/// What is kept for a human.
async fn put_aside(place: &Place, spill: Spill) -> Vec<Record> {
    assert_eq!(spill.facts().refused, 1);
    spill.close().await;
    let log = Log::open(place.config.log.clone()).unwrap();
    let kept = log.producer(REFUSED).read_after(&ShardId::numbered(0), None).await.unwrap().unwrap();
    kept.into_iter().map(|kept| kept.record).collect()
}

#[tokio::test]
async fn a_record_that_nobody_takes_is_put_aside() {
    let bad = || Memory::new("bad", 1).with_max_record_bytes(100).producer();
    type Before = fn(Arc<Moody>, Arc<dyn Producer>) -> Arc<dyn Producer>;
    let before: [Before; 3] = [
        |stream, _| stream,
        |stream, bad| Arc::new(Fallback::new(stream, bad, |_, _| Vec::new())),
        |stream, bad| Arc::new(Fallback::new(stream, bad, |record, _| vec![record.clone()])),
    ];
    for before in before {
        let place = Place::new();
        let spill = with_a_large_one(&place, before(place.inner.clone(), bad())).await;
        assert_eq!(put_aside(&place, spill).await, [Record::new("a", vec![b'1'; 500])]);
    }
}

#[tokio::test]
async fn a_spilled_record_that_the_stream_rejects_holds_nobody_up() {
    for with_fallback in [false, true] {
        let place = Place::new();
        let bad = Memory::new("bad", 1);
        let turn = |record: &Record, why: &str| vec![Record::new(why.to_owned(), record.data.clone())];
        let spill = match with_fallback {
            true => place.open_before(Arc::new(Fallback::new(place.inner.clone(), bad.producer(), turn))),
            false => place.open(),
        };
        place.inner.usually(Mood::Full);
        append(&spill, "a", 0..10).await.unwrap();
        place.inner.plan(&[Mood::Full, Mood::Reject(4)]);
        place.inner.usually(Mood::Take);
        let facts = until_direct(&spill).await;
        let rest: Vec<_> = (0..10).filter(|number| *number != 4).collect();
        assert_eq!(place.taken("a"), rest, "in order, and nothing twice");
        assert_eq!(place.memory.records().len(), 9);
        let (key, kept) = match with_fallback {
            true => ("not such a one", bad.records().into_iter().map(|r| r.record).collect()),
            false => ("a", put_aside(&place, spill).await),
        };
        assert_eq!(facts.replayed, if with_fallback { 10 } else { 9 });
        assert_eq!(kept, [Record::new(key, numbered("a", 4).data)]);
    }
}

#[tokio::test]
async fn a_stream_that_keeps_time_is_waited_for() {
    let place = Place::new();
    place.inner.keeps_time();
    let spill = place.open();
    place.inner.plan(&[Mood::TakeLate]);
    append(&spill, "a", 0..10).await.unwrap();
    assert_eq!((spill.facts().spilled, place.memory.records().len()), (0, 10));
    place.inner.plan(&[Mood::Full, Mood::TakeLate]);
    append(&spill, "a", 10..20).await.unwrap();
    until_direct(&spill).await;
    assert_eq!(place.memory.records().len(), 20, "nothing twice");
}

#[tokio::test]
async fn a_batch_to_a_shard_stays_together() {
    let mut place = Place::new();
    place.config.batch_records = 3;
    let spill = place.open();
    let shard = place.memory.shards()[1].clone();
    place.inner.usually(Mood::Full);
    append(&spill, "a", 0..7).await.unwrap();
    spill.append(numbered_batch("b", 0..8), Route::Shard(shard.clone())).await.unwrap();
    place.inner.usually(Mood::Take);
    until_direct(&spill).await;
    assert_eq!((place.inner.longest(), place.taken("b").len()), (8, 8));
    let read = spill.read_after(&shard, None).await.unwrap().unwrap();
    assert_eq!(read.iter().filter(|r| r.record.key == "b").count(), 8);
}

#[tokio::test]
async fn health_is_the_streams_own_while_direct() {
    let place = Place::new();
    place.inner.health.state(Health::unreached("no stream raw"));
    let spill = place.open();
    let mut health = spill.health();
    assert_eq!(*health.borrow(), Health::unreached("no stream raw"));
    place.inner.health.state(Health::Well);
    within_reason_of(health.wait_for(Health::is_well)).await.unwrap();
    place.inner.health.state(Health::refusing("throttled"));
    within_reason_of(health.wait_for(|health| *health == Health::refusing("throttled"))).await.unwrap();
}

#[tokio::test]
async fn a_closed_stream_is_told() {
    let place = Place::new();
    let spill = place.open();
    place.memory.close();
    assert!(matches!(append(&spill, "a", 0..1).await, Err(AppendError::Closed { .. })));
    assert_eq!(within_reason_of(spill.close()).await.records, 0);
}

#[tokio::test]
async fn closing_waits_for_nobody() {
    let place = Place::new();
    let spill = place.open();
    place.inner.usually(Mood::Hang);
    append(&spill, "a", 0..10).await.unwrap();
    assert_eq!(within_reason_of(spill.close()).await.records, 10);
    assert!(place.folder.path().join("spill/waiting").is_dir());
}

#[tokio::test]
async fn two_do_not_share_a_folder() {
    let place = Place::new();
    let _first = place.open();
    let second = Spill::open(place.config.clone(), place.inner.clone());
    assert!(matches!(second.err(), Some(OpenError::Held { .. })));
}
