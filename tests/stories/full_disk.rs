//! A full disk: the collector says "not now" instead of losing events, and takes them again once there is room.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::support::{
    http,
    load::{self, JSON, Shape, TP2, batch},
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

/// Requests that fill some megabytes.
const HEAVY: Shape =
    Shape { connections: 4, batch: 5, padding: 1_500, requests: 2_000, pause: std::time::Duration::ZERO };

#[test]
fn a_log_at_its_limit_refuses_and_recovers() {
    let data = TempDir::new().unwrap();
    let mut postgres = Postgres::start();
    let piste = Launch::up(data.path())
        .with(&[
            "--postgres",
            &postgres.url(),
            "-Dlog.maxBytes=8 MB",
            "-Dlog.segmentBytes=1 MB",
            "-Dlog.retentionAge=1s",
        ])
        .start();
    // A reader that stands still keeps its part of the log: with it gone away the log fills up.
    postgres.crash();
    let load = load::start(piste.collector, HEAVY);
    let refusal = wait::until("the first refusal", PATIENCE, || {
        let ids = [service::clock::random_id().to_string()];
        let answer = http::once(
            piste.collector,
            "POST",
            TP2,
            &[("Content-Type", JSON)],
            batch(&ids, 1_500).as_bytes(),
        );
        answer.ok().filter(|answer| answer.status != 200)
    });
    assert_eq!(refusal.status, 503);
    let seconds: u64 = refusal.header("retry-after").expect("Retry-After").parse().expect("seconds");
    assert!((1..=600).contains(&seconds), "{seconds}");
    let promised = load.stop();
    assert!(promised.retry_after, "every refusal says when to come back");
    assert!(promised.statuses.iter().all(|s| *s == 503), "{:?}", promised.statuses);

    // The reader comes back, its part of the log can go, and the collector takes events again.
    postgres.resume();
    let after = wait::until("the collector to take events again", PATIENCE, || {
        let ids = [service::clock::random_id().to_string()];
        let answer =
            http::once(piste.collector, "POST", TP2, &[("Content-Type", JSON)], batch(&ids, 40).as_bytes());
        answer.ok().filter(|answer| answer.status == 200).map(|_| ids)
    });
    wait::until("the event after the refusals", PATIENCE, || {
        piste.lake().event_ids().contains_key(&after[0]).then_some(())
    });
    let lake = piste.lake().event_ids();
    assert!(
        promised.stored.iter().all(|id| lake.get(id) == Some(&1)),
        "what was answered 200 is there, once"
    );
    assert!(promised.refused.iter().all(|id| !lake.contains_key(id)), "what was refused is not there");
    for name in
        ["appended_records_total", "appended_bytes_total", "groups_total", "stored_bytes", "refused_total"]
    {
        let moved = piste.metric_of(&format!("piste_log_{name}"), "stream=\"raw\"");
        assert!(moved.is_some_and(|value| value > 0.0), "{name}: {moved:?}");
    }
    piste.finish_well();
}

/// A small file system of its own, where this process may mount one.
struct Small(TempDir);

impl Small {
    fn mounted(size: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|m| m.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

#[test]
fn a_full_file_system_refuses_and_recovers() {
    let Some(small) = Small::mounted("24m") else {
        eprintln!(
            "NOT TOLD: a full file system (mounting a tmpfs is not permitted here); the log's own limit is told"
        );
        return;
    };
    let data = small.path().join("data");
    let ballast = small.path().join("ballast");
    std::fs::write(&ballast, vec![1; 16 << 20]).unwrap();
    let piste = Launch::up(&data).start();
    let load = load::start(piste.collector, HEAVY);
    wait::until("the first refusal", PATIENCE, || {
        let ids = [service::clock::random_id().to_string()];
        let answer = http::once(
            piste.collector,
            "POST",
            TP2,
            &[("Content-Type", JSON)],
            batch(&ids, 1_500).as_bytes(),
        );
        answer.ok().filter(|answer| answer.status == 503 && answer.header("retry-after").is_some())
    });
    let mut promised = load.stop();
    assert!(promised.statuses.iter().all(|s| *s == 503), "{:?}", promised.statuses);

    // Room again: the same process goes on.
    std::fs::remove_file(&ballast).unwrap();
    wait::until("the collector to take events again", PATIENCE, || {
        let ids = vec![service::clock::random_id().to_string()];
        let answer =
            http::once(piste.collector, "POST", TP2, &[("Content-Type", JSON)], batch(&ids, 40).as_bytes());
        let taken = answer.is_ok_and(|answer| answer.status == 200);
        taken.then(|| promised.stored.extend(ids))
    });
    // The probes above are counted by nobody: only what the load was promised.
    wait::until("what was answered 200", PATIENCE, || {
        let lake = piste.lake().event_ids();
        promised.stored.iter().all(|id| lake.get(id) == Some(&1)).then_some(())
    });
    let lake = piste.lake().event_ids();
    assert!(promised.refused.iter().all(|id| !lake.contains_key(id)), "what was refused is not there");
    piste.finish_well();
}
