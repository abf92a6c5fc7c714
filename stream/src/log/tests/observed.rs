//! What the observer is told.

use std::sync::Mutex;

use super::*;
use crate::log::{Done, Observer};

#[derive(Debug, Default)]
struct Seen {
    groups: u64,
    records: u64,
    bytes: u64,
    syncs: u64,
    refused: u64,
    stored: u64,
}

#[tokio::test]
async fn the_observer_sees_all_that_is_written_and_refused() {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let tell = seen.clone();
    let observer = Observer::new(move |done| {
        let mut seen = tell.lock().unwrap();
        match done {
            Done::Committed { stream: "raw", records, bytes } => {
                seen.groups += 1;
                seen.records += records;
                seen.bytes += bytes;
            }
            Done::Synced(_) => seen.syncs += 1,
            Done::Refused { stream: "raw", batches } => seen.refused += batches,
            Done::Stored { stream: "raw", bytes } => seen.stored = bytes,
            other => panic!("{other:?}"),
        }
    });
    let place = Place::new().with(|config| {
        config.streams[0].retention_bytes = Some(64 << 10);
        config.observer = observer;
    });
    let log = place.open();
    let _holds_everything_back = acknowledge(&log, "reader", 0).await;
    let mut taken = 0;
    while append(&log, taken..taken + 10).await.is_ok() {
        taken += 10;
    }
    let bytes = log.facts()[0].bytes;
    log.close().await;
    let seen = seen.lock().unwrap();
    let groups = taken as u64 / 10;
    assert_eq!((seen.groups, seen.records, seen.syncs), (groups, taken as u64, groups));
    assert_eq!((seen.refused, seen.stored), (1, bytes));
    assert!(seen.bytes > 0 && seen.bytes < bytes, "{seen:?}");
}
