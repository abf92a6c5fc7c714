//! Groups, frames, segments, the lock.

use super::*;
use crate::log::{OpenError, check, frame, segment};

#[tokio::test]
async fn a_lone_append_is_one_write_and_one_sync() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..1).await.unwrap();
    let (writes, syncs) = place.disk.calls();
    for number in 1..11 {
        append(&log, number..number + 1).await.unwrap();
    }
    assert_eq!(place.disk.calls(), (writes + 10, syncs + 10));
}

#[tokio::test]
async fn zeros_are_written_ahead_and_cut_when_the_segment_is_closed() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..1).await.unwrap();
    let length = || fs::metadata(&place.segments()[0]).unwrap().len();
    let (ahead, before) = (length(), log.facts()[0].bytes);
    assert!(ahead >= before + (64 << 10), "{ahead}");
    append(&log, 1..10).await.unwrap();
    assert_eq!(length(), ahead, "the frame replaces zeros");
    assert_eq!(check(&place.config.folder, "raw").unwrap().len(), 0, "which are no damage");
    append(&log, 10..10_000).await.unwrap();
    assert!(length() > ahead);
    // A process that is killed leaves them behind; the next one cuts them.
    place.disk.die();
    log.close().await;
    place.disk.revive();
    let bytes = log.facts()[0].bytes;
    assert!(length() > bytes);
    let log = place.open();
    assert_eq!((length(), everything(&log).await.len()), (bytes, 10_000));
    append(&log, 10_000..10_001).await.unwrap();
    log.close().await;
    assert_eq!(length(), bytes, "nothing stays behind the last frame");
    assert_eq!(everything(&place.open()).await.len(), 10_001);
}

#[tokio::test]
async fn appends_that_come_together_share_a_frame() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..1).await.unwrap();
    let (_, before) = place.disk.calls();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let producer = log.producer("raw");
            tokio::spawn(async move {
                for number in 0..20 {
                    producer.append(numbered_batch("k", number..number + 1), Route::ByKey).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (_, after) = place.disk.calls();
    // How many share one depends on how quick the disk is: without sharing each append is a sync.
    assert!(after - before < 64 * 20 / 2, "{} syncs for {} appends", after - before, 64 * 20);
    assert_eq!(everything(&log).await.len(), 1 + 64 * 20);
}

#[tokio::test]
async fn what_is_written_is_what_is_documented() {
    let place = Place::new();
    let log = place.open();
    let mut batch = numbered_batch("key", 7..9);
    batch[0].attributes = "at".into();
    let place_told = log.producer("raw").append(batch, Route::ByKey).await.unwrap();
    assert_eq!(place_told.last, [(shard(), 2.into())]);
    log.close().await;
    let file = &place.segments()[0];
    assert!(file.ends_with("log/raw/shardId-000000000000/00000000000000000001.seg"), "{}", file.display());
    let bytes = fs::read(file).unwrap();
    let salt = segment::parse_header(bytes[..16].try_into().unwrap()).unwrap();
    let mut expected = segment::header(salt).to_vec();
    let mut encoder = frame::Encoder::default();
    for mut record in numbered_batch("key", 7..9) {
        if encoder.count() == 0 {
            record.attributes = "at".into();
        }
        encoder.push(&record);
    }
    expected.extend_from_slice(encoder.finish(salt, 1, Timestamp::from_second(1_750_000_000).unwrap()));
    assert_eq!(bytes, expected);
}

#[tokio::test]
async fn segments_are_closed_at_their_size() {
    let place = Place::new().with(|config| config.segment_bytes = 4096);
    let log = place.open();
    for number in 0..200 {
        append(&log, number..number + 1).await.unwrap();
    }
    assert_eq!(everything(&log).await, (0..200).collect::<Vec<_>>());
    let facts = &log.facts()[0];
    log.close().await;
    let sizes: Vec<_> = place.segments().iter().map(|file| fs::metadata(file).unwrap().len()).collect();
    assert!(sizes.len() > 2 && sizes.iter().all(|bytes| *bytes <= 4096), "{sizes:?}");
    assert_eq!(facts.bytes, sizes.iter().sum::<u64>());
    assert_eq!((facts.shards[0].oldest, facts.shards[0].newest), (Some(1), Some(200)));
    assert_eq!(facts.shards[0].newest_arrival, Some(Timestamp::from_second(1_750_000_000).unwrap()));
}

#[tokio::test]
async fn a_large_batch_by_key_is_written_in_parts_and_to_a_shard_refused() {
    let place = Place::new();
    let log = place.open();
    let batch: Vec<_> = (0..20)
        .map(|number| {
            let mut record = numbered_batch("k", number..number + 1).remove(0);
            record.attributes = vec![0; 1_000_000].into();
            record
        })
        .collect();
    let producer = log.producer("raw");
    assert_eq!(producer.append(batch.clone(), Route::ByKey).await.unwrap().last, [(shard(), 20.into())]);
    match producer.append(batch, Route::Shard(shard())).await {
        Err(AppendError::TooLarge { index: 16, max: frame::MAX_BODY_BYTES, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(everything(&log).await, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_second_opener_is_told_who_holds_it() {
    let place = Place::new();
    let log = place.open();
    match Log::open(place.config.clone()).map(|_| ()) {
        Err(OpenError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    log.close().await;
    let again = place.open();
    drop(again);
    place.open();
}

#[tokio::test]
async fn a_shard_that_exists_stays_when_fewer_are_asked_for() {
    let place = Place::new().with(|config| config.streams[0].shards = 3);
    let third = ShardId::numbered(2);
    let log = place.open();
    log.producer("raw").append(numbered_batch("k", 0..1), Route::Shard(third.clone())).await.unwrap();
    drop(log);
    let place = place.with(|config| config.streams[0].shards = 1);
    let log = place.open();
    assert_eq!(log.shards("raw").len(), 3);
    let found = log.producer("raw").read_after(&third, None).await.unwrap().unwrap();
    assert_eq!(number(&found[0]), 0);
}

#[test]
fn impossible_configurations_are_refused() {
    type Change = fn(&mut LogConfig);
    let cases: [(&str, Change); 7] = [
        ("``", |config| config.streams[0].name = String::new()),
        ("`../x`", |config| config.streams[0].name = "../x".into()),
        ("`.x`", |config| config.streams[0].name = ".x".into()),
        ("two streams", |config| config.streams.push(StreamConfig::new("raw"))),
        ("0 shards", |config| config.streams[0].shards = 0),
        ("0 bytes", |config| config.max_record_bytes = 0),
        ("17000000 bytes", |config| config.max_record_bytes = 17_000_000),
    ];
    for (expected, change) in cases {
        let place = Place::new().with(change);
        let error = Log::open(place.config.clone()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
