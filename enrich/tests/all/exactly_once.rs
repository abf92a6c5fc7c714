//! The shell over streams in memory: killed after every single step, then started again, no event is lost or doubled.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use enrich::{
    config::EnrichConfig,
    run::{Outputs, run},
};
use event::{atomic::Field, enriched::EnrichedEvent, json};
use iglu::{
    client::Client,
    resolver_config::{Connection, Repository, ResolverConfig},
};
use service::context::Context;
use stream::{
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Delivered, Event, Start},
    health::HealthWatch,
    memory::Memory,
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::sync::watch;

use super::samples::get;

/// Writes that are still done before the process "dies": what comes after never returns.
struct Fuse {
    left: AtomicUsize,
    blown: watch::Sender<bool>,
}

impl Fuse {
    fn new(steps: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(steps), blown: watch::channel(false).0 })
    }

    async fn step(&self) {
        let spent =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        if spent {
            self.blown.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

struct Mortal<T> {
    inner: T,
    fuse: Arc<Fuse>,
    /// Where every saved position is told.
    saved: watch::Sender<Option<Position>>,
    queue: VecDeque<Event>,
}

impl Producer for Mortal<Arc<dyn Producer>> {
    fn stream(&self) -> &str {
        self.inner.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.fuse.step().await;
            self.inner.append(batch, route).await
        })
    }

    fn max_record_bytes(&self) -> usize {
        self.inner.max_record_bytes()
    }

    fn health(&self) -> HealthWatch {
        self.inner.health()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.inner.read_after(shard, after)
    }
}

impl Consumer for Mortal<Box<dyn Consumer>> {
    fn stream(&self) -> &str {
        self.inner.stream()
    }

    /// Three records at a time, so that there are several batches.
    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        Box::pin(async move {
            if let Some(event) = self.queue.pop_front() {
                return Ok(event);
            }
            let Event::Records(batch) = self.inner.next().await? else { unreachable!("assigned first") };
            let Batch { shard, records } = batch;
            self.queue = records
                .chunks(3)
                .map(|part| Event::Records(Batch { shard: shard.clone(), records: part.to_vec() }))
                .collect();
            Ok(self.queue.pop_front().unwrap())
        })
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        self.inner.seek(shard, after)
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(Mortal {
            inner: self.inner.checkpointer(),
            fuse: Arc::clone(&self.fuse),
            saved: self.saved.clone(),
            queue: VecDeque::new(),
        })
    }
}

impl Checkpointer for Mortal<Box<dyn Checkpointer>> {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let shard = shard.clone();
        Box::pin(async move {
            self.fuse.step().await;
            let acknowledged = checkpoint.acknowledged;
            self.inner.save(&shard, checkpoint).await?;
            self.saved.send_replace(acknowledged);
            Ok(())
        })
    }
}

struct World {
    raw: Memory,
    good: Memory,
    bad: Memory,
    failed: Memory,
    schemas: tempfile::TempDir,
    is_broken: bool,
}

/// Events of the world; all have an id of their own.
const EVENTS: usize = 10;

impl World {
    async fn new() -> Self {
        let world = Self {
            raw: Memory::new("raw", 1),
            good: Memory::new("enriched", 1),
            bad: Memory::new("bad", 1),
            failed: Memory::new("failed", 1),
            schemas: tempfile::tempdir().unwrap(),
            is_broken: false,
        };
        let late = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.acme.piste/late/jsonschema/1-0-0","data":{}}}"#;
        let late: String = late.bytes().map(|b| format!("%{b:02X}")).collect();
        let records = (0..EVENTS).map(|n| {
            let id = id(n);
            let data = match n % 3 {
                0 => get(&format!("e=pv&p=web&eid={id}")),
                1 => get(&format!("e=pv&p=web&eid={id}&vid=none")),
                // Its schema comes into being between the two lives.
                _ => get(&format!("e=ue&p=web&eid={id}&ue_pr={late}")),
            };
            Record::new("k", data)
        });
        world.raw.producer().append(records.collect(), Route::ByKey).await.unwrap();
        world
    }

    /// Half a file: nobody can say what the schema is, so every third event waits.
    fn break_schema(&self) {
        self.write_schema("{");
    }

    fn publish_schema(&self) {
        let schema = r#"{"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
            "self":{"vendor":"com.acme.piste","name":"late","format":"jsonschema","version":"1-0-0"},"type":"object"}"#;
        self.write_schema(schema);
    }

    fn write_schema(&self, text: &str) {
        let folder = self.schemas.path().join("schemas/com.acme.piste/late/jsonschema");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("1-0-0"), text).unwrap();
    }

    /// Waits until all is written that needs no schema.
    async fn others_are_written(&self) {
        while self.good.records().len() + self.bad.records().len() < EVENTS - EVENTS / 3 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// One life of the process: until `steps` writes are done, or everything is.
    async fn live(&self, steps: usize) {
        let last = self.raw.records().last().map(|record| record.position);
        let checkpoint = self.raw.checkpoint("enrich", &self.raw.shards()[0]).unwrap_or_default();
        if checkpoint.acknowledged == last {
            return;
        }
        let fuse = Fuse::new(steps);
        let saved = watch::channel(None).0;
        let producer = |memory: &Memory| -> Arc<dyn Producer> {
            let (inner, fuse, saved) = (memory.producer(), Arc::clone(&fuse), saved.clone());
            Arc::new(Mortal { inner, fuse, saved, queue: VecDeque::new() })
        };
        let mut inner = self.raw.consumer("enrich", Start::Oldest);
        let assigned = inner.next().await.unwrap();
        let source = Mortal {
            inner,
            fuse: Arc::clone(&fuse),
            saved: saved.clone(),
            queue: VecDeque::from([assigned]),
        };
        let outputs = Outputs {
            good: producer(&self.good),
            bad: producer(&self.bad),
            failed: Some(producer(&self.failed)),
        };
        let context = Context::default();
        let client = Arc::new(client(self.schemas.path()));
        let mut life = tokio::spawn(run(
            EnrichConfig::default(),
            Box::new(source),
            outputs,
            client,
            Arc::default(),
            context.clone(),
        ));
        let (mut blown, mut saved) = (fuse.blown.subscribe(), saved.subscribe());
        tokio::select! {
            ended = &mut life => panic!("ended by itself: {ended:?}"),
            dead = blown.wait_for(|blown| *blown) => drop(dead.unwrap()),
            // The rest waits: killed just so.
            () = self.others_are_written(), if self.is_broken => {}
            done = saved.wait_for(|position| *position == last) => {
                drop(done.unwrap());
                context.drain.request();
                life.await.unwrap().unwrap();
                return;
            }
        }
        life.abort();
        assert!(life.await.unwrap_err().is_cancelled());
    }

    /// How often each event id came out, good or bad.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for record in self.good.records() {
            let line = String::from_utf8(record.record.data.to_vec()).unwrap();
            let event = EnrichedEvent::parse_tsv(&line).unwrap();
            *counts.entry(event.get(Field::EventId).unwrap().to_owned()).or_insert(0) += 1;
        }
        for record in self.bad.records() {
            let row = json::parse(std::str::from_utf8(&record.record.data).unwrap()).unwrap();
            let id = row["data"]["payload"]["enriched"]["event_id"].as_str().unwrap().to_owned();
            *counts.entry(id).or_insert(0) += 1;
        }
        counts
    }
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn client(folder: &Path) -> Client {
    fs::create_dir_all(folder.join("schemas")).unwrap();
    let repository = Repository {
        name: "Local".into(),
        priority: 0,
        vendor_prefixes: Vec::new(),
        connection: Connection::Folder(folder.to_owned()),
    };
    let config = ResolverConfig { cache_size: 100, cache_ttl: None, repositories: vec![repository] };
    Client::new(config, service::clock::now)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_every_step() {
    let once: BTreeMap<_, _> = (0..EVENTS).map(|n| (id(n), 1)).collect();
    // Four writes a batch, four batches at most, fewer when they are written together.
    for steps in 0..=16 {
        let world = World::new().await;
        world.live(steps).await;
        world.publish_schema();
        world.live(usize::MAX).await;
        assert_eq!(world.counts(), once, "killed after {steps} writes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_every_step_while_some_wait() {
    let once: BTreeMap<_, _> = (0..EVENTS).map(|n| (id(n), 1)).collect();
    let life = async |steps: usize| {
        let mut world = World::new().await;
        world.break_schema();
        world.is_broken = true;
        // Twice: the second life finds what the first wrote beyond the checkpoint.
        world.live(steps).await;
        world.live(steps / 2).await;
        world.publish_schema();
        world.is_broken = false;
        world.live(usize::MAX).await;
        assert_eq!(world.counts(), once, "killed after {steps} writes");
    };
    // Four at a time: each life waits a moment for the schema.
    for steps in (0..=16).step_by(4) {
        tokio::join!(life(steps), life(steps + 1), life(steps + 2), life(steps + 3));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again() {
    let world = World::new().await;
    for _ in 0..20 {
        world.live(2).await;
    }
    world.live(usize::MAX).await;
    assert_eq!(world.counts(), (0..EVENTS).map(|n| (id(n), 1)).collect());
    assert_eq!(world.failed.records().len(), world.bad.records().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusing_stream_is_asked_until_it_takes() {
    let world = World::new().await;
    world.good.refuse("full for a test");
    let accept = async {
        // The bad rows are written first: when they are there the refusal has been met or soon is.
        while world.bad.records().is_empty() {
            tokio::task::yield_now().await;
        }
        world.good.accept();
    };
    tokio::join!(world.live(usize::MAX), accept);
    assert_eq!(world.counts().len(), EVENTS);
}

#[tokio::test]
async fn drain_writes_what_is_in_hand_and_no_more() {
    let world = World::new().await;
    let context = Context::default();
    context.drain.request();
    let outputs = Outputs { good: world.good.producer(), bad: world.bad.producer(), failed: None };
    let source = world.raw.consumer("enrich", Start::Oldest);
    let client = Arc::new(client(world.schemas.path()));
    run(EnrichConfig::default(), source, outputs, client, Arc::default(), context).await.unwrap();
    assert!(world.good.records().is_empty() && world.bad.records().is_empty());
}
