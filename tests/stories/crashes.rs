//! A crash's way: killed at any moment, piste loses nothing it has answered 200 for, and repeats nothing.

use std::{collections::BTreeMap, time::Duration};

use tempfile::TempDir;

use crate::support::{
    database::Database,
    load::{self, Outcome, Shape},
    piste::Launch,
    postgres::Postgres,
    wait,
};

/// How long a pipeline may take to work off what a crash left behind.
const CATCH_UP: Duration = Duration::from_secs(120);

/// Waits until every promised event is there, then asserts that each is there once and none was made up.
pub fn exactly_once(promised: &Outcome, counts: impl Fn() -> BTreeMap<String, usize>, place: &str) {
    let settled = wait::until(&format!("{} events in {place}", promised.stored.len()), CATCH_UP, || {
        let counts = counts();
        promised.stored.iter().all(|id| counts.contains_key(id)).then_some(counts)
    });
    let repeated: Vec<_> = settled.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        repeated.is_empty(),
        "{} events more than once in {place}: {:?}",
        repeated.len(),
        &repeated[..repeated.len().min(5)]
    );
    let sent = |id: &String| promised.stored.contains(id) || promised.unanswered.contains(id);
    let strange: Vec<_> = settled.keys().filter(|id| !sent(id)).collect();
    assert!(strange.is_empty(), "events in {place} that were refused or never sent: {strange:?}");
}

#[test]
fn twenty_times_kill_9_under_load() {
    let data = TempDir::new().unwrap();
    let postgres = Postgres::start();
    let launch = Launch::up(data.path()).with(&["--postgres", &postgres.url()]);
    let mut promised = Outcome { retry_after: true, ..Outcome::default() };
    for round in 0..20 {
        let piste = launch.start();
        let (lake, objects) = (piste.lake(), piste.lake().objects("enriched").len());
        let load = load::start(piste.collector, Shape { requests: 2_000, ..Shape::default() });
        // Every round is killed at another moment: after some answers, while a file of the lake is being written, as soon
        // as one is there (its checkpoint is not yet), or in the middle of a longer run.
        let enough = || match round % 4 {
            0 => load.answered() >= 20 + 23 * round,
            1 => load.answered() >= 20 && lake.is_writing("enriched"),
            2 => load.answered() >= 20 && lake.objects("enriched").len() > objects,
            _ => load.answered() >= 200,
        };
        wait::until("load", CATCH_UP, || (enough() || load.is_over()).then_some(()));
        piste.kill();
        promised.add(load.stop());
    }
    assert!(promised.refused.is_empty(), "nothing was refused: {:?}", promised.statuses);
    assert!(promised.stored.len() >= 5_000, "only {} events were answered 200", promised.stored.len());

    let piste = launch.start();
    let database = Database::connect(&postgres.url());
    exactly_once(&promised, || piste.lake().event_ids(), "the lake");
    exactly_once(&promised, || database.ids("events", "event_id"), "Postgres");
    exactly_once(
        &promised,
        || database.ids("com_snowplowanalytics_snowplow_web_page_1", "root_id"),
        "the entity's table",
    );
    let bad = piste.lake().bad();
    assert!(bad.is_empty(), "no bad rows: {:?}", bad.first());
    piste.finish_well();
}

#[test]
fn a_torn_tail_of_the_log_is_cut_and_the_rest_kept() {
    let data = TempDir::new().unwrap();
    let launch = Launch::up(data.path());
    let piste = launch.start();
    let promised = load::start(piste.collector, Shape { requests: 20, ..Shape::default() }).join();
    piste.kill();
    // A write that the crash cut in two.
    let segment = newest_file(&data.path().join("log").join("raw"));
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes.extend_from_slice(&[0x5a; 37]);
    std::fs::write(&segment, bytes).unwrap();

    let piste = launch.start();
    exactly_once(&promised, || piste.lake().event_ids(), "the lake");
    let more = load::start(piste.collector, Shape { requests: 5, ..Shape::default() }).join();
    let mut all = promised;
    all.add(more);
    exactly_once(&all, || piste.lake().event_ids(), "the lake");
    piste.finish_well();
}

/// The file with the greatest name that holds records.
fn newest_file(folder: &std::path::Path) -> std::path::PathBuf {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.metadata().is_ok_and(|m| m.len() > 1000) {
                found.push(path);
            }
        }
    }
    found.sort();
    found.pop().expect("a segment of the log")
}
