//! The disk loses its power at every step in turn.

use super::*;
use crate::log::tests::faulty::FaultyDisk;

/// One step of a scenario: the stream's mood, and an append of ten records.
const SCENARIO: [Mood; 6] = [Mood::Take, Mood::Full, Mood::Take, Mood::Lost, Mood::Full, Mood::Take];

/// Goes through the scenario with a disk that dies after `calls`, and finds everything that was acknowledged after the
/// restart. False if the disk has outlived it.
async fn check(calls: usize) -> bool {
    let mut place = Place::new();
    let disk = FaultyDisk::default();
    place.config.log.disk = Arc::new(disk.clone());
    place.config.batch_records = 7;
    let spill = place.open();
    disk.die_after(calls);
    let mut acknowledged: HashMap<&str, Vec<usize>> = HashMap::new();
    for (step, mood) in SCENARIO.into_iter().enumerate() {
        place.inner.usually(mood);
        for key in ["a", "b"] {
            let numbers = step * 10..step * 10 + 10;
            if append(&spill, key, numbers.clone()).await.is_ok() {
                acknowledged.entry(key).or_default().extend(numbers);
            }
        }
        if mood == Mood::Take {
            until(&spill, |facts| disk.is_dead() || !facts.spilling).await;
        }
    }
    let died = disk.is_dead();
    disk.die();
    spill.close().await;
    disk.power_cut();
    let spill = place.open();
    until_direct(&spill).await;
    let records = place.memory.records();
    for (key, expected) in acknowledged {
        let mut found = place.taken(key);
        // What was refused may have been taken all the same; it was not promised.
        found.retain(|number| expected.contains(number));
        assert_eq!(found, expected, "key {key}, {calls} calls");
    }
    // Around the crash one batch, at most, was on its way for each of the failed attempts.
    let twice = records.len() - ["a", "b"].map(|key| place.taken(key).len()).iter().sum::<usize>();
    assert!(twice <= 7, "{twice} records twice, {calls} calls");
    died
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_at_any_step() {
    let mut calls = 0;
    while check(calls).await {
        calls += 1;
    }
    assert!(calls > 20, "the scenario has only {calls} steps");
}
