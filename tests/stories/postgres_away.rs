//! A database that goes away for a while: the files go on, the rows catch up, each once.

use tempfile::TempDir;

use super::crashes::exactly_once;
use crate::support::{
    database::Database,
    load::{self, Shape},
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

#[test]
fn the_files_go_on_and_the_rows_catch_up() {
    let data = TempDir::new().unwrap();
    let mut postgres = Postgres::start();
    let piste = Launch::up(data.path()).with(&["--postgres", &postgres.url()]).start();
    let shape = Shape { requests: 40, ..Shape::default() };
    let mut promised = load::start(piste.collector, shape).join();
    let first = promised.stored.len();
    assert!(first > 0);

    for _ in 0..2 {
        // In the middle of its work, not between two pieces of it.
        let load = load::start(piste.collector, shape);
        wait::until("load", PATIENCE, || (load.answered() >= 20).then_some(()));
        postgres.crash();
        promised.add(load.join());
        promised.add(load::start(piste.collector, shape).join());
        assert!(
            promised.refused.is_empty() && promised.unanswered.is_empty(),
            "the collector does not notice"
        );
        let all = promised.stored.len();
        wait::until_equal("the files", PATIENCE, &all, || piste.lake().event_ids().len());
        postgres.resume();
        let database = Database::connect(&postgres.url());
        exactly_once(&promised, || database.ids("events", "event_id"), "Postgres");
    }
    exactly_once(&promised, || piste.lake().event_ids(), "the lake");
    assert_eq!(piste.lake().bad().len(), 0, "a database that is away makes no bad rows");
    piste.finish_well();
}

#[test]
fn a_database_that_is_not_there_yet_is_waited_for() {
    let data = TempDir::new().unwrap();
    let mut postgres = Postgres::start();
    postgres.crash();
    let piste = Launch::up(data.path()).with(&["--postgres", &postgres.url()]).start_unready();
    let promised = load::start(piste.collector, Shape { requests: 5, ..Shape::default() }).join();
    assert_eq!(promised.stored.len(), 100);
    wait::until_equal("the files", PATIENCE, &100, || piste.lake().event_ids().len());
    let health = crate::support::http::get(piste.admin, "/health").unwrap();
    assert_eq!(health.status, 503, "unhealthy until its database has been reached");
    assert!(health.text().contains("postgres"), "{}", health.text());
    postgres.resume();
    let database = Database::connect(&postgres.url());
    exactly_once(&promised, || database.ids("events", "event_id"), "Postgres");
    wait::until("health", PATIENCE, || {
        crate::support::http::get(piste.admin, "/health").ok().filter(|a| a.status == 200)
    });
    piste.finish_well();
}
