//! A tracker that is told to try again later does so until its events are taken: none is lost, none is there twice.

use std::{collections::BTreeSet, time::Duration};

use tempfile::TempDir;

use crate::support::{
    clients::PatientTracker,
    http,
    load::{self, Shape},
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

/// Requests that fill some megabytes, and keep them full.
const HEAVY: Shape =
    Shape { connections: 2, batch: 2, padding: 1_500, requests: 20_000, pause: Duration::from_millis(1) };

fn tell(method: &str) {
    let data = TempDir::new().unwrap();
    let mut postgres = Postgres::start();
    let piste = Launch::up(data.path())
        .with(&[
            "--postgres",
            &postgres.url(),
            "-Dlog.maxBytes=4 MB",
            "-Dlog.segmentBytes=512 kB",
            "-Dlog.retentionAge=1s",
        ])
        .start();
    let sink_health = || http::get(piste.collector, "/sink-health").ok().map(|answer| answer.status);
    assert_eq!(sink_health(), Some(200));
    // A reader that stands still keeps its part of the log, and the log fills up while the tracker sends.
    postgres.crash();
    let load = load::start(piste.collector, HEAVY);
    let mut tracker = PatientTracker::start(piste.collector, method, 25);
    assert_eq!(tracker.refused(), 503);
    wait::until("/sink-health to say so", PATIENCE, || sink_health().filter(|status| *status == 503));
    let promised = load.stop();
    postgres.resume();
    let (refused, taken) = tracker.taken();
    assert!(refused.iter().all(|status| *status == 503), "{refused:?}");
    let unique: BTreeSet<&String> = taken.iter().collect();
    assert!(unique.len() == taken.len() && taken.len() >= 25, "the tracker was told once of each event");
    wait::until("the tracker's events", PATIENCE, || {
        let lake = piste.lake().event_ids();
        taken.iter().chain(&promised.stored).all(|id| lake.contains_key(id)).then_some(())
    });
    let lake = piste.lake().event_ids();
    let twice: Vec<_> = taken.iter().filter(|id| lake.get(*id) != Some(&1)).collect();
    assert!(twice.is_empty(), "nothing of a refused request was stored: {twice:?}");
    // Nobody has to send for the sinks to be well again.
    wait::until("/sink-health to be well", PATIENCE, || sink_health().filter(|status| *status == 200));
    piste.finish_well();
}

#[test]
fn by_post() {
    tell("post");
}

#[test]
fn by_get() {
    tell("get");
}
