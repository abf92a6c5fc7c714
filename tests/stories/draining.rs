//! The orderly end: asked to finish, piste finishes what it has taken, and says by its exit code whether it did.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use service::clock;
use tempfile::TempDir;

use super::crashes::exactly_once;
use crate::support::{
    http::{self, Connection},
    lake::Lake,
    load::{self, JSON, Shape, TP2},
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

#[test]
fn sigterm_under_load_loses_nothing() {
    let data = TempDir::new().unwrap();
    let launch = Launch::up(data.path());
    let mut promised = load::Outcome { retry_after: true, ..load::Outcome::default() };
    for signal in ["TERM", "INT", "TERM"] {
        let piste = launch.start();
        let load = load::start(piste.collector, Shape::default());
        wait::until("load", PATIENCE, || (load.answered() >= 100).then_some(()));
        piste.signal(signal);
        let ended = piste.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        promised.add(load.stop());
    }
    assert!(promised.stored.len() >= 1500, "only {} events were answered 200", promised.stored.len());

    let piste = launch.start();
    exactly_once(&promised, || piste.lake().event_ids(), "the lake");
    piste.finish_well();
}

#[test]
fn everything_taken_is_in_the_files_when_it_has_ended() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let lake = piste.lake();
    let load = load::start(piste.collector, Shape { requests: 40, ..Shape::default() });
    let promised = load.join();
    assert_eq!(promised.stored.len(), 4 * 40 * 5);
    piste.finish_well();
    let counts = lake.event_ids();
    assert_eq!(counts.len(), promised.stored.len());
    assert!(promised.stored.iter().all(|id| counts.get(id) == Some(&1)), "each event once");
}

/// What a load balancer saw until its target was out of service.
#[derive(Debug, Default)]
struct Seen {
    answered: usize,
    closed: usize,
    failures: Vec<String>,
}

/// Sends on one connection as a load balancer does: a fresh one after `Connection: close`, and no more once the target
/// is known to leave and has closed a connection.
fn balance(collector: SocketAddr, leaving: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut connection = None;
    while !(leaving.load(Ordering::Relaxed) && seen.closed > 1) {
        let sent = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(collector, PATIENCE),
        }
        .and_then(|mut open: Connection| {
            let body = load::batch(&[clock::random_id().to_string()], 10);
            let answer = open.request("POST", TP2, &[("Content-Type", JSON)], body.as_bytes())?;
            Ok((open, answer))
        });
        match sent {
            Ok((_, answer)) if answer.status != 200 => seen.failures.push(answer.status.to_string()),
            Ok((_, answer)) if answer.header("connection") == Some("close") => {
                seen.answered += 1;
                seen.closed += 1;
            }
            Ok((open, _)) => {
                seen.answered += 1;
                connection = Some(open);
            }
            Err(error) => {
                seen.failures.push(error.to_string());
                return seen;
            }
        }
    }
    seen
}

#[test]
fn a_load_balancer_sees_no_failed_request() {
    let data = TempDir::new().unwrap();
    let period = ["-Dcollector.preTerminationPeriod=5 seconds", "-Dcollector.preTerminationUnhealthy=true"];
    let piste = Launch::up(data.path()).with(&period).start();
    let (collector, leaving) = (piste.collector, AtomicBool::new(false));
    let health = || http::get(collector, "/health").unwrap().status;
    assert_eq!(health(), 200);
    let seen: Vec<Seen> = thread::scope(|scope| {
        let balancers: Vec<_> = (0..4).map(|_| scope.spawn(|| balance(collector, &leaving))).collect();
        wait::until("load", PATIENCE, || {
            piste.metric("piste_collector_payloads_total").filter(|payloads| *payloads >= 100.0)
        });
        piste.ask_to_finish();
        wait::until_equal("/health to say so", PATIENCE, &503, health);
        leaving.store(true, Ordering::Relaxed);
        balancers.into_iter().map(|balancer| balancer.join().unwrap()).collect()
    });
    let ended = piste.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = "Shutdown interrupted. Will continue to serve requests for 5 seconds";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    for one in &seen {
        assert!(one.failures.is_empty() && one.closed == 2, "{seen:?}");
    }
    let answered: usize = seen.iter().map(|one| one.answered).sum();
    assert_eq!(
        Lake::of(data.path()).event_ids().len(),
        answered,
        "each request that was answered is in the files"
    );
}

/// A pipeline with a database that does not answer any more, and events on their way to it.
fn stuck(data: &TempDir, postgres: &Postgres, more: &[&str]) -> crate::support::piste::Piste {
    let piste = Launch::up(data.path()).with(&["--postgres", &postgres.url()]).with(more).start();
    postgres.freeze(true);
    let sent = load::start(piste.collector, Shape { requests: 5, ..Shape::default() }).join();
    assert_eq!(sent.stored.len(), 100);
    wait::until_equal("the events in the files", PATIENCE, &100, || piste.lake().event_ids().len());
    piste
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (data, postgres) = (TempDir::new().unwrap(), Postgres::start());
    let piste = stuck(&data, &postgres, &["-DdrainDeadline=10 minutes"]);
    piste.ask_to_finish();
    wait::until("piste to be ready no more", PATIENCE, || {
        crate::support::http::get(piste.admin, "/ready").ok().filter(|answer| answer.status == 503)
    });
    let ended = piste.finish();
    assert_eq!(ended.code, Some(75), "{}", ended.stderr);
    assert!(ended.stderr.contains("postgres"), "it says what was left:\n{}", ended.stderr);
    postgres.freeze(false);
}

#[test]
fn the_deadline_ends_it() {
    let (data, postgres) = (TempDir::new().unwrap(), Postgres::start());
    let piste = stuck(&data, &postgres, &["-DdrainDeadline=1 second"]);
    let asked = std::time::Instant::now();
    let ended = piste.finish();
    assert_eq!(ended.code, Some(75), "{}", ended.stderr);
    assert!(asked.elapsed() >= Duration::from_millis(900), "the deadline was not waited for");
    assert!(ended.stderr.contains("postgres"), "it says what was left:\n{}", ended.stderr);
    postgres.freeze(false);

    // What was left is still there: the next start brings it to the tables.
    let piste = Launch::up(data.path()).with(&["--postgres", &postgres.url()]).start();
    let database = crate::support::database::Database::connect(&postgres.url());
    wait::until_equal("the rows that were left", PATIENCE, &100, || database.events());
    piste.finish_well();
}
