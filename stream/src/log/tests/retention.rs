//! What goes, what stays, who holds it.

use super::*;
use crate::{health::Health, log::WhenFull};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn fill(log: &Log, numbers: Range<usize>) -> Result<(), AppendError> {
    for number in numbers {
        append(log, number..number + 1).await?;
    }
    Ok(())
}

/// Appends until refused; returns the number of the first refused record.
async fn fill_up(log: &Log, from: usize) -> (usize, String) {
    for number in from..from + 10_000 {
        match append(log, number..number + 1).await {
            Ok(_) => {}
            Err(AppendError::Full { why, .. }) => return (number, why),
            Err(other) => panic!("{other}"),
        }
    }
    panic!("never full");
}

#[tokio::test]
async fn old_segments_go_when_everybody_has_acknowledged_them() {
    let place = Place::new().with(|config| {
        config.segment_bytes = 4096;
        config.streams[0].retention_age = Some(DAY);
    });
    let log = place.open();
    fill(&log, 0..300).await.unwrap();
    let before = place.segments();
    assert!(before.len() > 2);
    let first_of_second = before[1].file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let _fast = acknowledge(&log, "fast", 300).await;
    let _slow = acknowledge(&log, "slow", first_of_second - 2).await;
    place.later(DAY * 2);
    append(&log, 300..301).await.unwrap();
    assert_eq!(place.segments()[0], before[0], "`slow` has not acknowledged its last record");
    let _slow = acknowledge(&log, "slow", first_of_second - 1).await;
    place.later(DAY);
    append(&log, 301..302).await.unwrap();
    assert_eq!(place.segments()[0], before[1]);
    assert_eq!(everything(&log).await, (first_of_second as usize - 1..302).collect::<Vec<_>>());
    let _slow = acknowledge(&log, "slow", 300).await;
    place.later(DAY);
    append(&log, 302..303).await.unwrap();
    assert_eq!(everything(&log).await, [300, 301, 302]);
}

#[tokio::test]
async fn a_checkpoint_of_an_earlier_process_holds_back_too() {
    let place = Place::new().with(|config| {
        config.segment_bytes = 4096;
        config.streams[0].retention_age = Some(DAY);
    });
    let log = place.open();
    fill(&log, 0..300).await.unwrap();
    drop(acknowledge(&log, "absent", 1).await);
    log.close().await;
    // Of older segments an opener knows only when the file was changed.
    let written = place.config.clock.as_ref()().into();
    for file in place.segments() {
        fs::File::options().write(true).open(file).unwrap().set_modified(written).unwrap();
    }
    place.later(DAY * 2);
    let log = place.open();
    append(&log, 300..301).await.unwrap();
    assert_eq!(everything(&log).await.len(), 301);
    assert!(log.forget("raw", "absent").unwrap());
    assert!(!log.forget("raw", "absent").unwrap());
    place.later(DAY * 2);
    append(&log, 301..302).await.unwrap();
    assert_eq!(everything(&log).await, [301]);
    assert_eq!(log.facts()[0].consumers, []);
}

#[tokio::test]
async fn the_size_limit_refuses_while_a_consumer_is_behind() {
    let place = Place::new().with(|config| config.streams[0].retention_bytes = Some(50_000));
    let log = place.open();
    let slow = log.consumer("raw", "slow", Start::Oldest);
    let (refused, why) = fill_up(&log, 0).await;
    assert!(why.contains("50000 bytes") && why.contains("`slow`"), "{why}");
    assert_eq!(log.facts()[0].full, Some(why.clone()));
    let mut health = log.producer("raw").health();
    assert_eq!(*health.borrow_and_update(), Health::refusing(why));
    assert!((40_000..=50_000).contains(&log.facts()[0].bytes));
    assert_eq!(everything(&log).await, (0..refused).collect::<Vec<_>>(), "nothing was dropped");
    let done = Checkpoint { acknowledged: Some((refused as u64).into()), pending: None };
    log.trim().await;
    assert!(!health.has_changed().unwrap(), "nothing has become better");
    slow.checkpointer().save(&shard(), done).await.unwrap();
    // Nobody appends, and yet it is found out.
    health.wait_for(Health::is_well).await.unwrap();
    assert_eq!(log.facts()[0].full, None);
    fill(&log, refused..refused + 300).await.unwrap();
    assert_eq!(log.facts()[0].full, None);
    assert_eq!(everything(&log).await.last(), Some(&(refused + 299)));
    assert!(log.facts()[0].bytes <= 50_000);
}

#[tokio::test]
async fn the_size_limit_drops_where_the_operator_chose_so_or_nobody_reads() {
    for (when_full, reader) in [(WhenFull::Drop, true), (WhenFull::Refuse, false), (WhenFull::Drop, false)] {
        let place = Place::new().with(|config| {
            config.streams[0].retention_bytes = Some(50_000);
            config.streams[0].when_full = when_full;
        });
        let log = place.open();
        let slow = reader.then(|| log.consumer("raw", "slow", Start::Oldest));
        fill(&log, 0..2000).await.unwrap();
        let kept = everything(&log).await;
        assert!(kept[0] > 0 && kept.iter().copied().eq(kept[0]..2000), "the newest, without gaps");
        if let Some(mut slow) = slow {
            assert_eq!(crate::conformance::take_numbers(&mut *slow, kept.len()).await, kept);
        }
    }
}

#[tokio::test]
async fn the_limit_of_the_whole_log_takes_what_is_delivered_and_then_refuses() {
    let place = Place::new().with(|config| {
        config.max_bytes = Some(60_000);
        config.streams.push(StreamConfig::new("bad"));
    });
    let log = place.open();
    let _reader = acknowledge(&log, "reader", 0).await;
    let (refused, why) = fill_up(&log, 0).await;
    assert!(why.contains("60000 bytes"), "{why}");
    let bad = log.producer("bad");
    let refused_too = bad.append(numbered_batch("k", 0..1), Route::ByKey).await;
    assert!(matches!(refused_too, Err(AppendError::Full { .. })), "{refused_too:?}");
    let _reader = acknowledge(&log, "reader", refused as u64).await;
    // Room in one stream is room for the other.
    bad.append(numbered_batch("k", 0..1), Route::ByKey).await.unwrap();
    fill(&log, refused..refused + 50).await.unwrap();
    assert!(log.facts().iter().map(|facts| facts.bytes).sum::<u64>() <= 60_000);
}

#[tokio::test]
async fn what_nobody_has_read_is_not_taken_for_room() {
    let place = Place::new().with(|config| config.max_bytes = Some(60_000));
    let log = place.open();
    let (refused, _) = fill_up(&log, 0).await;
    assert_eq!(everything(&log).await, (0..refused).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_of_removed_records_goes_on_at_the_oldest() {
    let place = Place::new().with(|config| config.streams[0].retention_bytes = Some(50_000));
    let log = place.open();
    fill(&log, 0..100).await.unwrap();
    let mut replaying = log.consumer("raw", "replaying", Start::Oldest);
    replaying
        .checkpointer()
        .save(&shard(), Checkpoint { acknowledged: Some(u64::MAX.into()), pending: None })
        .await
        .unwrap();
    replaying.seek(&shard(), Some(10.into())).await.unwrap();
    fill(&log, 100..3000).await.unwrap();
    let kept = everything(&log).await;
    assert_eq!(crate::conformance::take_numbers(&mut *replaying, kept.len()).await, kept);
}

#[tokio::test]
async fn a_quiet_stream_forgets_too() {
    let place = Place::new().with(|config| config.streams[0].retention_age = Some(DAY));
    let log = place.open();
    fill(&log, 0..10).await.unwrap();
    place.later(DAY * 2);
    log.trim().await;
    assert_eq!(everything(&log).await, Vec::<usize>::new());
    assert_eq!(append(&log, 10..11).await.unwrap().last, [(shard(), 11.into())]);
    assert_eq!(everything(&log).await, [10]);
}
