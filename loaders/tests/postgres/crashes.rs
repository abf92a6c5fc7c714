//! Each event exactly once, whatever dies.

use std::time::{Duration, Instant};

use loaders::postgres::config::PostgresConfig;
use stream::{
    consumer::{Checkpoint, Checkpointer, ConsumeError, Consumer, Event, Start},
    producer::BoxFuture,
    record::{Position, ShardId},
};

use crate::{
    postgres::Postgres,
    proxy::Proxy,
    site::{Look, Site, eventually, golden, page_view, shard},
};

const SCALARS: &str = "com.acme.pg/scalars/jsonschema/1-0-0";

fn events(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| page_view(n, &[(SCALARS, &format!(r#"{{"s":"x","i":{n}}}"#))])).collect()
}

async fn exactly(look: &Look, count: i64) {
    for (table, id) in [("events", "event_id"), ("com_acme_pg_scalars_1", "root_id")] {
        assert_eq!(look.count(&format!("SELECT count(*) FROM atomic.{table}")).await, count, "{table}");
        let distinct = format!("SELECT count(DISTINCT {id}) FROM atomic.{table}");
        assert_eq!(look.count(&distinct).await, count, "{table} without doubles");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_from_an_old_checkpoint_adds_nothing() {
    let postgres = Postgres::start();
    let mut site = Site::new(&postgres.url());
    site.append(&events(0..100)).await;
    site.load().await;
    // The stream forgets how far the loader was; the database does not.
    let forgetful = stream::memory::Memory::new("enriched", 1);
    site.events = forgetful;
    site.append(&events(0..150)).await;
    site.load().await;
    exactly(&Look::at(&postgres.url()).await, 150).await;
}

/// As when the original has loaded for a while, and piste goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_has_loaded_is_not_loaded_again() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let load = async || {
        let working = site.start_with(PostgresConfig { shares_stream: true, ..site.config() });
        site.all_loaded().await;
        working.drain().await;
    };
    site.append(&events(0..10)).await;
    load().await;
    // The other one keeps its progress in the stream alone.
    site.append(&events(10..30)).await;
    let acknowledged = Some(site.events.records()[19].position);
    let other = site.events.consumer("postgres", Start::Oldest).checkpointer();
    other.save(&shard(), Checkpoint { acknowledged, pending: None }).await.unwrap();
    load().await;
    let look = Look::at(&postgres.url()).await;
    exactly(&look, 20).await;
    let numbers = look.texts("SELECT user_id::text FROM atomic.events ORDER BY user_id::int").await;
    let expect: Vec<String> = (0..10).chain(20..30).map(|number: u32| number.to_string()).collect();
    assert_eq!(numbers, expect);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_told_later_than_the_database() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    site.append(&events(0..1)).await;
    site.load().await;
    let told = site.acknowledged();
    let late = || PostgresConfig { save_every: Duration::from_secs(3600), ..site.config() };
    let committed = async |count: u32| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while look.count("SELECT count(*) FROM atomic.events").await < count.into() {
            assert!(Instant::now() < deadline, "{count} events are waited for");
        }
    };
    let mut appended = 1;
    for _ in 0..3 {
        site.append(&events(appended..appended + 20)).await;
        appended += 20;
        let working = site.start_with(late());
        committed(appended).await;
        assert_eq!(site.acknowledged(), told, "not yet");
        working.crash().await;
    }
    let working = site.start_with(late());
    site.append(&events(appended..appended + 1)).await;
    committed(appended + 1).await;
    working.drain().await;
    assert_eq!(site.acknowledged(), site.events.records().last().map(|last| last.position));
    exactly(&look, i64::from(appended) + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loader_that_crashes_at_any_moment_loses_and_doubles_nothing() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    let mut appended = 0;
    for round in 0..100_u32 {
        site.append(&events(appended..appended + 20)).await;
        appended += 20;
        let working = site.start();
        // Another number of turns of the scheduler each time.
        for _ in 0..(round % 25) * 37 + round {
            tokio::task::yield_now().await;
        }
        working.crash().await;
    }
    site.load().await;
    exactly(&look, appended.into()).await;
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let postgres = Postgres::start();
    let proxy = Proxy::new(&postgres.url());
    let site = Site::new(&proxy.url());
    let working = site.start();
    site.append(&events(0..10)).await;
    site.all_loaded().await;
    proxy.swallow_answers_of_commits(3);
    site.append(&events(10..60)).await;
    site.all_loaded().await;
    site.append(&events(60..70)).await;
    site.all_loaded().await;
    working.drain().await;
    assert!(!proxy.is_done() || site.bad_rows().is_empty());
    exactly(&Look::at(&postgres.url()).await, 70).await;
}

/// Each step of a transaction by its name: the connection breaks before the server gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_a_named_step_loses_and_doubles_nothing() {
    const STEPS: [&str; 6] = [
        "BEGIN",
        "COPY \"atomic\".\"events\"",
        "COPY \"atomic\".\"com_acme",
        "PGCOPY",
        "UPDATE \"atomic\".\"piste_checkpoints\"",
        "COMMIT",
    ];
    let postgres = Postgres::start();
    let proxy = Proxy::new(&postgres.url());
    let site = Site::new(&proxy.url());
    site.append(&events(0..10)).await;
    site.load().await;
    let mut appended = 10;
    for step in STEPS.into_iter().cycle().take(18) {
        site.append(&events(appended..appended + 30)).await;
        appended += 30;
        proxy.break_at(step);
        // A new session, in which nothing is prepared yet.
        site.load().await;
        assert!(proxy.is_done(), "{step}");
    }
    assert_eq!(site.bad_rows(), [] as [serde_json::Value; 0]);
    exactly(&Look::at(&postgres.url()).await, appended.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_within_a_copy_loses_and_doubles_nothing() {
    let postgres = Postgres::start();
    let proxy = Proxy::new(&postgres.url());
    let site = Site::new(&proxy.url());
    let working = site.start();
    let mut appended = 0;
    // From within the first statement up to within the data, and in steps of the protocol's messages.
    let data = [1500, 4000, 9000, 20_000, 60_000].into_iter();
    for bytes in (1..=40).map(|n| 1 + n * 23).chain(data) {
        proxy.break_after(bytes);
        site.append(&events(appended..appended + 100)).await;
        appended += 100;
        site.all_loaded().await;
    }
    working.drain().await;
    exactly(&Look::at(&postgres.url()).await, appended.into()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_waited_for() {
    let mut postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let working = site.start();
    let health = working.context.health.clone();
    site.append(&events(0..100)).await;
    site.all_loaded().await;
    eventually("the loader is well", || health.is_healthy()).await;
    for round in 1..=3 {
        postgres.crash();
        site.append(&events(round * 100..round * 100 + 100)).await;
        eventually("the loader is in trouble", || !health.is_healthy()).await;
        postgres.resume();
        site.all_loaded().await;
        eventually("the loader is well again", || health.is_healthy()).await;
    }
    working.drain().await;
    exactly(&Look::at(&postgres.url()).await, 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_while_the_server_is_away_leaves_the_events_in_the_stream() {
    let mut postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    postgres.crash();
    site.append(&events(0..10)).await;
    let working = site.start();
    let health = working.context.health.clone();
    eventually("the loader is in trouble", || !health.is_healthy()).await;
    working.drain().await;
    assert_eq!(site.acknowledged(), None);
    postgres.resume();
    site.load().await;
    exactly(&Look::at(&postgres.url()).await, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_loaders_of_one_shard_double_nothing() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    // The same records under another name, as a worker that does not know that it lost the shard.
    let zombie = Site { events: stream::memory::Memory::new("enriched", 1), ..Site::new(&postgres.url()) };
    let (one, other) = (site.start(), zombie.start());
    for part in 0..10 {
        let lines = events(part * 50..part * 50 + 50);
        zombie.append(&lines).await;
        site.append(&lines).await;
    }
    site.all_loaded().await;
    zombie.all_loaded().await;
    one.drain().await;
    other.drain().await;
    exactly(&Look::at(&postgres.url()).await, 500).await;
}

/// A consumer whose shards are others' already, which it has not been told yet.
struct Disowned(Box<dyn Consumer>);

impl Consumer for Disowned {
    fn stream(&self) -> &str {
        self.0.stream()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        self.0.next()
    }

    fn seek(&mut self, shard: &ShardId, _: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let refused = ConsumeError::NotOwner { stream: self.0.stream().to_owned(), shard: shard.clone() };
        Box::pin(async move { Err(refused) })
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        self.0.checkpointer()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_lost_before_it_is_read_on_ends_nothing() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    site.append(&events(0..50)).await;
    site.load().await;
    let late = Site { events: stream::memory::Memory::new("enriched", 1), ..Site::new(&postgres.url()) };
    late.append(&events(0..60)).await;
    let source = Disowned(late.events.consumer("postgres", Start::Oldest));
    let working = late.start_reading(late.config(), Box::new(source));
    late.all_loaded().await;
    working.drain().await;
    exactly(&Look::at(&postgres.url()).await, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poisoned_rows_among_good_ones_become_bad_rows() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let look = Look::at(&postgres.url()).await;
    site.append(&events(0..1)).await;
    site.load().await;
    // Only the server knows of this rule.
    look.run("ALTER TABLE atomic.com_acme_pg_scalars_1 ADD CHECK (i % 100 <> 13)").await;
    look.run("CREATE UNIQUE INDEX ON atomic.events (event_id)").await;
    let mut lines = events(1..500);
    lines.push(page_view(7, &[]));
    site.append(&lines).await;
    site.load().await;
    let loaded: Vec<String> =
        look.texts("SELECT user_id::text FROM atomic.events ORDER BY user_id::int").await;
    let expect: Vec<String> = (0..500).filter(|n| n % 100 != 13).map(|n| n.to_string()).collect();
    assert_eq!(loaded, expect);
    let mut refused: Vec<(String, String)> = Vec::new();
    for row in site.bad_rows() {
        assert!(row["schema"].as_str().unwrap().contains("/loader_runtime_error/"), "{row}");
        let reason = row["data"]["failure"].as_str().unwrap();
        assert!(
            reason.starts_with("ERROR: new row for relation \"com_acme_pg_scalars_1\" violates check"),
            "{reason}"
        );
        refused.push((row["data"]["payload"]["user_id"].as_str().unwrap().to_owned(), reason.to_owned()));
    }
    let users: Vec<&str> = refused.iter().map(|(user, _)| user.as_str()).collect();
    assert_eq!(users, ["13", "113", "213", "313", "413"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn full_bad_stream_holds_the_loader_up() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    site.bad.refuse("the test says so");
    let working = site.start();
    let health = working.context.health.clone();
    site.append(&["not a line".to_owned()]).await;
    site.append(&events(0..5)).await;
    eventually("the loader is in trouble", || {
        health.statements().iter().any(|s| s.trouble.as_ref().is_some_and(|t| t.contains("the test says so")))
    })
    .await;
    assert_eq!(site.acknowledged(), None);
    site.bad.accept();
    site.all_loaded().await;
    working.drain().await;
    assert_eq!(site.bad_rows().len(), 1);
    exactly(&Look::at(&postgres.url()).await, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_nobody_has_is_a_bad_row() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    site.append(&[page_view(1, &[("com.nobody/x/jsonschema/1-0-0", "{}")])]).await;
    site.append(&events(2..3)).await;
    site.load().await;
    let rows = site.bad_rows();
    assert_eq!(rows.len(), 1);
    let failure = &rows[0]["data"]["failure"][0];
    assert_eq!(failure["schemaCriterion"], "iglu:com.nobody/x/jsonschema/1-*-*");
    assert_eq!(failure["error"]["lookupHistory"][1]["repository"], "local", "{failure}");
    exactly(&Look::at(&postgres.url()).await, 1).await;
    assert!(golden("schemas").is_dir());
}
