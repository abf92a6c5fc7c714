//! The consumer over Kinesis.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::post};
use ferrokinesis::store::StoreOptions;
use stream::{
    backoff::Backoff,
    consumer::{Checkpoint, Consumer, Event, Start},
    health::Health,
    kinesis::{
        consumer::{self, Ending, KinesisConsumer, Settings},
        lease::taking::Limits,
        producer,
        worker::Timing,
    },
    producer::{Producer, Route},
    record::{Record, ShardId},
};
use tokio::{runtime::Handle, task::JoinSet};

use crate::{
    conformance::{self, Engine},
    support::{connection, dynamodb::DynamoDb, faults, kinesis::Kinesis, sending, until, within_reason},
};

/// Quick workers.
const TIMING: Timing = Timing {
    failover: Duration::from_secs(5),
    parents: Duration::from_millis(100),
    audit: Duration::from_secs(120),
    debounce: Duration::ZERO,
    throttled: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(1) },
};

/// A stream, and the leases of those who read it.
struct Streams {
    kinesis: Kinesis,
    dynamodb: DynamoDb,
    producer: Arc<dyn Producer>,
    shards: u32,
}

impl Streams {
    async fn start(shards: u32) -> Self {
        // Subscriptions are short, so that tests see them end.
        let options = StoreOptions { subscribe_to_shard_session_ms: 1000, ..StoreOptions::default() };
        let (kinesis, dynamodb) = (Kinesis::with(options).await, DynamoDb::start().await);
        kinesis.create("good", shards as i32).await;
        let settings = producer::Settings::new("good", connection(&kinesis.endpoint));
        let producer = producer::open(producer::Settings { sending: sending(), ..settings }).await;
        until(&*producer, Health::is_well).await;
        Self { kinesis, dynamodb, producer, shards }
    }

    fn settings(&self, application: &str, worker: &str, start: Start) -> Settings {
        Settings {
            dynamodb: connection(&self.dynamodb.endpoint),
            timing: TIMING,
            limits: Limits { steals: 4, ..Limits::default() },
            idle: Duration::from_millis(200),
            ..Settings::new("good", application, worker, connection(&self.kinesis.endpoint), start)
        }
    }

    async fn open(&self, worker: &str, fan_out: bool) -> KinesisConsumer {
        let settings = Settings { fan_out, ..self.settings("app", worker, Start::Oldest) };
        consumer::open(settings).await.unwrap()
    }

    async fn put(&self, numbers: std::ops::Range<usize>) {
        let records =
            numbers.map(|number| Record::new(format!("key {number}"), format!("{number}"))).collect();
        self.producer.append(records, Route::ByKey).await.unwrap();
    }
}

impl Engine for Streams {
    fn producer(&self) -> Arc<dyn Producer> {
        self.producer.clone()
    }

    fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer> {
        let mut settings = self.settings(name, "worker", start);
        // The laws lose no lease, however busy the machine is.
        settings.timing.failover = Duration::from_secs(60);
        let open = consumer::open(settings);
        Box::new(tokio::task::block_in_place(|| Handle::current().block_on(open)).unwrap())
    }

    fn shards(&self) -> Vec<ShardId> {
        (0..self.shards).map(ShardId::numbered).collect()
    }

    async fn close(&self) {}

    async fn restart(&mut self) {}
}

fn make(shards: u32, _: usize) -> Streams {
    tokio::task::block_in_place(|| Handle::current().block_on(Streams::start(shards)))
}

// Not the laws of what Kinesis lacks: writing to a shard, attributes, a stream that is closed, a place beyond the end. Nor the
// one of the newest record: until something is saved, Kinesis' newest record is where it is at every start.
conformance::suite! { make;
    records_of_a_key_keep_their_order
    concurrent_producers_lose_nothing
    assigned_comes_first
    readers_are_independent
    a_waiting_reader_is_woken
    seek_goes_anywhere
    a_checkpoint_is_where_a_successor_begins
    nothing_acknowledged_begins_again
    pending_survives
    an_earlier_owner_cannot_save
}

/// A role that saves what it has had, at once.
struct Role {
    consumer: KinesisConsumer,
    /// What it has had, in order, and of which shard.
    had: Vec<(String, usize)>,
    assigned: Vec<String>,
    ended: Vec<String>,
    /// What is being saved.
    saves: JoinSet<()>,
}

impl Role {
    async fn new(streams: &Streams, worker: &str, fan_out: bool) -> Self {
        let consumer = streams.open(worker, fan_out).await;
        Self { consumer, had: Vec::new(), assigned: Vec::new(), ended: Vec::new(), saves: JoinSet::new() }
    }

    /// Nothing is lost if this is dropped while it waits.
    async fn step(&mut self) {
        match self.consumer.next().await.unwrap() {
            Event::Assigned { shard, .. } => self.assigned.push(shard.to_string()),
            Event::Records(batch) => {
                let numbers = batch.records.iter().map(conformance::number);
                self.had.extend(numbers.map(|number| (batch.shard.to_string(), number)));
                let last = batch.records.last().unwrap().position;
                let checkpoint = Checkpoint { acknowledged: Some(last), pending: None };
                let checkpointer = self.consumer.checkpointer();
                self.saves.spawn(async move {
                    // Another may have taken it meanwhile, or more have been saved.
                    let _or_lost = checkpointer.save(&batch.shard, checkpoint).await;
                });
            }
            Event::Ended { shard } => self.ended.push(shard.to_string()),
            Event::Lost { shard } => self.assigned.retain(|assigned| *assigned != shard.as_str()),
        }
    }

    async fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            self.step().await;
        }
    }

    /// Each child after its parents.
    fn expect_order(&self, families: &[(&str, &str)]) {
        let shards: Vec<_> = self.had.iter().map(|(shard, _)| shard.clone()).collect();
        for (parent, child) in families {
            let last = shards.iter().rposition(|of| of == parent).unwrap();
            let first = shards.iter().position(|of| of == child).unwrap();
            assert!(last < first, "{shards:?}");
        }
    }

    /// What it has had at least once: a lease may be lost and come back while the machine is busy.
    fn numbers(&self) -> BTreeSet<usize> {
        self.had.iter().map(|(_, number)| *number).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_followed_when_they_are_split_and_merged() {
    within_reason(async {
        let streams = Streams::start(1).await;
        let mut role = Role::new(&streams, "a", false).await;
        let [zero, one, two, three] = [0, 1, 2, 3].map(|n| ShardId::numbered(n).to_string());
        split(&streams, &mut role).await;
        streams.kinesis.merge("good", &one, &two).await;
        streams.put(60..80).await;
        role.until(|role| role.numbers().len() == 80).await;
        assert_eq!(role.numbers(), (0..80).collect());
        role.expect_order(&[(&zero, &one), (&zero, &two), (&one, &three), (&two, &three)]);
        role.ended.sort();
        assert_eq!(role.ended, [zero, one, two]);
    })
    .await;
}

/// Without a merge: the stand-in tells subscribers of one of the parents only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_follow_a_split() {
    within_reason(async {
        let streams = Streams::start(1).await;
        let mut role = Role::new(&streams, "a", true).await;
        let [zero, one, two] = [0, 1, 2].map(|n| ShardId::numbered(n).to_string());
        split(&streams, &mut role).await;
        assert_eq!(role.numbers(), (0..60).collect());
        role.expect_order(&[(&zero, &one), (&zero, &two)]);
        assert_eq!(role.ended, [zero]);
        let calls = role.consumer.observer().facts().calls;
        assert!(calls.keys().all(|(operation, _)| *operation != "GetRecords"), "{calls:?}");
    })
    .await;
}

/// The only shard becomes two.
async fn split(streams: &Streams, role: &mut Role) {
    streams.put(0..20).await;
    role.until(|role| role.numbers().len() == 20).await;
    streams.kinesis.split("good", ShardId::numbered(0).as_str()).await;
    streams.put(20..60).await;
    role.until(|role| role.numbers().len() == 60).await;
}

/// What comes between two subscriptions, when nothing has come before, is not skipped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_to_the_newest_have_no_holes() {
    within_reason(async {
        let streams = Streams::start(1).await;
        let settings = Settings { fan_out: true, ..streams.settings("app", "a", Start::Newest) };
        let mut consumer = consumer::open(settings).await.unwrap();
        let observer = consumer.observer();
        let subscriptions = || {
            observer.facts().calls.get(&("SubscribeToShard", Ending::Answered)).copied().unwrap_or_default()
        };
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        assert!(matches!(consumer.next().await, Ok(Event::Assigned { .. })));
        while subscriptions() < 2 {
            looks.tick().await;
        }
        streams.put(0..10).await;
        let found = conformance::take_numbers(&mut consumer, 10).await;
        assert_eq!(found, (0..10).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_and_hand_over() {
    within_reason(async {
        let streams = Streams::start(4).await;
        let (mut a, mut b) = (Role::new(&streams, "a", false).await, Role::new(&streams, "b", false).await);
        let owners = async || {
            let mut owners: HashMap<String, usize> = HashMap::new();
            for (_, owner) in streams.dynamodb.texts("app", "leaseOwner").await {
                *owners.entry(owner).or_default() += 1;
            }
            owners
        };
        let share = HashMap::from([("a".to_owned(), 2), ("b".to_owned(), 2)]);
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        while owners().await != share {
            tokio::select! {
                () = a.step() => {}
                () = b.step() => {}
                _ = looks.tick() => {}
            }
        }
        // Who loses a lease learns it when it would renew it, and reads on until then.
        let mut put = 0;
        while a.had.is_empty() || b.had.is_empty() {
            streams.put(put..put + 100).await;
            put += 100;
            while a.numbers().union(&b.numbers()).count() < put {
                tokio::select! { () = a.step() => {} () = b.step() => {} }
            }
        }
        let had = b.numbers();
        // What is given back is taken by the other without waiting until it has expired.
        while b.saves.join_next().await.is_some() {}
        let released = b.consumer.released();
        drop(b.consumer);
        released.await;
        assert_eq!(owners().await, HashMap::from([("a".to_owned(), 2)]));
        a.until(|a| a.assigned.len() == 4).await;
        streams.put(put..put + 100).await;
        a.until(|a| a.numbers().union(&had).count() == put + 100).await;
    })
    .await;
}

const SUMMARY: &str = r#"{"StreamDescriptionSummary": {
    "StreamName": "good", "StreamARN": "arn", "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24,
    "StreamCreationTimestamp": 0, "EnhancedMonitoring": [], "OpenShardCount": 1
}}"#;

/// What an operator reads who has not allowed enough.
#[tokio::test]
async fn a_missing_right_is_named() {
    let text = refused(false, |operation| match operation {
        "DescribeTable" => Err("ResourceNotFoundException"),
        _ => Err("AccessDeniedException"),
    });
    let text = text.await;
    for part in ["DynamoDB table `app`", "dynamodb:CreateTable", "leaseKey"] {
        assert!(text.contains(part), "{text}");
    }
    let text = refused(true, |operation| match operation {
        "DescribeTable" => Ok(r#"{"Table": {"TableStatus": "ACTIVE"}}"#),
        "DescribeStreamSummary" => Ok(SUMMARY),
        "DescribeStreamConsumer" => Err("ResourceNotFoundException"),
        _ => Err("AccessDeniedException"),
    });
    let text = text.await;
    for part in ["Kinesis stream `good`", "kinesis:RegisterStreamConsumer"] {
        assert!(text.contains(part), "{text}");
    }
}

/// Why a consumer cannot be opened where calls are answered with this, or with this error.
async fn refused(fan_out: bool, answers: fn(&str) -> Result<&'static str, &'static str>) -> String {
    let answer = async move |headers: axum::http::HeaderMap| {
        let (_, operation) = headers["x-amz-target"].to_str().unwrap().split_once('.').unwrap();
        match answers(operation) {
            Ok(body) => faults::json(StatusCode::OK, body.to_owned()),
            Err(code) => faults::error(StatusCode::BAD_REQUEST, code, "no"),
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    let settings = Settings::new("good", "app", "worker", connection(&endpoint), Start::Oldest);
    consumer::open(Settings { fan_out, ..settings }).await.err().unwrap().to_string()
}
