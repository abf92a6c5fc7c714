//! One planned fault after the other; the same handles go on afterwards.

use super::{faulty::Fault, *};

/// What the append that meets the faults gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Durable,
    Full,
    Interrupted,
}

/// Ten records, then the faults, then more: first on a segment that is open already, then in one that has to be begun.
async fn check(faults: &[Fault], expected: Expected) {
    for begins in [false, true] {
        let place = Place::new();
        let log = place.open();
        let mut consumer = log.consumer("raw", "reader", Start::Oldest);
        append(&log, 0..10).await.unwrap();
        let log = if begins {
            log.close().await;
            let log = place.open();
            consumer = log.consumer("raw", "reader", Start::Oldest);
            log
        } else {
            log
        };
        place.disk.plan(faults);
        let got = append(&log, 10..20).await;
        let outcome = match &got {
            Ok(_) => Expected::Durable,
            Err(AppendError::Full { .. }) => Expected::Full,
            Err(AppendError::Interrupted { .. }) => Expected::Interrupted,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(log.facts()[0].full.is_some(), outcome == Expected::Full);
        let health = log.producer("raw").health();
        assert_eq!(health.borrow().is_well(), outcome == Expected::Durable);
        // What only happens to an open segment, or only to one that is begun, is not met by the other.
        let met = place.disk.planned() == 0;
        place.disk.heal();
        log.trim().await;
        assert!(health.borrow().is_well(), "asked again");
        if !begins {
            assert_eq!(outcome, expected, "{faults:?}: {got:?}");
            assert!(met);
        }
        let mut durable: Vec<usize> = (0..10).collect();
        if outcome == Expected::Durable {
            durable.extend(10..20);
        }
        append(&log, 20..30).await.unwrap();
        durable.extend(20..30);
        assert_eq!(log.facts()[0].full, None);
        assert_eq!(
            crate::conformance::take_numbers(&mut *consumer, durable.len()).await,
            durable,
            "{faults:?}"
        );
        assert_eq!(everything(&log).await, durable);
        // Twice: closed as it should be, and without power.
        for _ in 0..2 {
            place.disk.die();
            log.close().await;
            place.disk.power_cut();
            let again = place.open();
            assert_eq!(everything(&again).await, durable, "{faults:?} after reopening");
            again.close().await;
        }
    }
}

#[tokio::test]
async fn a_short_write_is_continued() {
    check(&[Fault::ShortWrite], Expected::Durable).await;
    check(&[Fault::ShortWrite, Fault::ShortWrite, Fault::ShortWrite], Expected::Durable).await;
}

#[tokio::test]
async fn a_full_disk_refuses_and_leaves_nothing() {
    check(&[Fault::WriteFull], Expected::Full).await;
    check(&[Fault::ShortWrite, Fault::WriteFull], Expected::Full).await;
}

#[tokio::test]
async fn a_full_disk_whose_file_cannot_be_cut_gives_the_segment_up() {
    check(&[Fault::WriteFull, Fault::CutError], Expected::Interrupted).await;
}

#[tokio::test]
async fn a_failed_write_gives_the_segment_up() {
    check(&[Fault::WriteError], Expected::Interrupted).await;
    check(&[Fault::WriteError, Fault::CutError], Expected::Interrupted).await;
}

#[tokio::test]
async fn a_failed_sync_gives_the_segment_up() {
    check(&[Fault::SyncError], Expected::Interrupted).await;
    check(&[Fault::SyncFull], Expected::Interrupted).await;
}

#[tokio::test]
async fn a_frame_that_cannot_be_cut_away_does_not_count() {
    check(&[Fault::SyncError, Fault::CutError], Expected::Interrupted).await;
}

#[tokio::test]
async fn a_failed_sync_is_never_made_good_by_a_later_one() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    place.disk.plan(&[Fault::SyncError]);
    append(&log, 10..20).await.unwrap_err();
    assert_eq!(append(&log, 20..30).await.unwrap().last, [(shard(), 20.into())]);
    let names: Vec<_> = place.segments().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["00000000000000000001.seg", "00000000000000000011.seg"]);
}

#[tokio::test]
async fn a_segment_whose_name_is_not_durable_is_not_used() {
    let place = Place::new();
    let log = place.open();
    place.disk.plan(&[Fault::FolderError]);
    append(&log, 0..10).await.unwrap_err();
    place.disk.plan(&[Fault::SyncError]);
    append(&log, 0..10).await.unwrap_err();
    assert_eq!(append(&log, 0..10).await.unwrap().last, [(shard(), 10.into())]);
    // The first frame of a segment fails: another file takes the same name.
    place.disk.plan(&[Fault::SyncError]);
    append(&log, 10..20).await.unwrap_err();
    place.disk.plan(&[Fault::SyncError]);
    append(&log, 10..20).await.unwrap_err();
    append(&log, 20..30).await.unwrap();
    assert_eq!(everything(&log).await, (0..10).chain(20..30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_checkpoint_that_is_not_durable_is_not_told() {
    let place = Place::new();
    let log = place.open();
    append(&log, 0..10).await.unwrap();
    let consumer = acknowledge(&log, "reader", 3).await;
    let save = |sequence: u64| Checkpoint { acknowledged: Some(sequence.into()), pending: None };
    for fault in [Fault::WriteFull, Fault::SyncError, Fault::FolderError] {
        place.disk.plan(&[fault]);
        consumer.checkpointer().save(&shard(), save(7)).await.unwrap_err();
        assert_eq!(log.facts()[0].consumers[0].acknowledged, Some(3.into()), "{fault:?}");
    }
    consumer.checkpointer().save(&shard(), save(8)).await.unwrap();
    assert_eq!(
        (log.facts()[0].consumers[0].acknowledged, log.facts()[0].consumers[0].lag),
        (Some(8.into()), 2)
    );
    place.disk.die();
    log.close().await;
    place.disk.power_cut();
    assert_eq!(place.open().facts()[0].consumers[0].acknowledged, Some(8.into()));
}
