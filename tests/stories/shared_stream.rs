//! Enrichers that share a stream of Kinesis lose nothing, whatever happens to them, to the network and to the shards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use event::atomic::FIELDS;
use tempfile::TempDir;

use crate::support::{
    aws::{Aws, Load, Tail},
    kcl::{self, KclWorker, Keys},
    piste::{Launch, PATIENCE, Piste},
    proxy::{Proxy, Weather},
    wait,
};

/// The name of the application and of its table.
const APPLICATION: &str = "story";

/// A lease lives so long without a sign of its owner.
const FAILOVER: Duration = Duration::from_secs(2);

/// A stream of raw records under load, and where the events go.
struct Streams {
    aws: Arc<Aws>,
    load: Load,
    enriched: Tail,
    /// The events that workers of the Java library have had.
    elsewhere: Keys,
    folder: TempDir,
    /// How workers fetch records.
    retrieval: &'static str,
}

impl Streams {
    fn start(shards: i32) -> Self {
        let aws = Aws::start();
        aws.create("raw", shards);
        aws.create("enriched", 1);
        aws.create("bad", 1);
        let (load, enriched) = (Load::start(&aws, "raw"), Tail::new(&aws, "enriched"));
        let (elsewhere, folder) = (Keys::default(), TempDir::new().unwrap());
        Self { aws, load, enriched, elsewhere, folder, retrieval: "Polling" }
    }

    fn enrich(&self, worker: &str) -> Piste {
        self.enrich_through(worker, self.aws.kinesis(), self.aws.dynamodb())
    }

    /// A worker that reaches its source through these endpoints.
    fn enrich_through(&self, worker: &str, kinesis: &str, dynamodb: &str) -> Piste {
        let (failover, sink, retrieval) = (FAILOVER.as_millis(), self.aws.kinesis(), self.retrieval);
        let config = format!(
            r#"
            license.accept = true
            input {{
              streamName = raw, appName = {APPLICATION}, region = eu-central-1, workerIdentifier = "{worker}"
              customEndpoint = "{kinesis}", dynamodbCustomEndpoint = "{dynamodb}"
              initialPosition.type = TRIM_HORIZON, leaseDuration = {failover} ms, retrievalMode.type = {retrieval}
            }}
            output {{
              good {{ streamName = enriched, region = eu-central-1, customEndpoint = "{sink}" }}
              bad {{ streamName = bad, region = eu-central-1, customEndpoint = "{sink}" }}
            }}
            "#,
        );
        let path = self.folder.path().join(format!("{worker}.hocon"));
        std::fs::write(&path, config).unwrap();
        Launch::enrich(&self.folder.path().join(worker))
            .variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .with(&["--config", &path.display().to_string()])
            .start()
    }

    fn java(&self, worker: &str) -> KclWorker {
        KclWorker::start(&self.aws, "raw", APPLICATION, worker, FAILOVER, &self.elsewhere)
    }

    /// Waits until a worker of the Java library has had so many more events.
    fn go_on_elsewhere(&self, events: usize) {
        let had = || self.elsewhere.lock().unwrap().len();
        let wanted = had() + events;
        wait::until("more events", PATIENCE, || (had() >= wanted).then_some(()));
    }

    /// Waits until so many more events have been enriched.
    fn go_on(&mut self, events: usize) {
        let wanted = ids(&self.enriched.lines).len() + events;
        self.enriched.until("more events", |lines| ids(lines).len() >= wanted);
    }

    fn share(&self, shares: &[(&str, usize)]) {
        let shares = shares.iter().map(|(worker, leases)| ((*worker).to_owned(), *leases)).collect();
        wait::until_equal("shares", PATIENCE, &shares, || self.aws.shares(APPLICATION));
    }

    /// Waits until all that was put is enriched, ends the workers, and looks at what they leave behind.
    fn finish(mut self, workers: impl IntoIterator<Item = Piste>) {
        let (open, closed) = self.aws.open_and_closed("raw");
        wait::until("leases of all open shards", PATIENCE, || {
            let leases = self.aws.leases(APPLICATION);
            open.iter().all(|shard| leases.contains_key(shard)).then_some(())
        });
        let put = self.load.stop();
        let elsewhere = self.elsewhere.lock().unwrap().clone();
        let had = |lines: &[String]| &ids(lines) | &elsewhere;
        self.enriched.until("all events", |lines| put.is_subset(&had(lines)));
        assert_eq!(had(&self.enriched.lines), put, "nothing else comes");
        for worker in workers {
            worker.finish_well();
        }
        let leases = self.aws.leases(APPLICATION);
        let owned: Vec<_> = leases.iter().filter(|(_, lease)| lease.owner.is_some()).collect();
        assert!(owned.is_empty(), "each lease was given back: {owned:?}");
        let last = self.aws.last_records("raw");
        for shard in open {
            let last = last.get(&shard).map_or("TRIM_HORIZON", String::as_str);
            assert_eq!(leases[&shard].checkpoint, last, "{shard} is acknowledged whole");
        }
        for shard in closed {
            // One is deleted when its children have been begun.
            let end = leases.get(&shard).map_or("SHARD_END", |lease| lease.checkpoint.as_str());
            assert_eq!(end, "SHARD_END", "{shard}");
        }
    }
}

/// The ids of enriched events.
fn ids(lines: &[String]) -> BTreeSet<String> {
    let index = FIELDS.iter().position(|field| field.name() == "event_id").unwrap();
    lines.iter().map(|line| line.split('\t').nth(index).unwrap().to_owned()).collect()
}

#[test]
fn workers_die() {
    let mut streams = Streams::start(4);
    let names = ["a", "b", "c"];
    let mut workers: BTreeMap<&str, Piste> = names.map(|name| (name, streams.enrich(name))).into();
    streams.go_on(20);
    // One that comes back under its name, one that another takes the place of, and two at once.
    for (deaths, births) in [(&["a"][..], &["a"][..]), (&["b"], &["d"]), (&["a", "c"], &["e"])] {
        for name in deaths {
            let worker = workers.remove(name).unwrap();
            wait::until("leases", PATIENCE, || worker.metric("piste_consumer_leases").filter(|n| *n > 0.0));
            worker.kill();
        }
        for name in births {
            workers.insert(name, streams.enrich(name));
        }
        streams.go_on(20);
    }
    streams.share(&[("d", 2), ("e", 2)]);
    streams.finish(workers.into_values());
}

/// A worker, and what is between it and its source.
struct Remote {
    worker: Piste,
    kinesis: Proxy,
    dynamodb: Proxy,
}

impl Remote {
    fn start(streams: &Streams, name: &str) -> Self {
        let aws = &streams.aws;
        let (kinesis, dynamodb) = (aws.proxy(aws.kinesis()), aws.proxy(aws.dynamodb()));
        let worker = streams.enrich_through(name, &kinesis.endpoint, &dynamodb.endpoint);
        Self { worker, kinesis, dynamodb }
    }

    fn lost_leases(&self) -> f64 {
        self.worker.metric("piste_consumer_lost_leases_total").unwrap()
    }

    fn until_lost(&self, leases: f64) {
        wait::until("lost leases", PATIENCE, || (self.lost_leases() >= leases).then_some(()));
    }

    fn until_failed(&self, operation: &str, calls: f64) {
        let failed = || {
            let text = format!("operation=\"{operation}\",outcome=\"failed\"");
            self.worker.metric_of("piste_consumer_calls_total", &text).unwrap_or_default()
        };
        let before = failed();
        wait::until("calls that fail", PATIENCE, || (failed() >= before + calls).then_some(()));
    }
}

#[test]
fn the_network_is_cut_and_slow() {
    let mut streams = Streams::start(4);
    let [a, b] = ["a", "b"].map(|name| Remote::start(&streams, name));
    streams.share(&[("a", 2), ("b", 2)]);
    // Who cannot say that it lives is thought dead, and knows it. What it has sent comes late, and is refused.
    a.dynamodb.is(Weather::Silent);
    a.until_lost(2.0);
    streams.share(&[("b", 4)]);
    streams.go_on(10);
    a.dynamodb.is(Weather::Fair);
    streams.share(&[("a", 2), ("b", 2)]);
    // Who cannot read keeps its shards, and goes on.
    b.kinesis.is(Weather::Broken);
    b.until_failed("GetRecords", 3.0);
    b.kinesis.is(Weather::Fair);
    streams.go_on(10);
    // Every sign of life comes too late.
    let (lost_a, lost_b) = (a.lost_leases(), b.lost_leases());
    for remote in [&a, &b] {
        remote.dynamodb.is(Weather::Late(FAILOVER));
    }
    a.until_lost(lost_a + 1.0);
    b.until_lost(lost_b + 1.0);
    for remote in [&a, &b] {
        remote.dynamodb.is(Weather::Fair);
    }
    streams.go_on(10);
    streams.share(&[("a", 2), ("b", 2)]);
    streams.finish([a.worker, b.worker]);
}

fn shard(number: usize) -> String {
    format!("shardId-{number:012}")
}

#[test]
fn shards_are_split_and_merged() {
    let mut streams = Streams::start(2);
    let mut workers: BTreeMap<&str, Piste> = ["a", "b", "c"].map(|name| (name, streams.enrich(name))).into();
    streams.go_on(10);
    streams.aws.split("raw", &shard(0));
    streams.aws.split("raw", &shard(1));
    streams.go_on(10);
    streams.aws.merge("raw", &shard(3), &shard(4));
    // Whoever reads the parents may die before there are leases for the child.
    workers.remove("a").unwrap().kill();
    streams.go_on(10);
    streams.aws.split("raw", &shard(2));
    streams.aws.merge("raw", &shard(8), &shard(6));
    workers.insert("a", streams.enrich("a"));
    streams.go_on(10);
    let (open, _) = streams.aws.open_and_closed("raw");
    assert_eq!(open, [shard(5), shard(7), shard(9)]);
    streams.finish(workers.into_values());
}

/// Without merges: the stand-in tells subscribers of one of the parents only.
#[test]
fn subscriptions_follow_splits() {
    let mut streams = Streams { retrieval: "FanOut", ..Streams::start(2) };
    let [a, b] = ["a", "b"].map(|name| streams.enrich(name));
    streams.go_on(10);
    streams.aws.split("raw", &shard(0));
    streams.go_on(10);
    a.kill();
    streams.aws.split("raw", &shard(3));
    let c = streams.enrich("c");
    streams.go_on(10);
    let has_leases = |name: &str| streams.aws.shares(APPLICATION).contains_key(name);
    wait::until("the leases of the dead to be taken", PATIENCE, || (!has_leases("a")).then_some(()));
    streams.finish([b, c]);
}

/// An application moves from the Java library to piste and back, and both share its stream meanwhile.
#[test]
fn the_java_library_is_another_worker() {
    if !kcl::is_there() {
        return;
    }
    let mut streams = Streams::start(4);
    let a = streams.enrich("a");
    streams.go_on(10);
    let java = streams.java("java");
    streams.share(&[("a", 2), ("java", 2)]);
    streams.go_on_elsewhere(10);
    // It goes on where we were.
    a.kill();
    streams.share(&[("java", 4)]);
    streams.go_on_elsewhere(10);
    let b = streams.enrich("b");
    streams.share(&[("b", 2), ("java", 2)]);
    streams.go_on(10);
    // And we where it was.
    drop(java);
    streams.share(&[("b", 4)]);
    streams.go_on(10);
    streams.finish([b]);
}
