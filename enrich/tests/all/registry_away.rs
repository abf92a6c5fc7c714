//! The shell beside a registry that does not answer: events that need its schemas wait, the others go on, and nobody is
//! made a bad row of.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use enrich::{
    config::EnrichConfig,
    run::{Outputs, RunError, run},
};
use event::{atomic::Field, enriched::EnrichedEvent};
use iglu::{
    client::{Client, HttpSettings},
    resolver_config::{Connection, Repository, ResolverConfig},
};
use jiff::Timestamp;
use service::context::Context;
use stream::{
    consumer::Start,
    memory::Memory,
    producer::Route,
    record::{Position, Record},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use super::samples::get;

/// How a path is answered; what is not listed is 404.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    Schema,
    Status(u16),
    Garbage,
    Huge,
    Close,
    Hang,
}

type Replies = Arc<Mutex<HashMap<String, Reply>>>;

/// A registry behind HTTP whose answers can be changed.
pub struct Registry {
    uri: String,
    replies: Replies,
    /// Paths asked for.
    seen: watch::Sender<Vec<String>>,
    server: JoinHandle<()>,
}

impl Registry {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let replies = Replies::default();
        let seen = watch::Sender::new(Vec::new());
        let (shared, asked) = (Arc::clone(&replies), seen.clone());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared), asked.clone()));
            }
        });
        Self { uri, replies, seen, server }
    }

    /// From now on it answers so for this schema.
    pub fn answers(&self, name: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path(name), reply);
    }

    /// Waits until it was asked for a schema.
    pub async fn was_asked(&self, name: &str) {
        let path = path(name);
        drop(self.seen.subscribe().wait_for(|seen| seen.contains(&path)).await.unwrap());
    }

    /// A client of it at a clock that stands still.
    pub fn client_at(&self, now: Timestamp) -> Arc<Client> {
        self.client_with(None, move || now)
    }

    fn client(&self, ttl: Option<Duration>) -> Arc<Client> {
        self.client_with(ttl, service::clock::now)
    }

    fn client_with(
        &self,
        ttl: Option<Duration>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Arc<Client> {
        client_of(vec![self.repository("Acme", 0, &[])], ttl, clock)
    }

    fn repository(&self, name: &str, priority: i32, vendor_prefixes: &[&str]) -> Repository {
        Repository {
            name: name.into(),
            priority,
            vendor_prefixes: vendor_prefixes.iter().map(|&prefix| prefix.into()).collect(),
            connection: Connection::Http { uri: self.uri.clone(), apikey: None },
        }
    }

    /// How often it was asked for a schema.
    fn times_asked(&self, name: &str) -> usize {
        let path = path(name);
        self.seen.borrow().iter().filter(|seen| **seen == path).count()
    }
}

fn client_of(
    repositories: Vec<Repository>,
    ttl: Option<Duration>,
    clock: impl Fn() -> Timestamp + Send + Sync + 'static,
) -> Arc<Client> {
    let config = ResolverConfig { cache_size: 100, cache_ttl: ttl, repositories };
    let settings =
        HttpSettings { max_retries: 0, max_wait: Duration::ZERO, timeout: Duration::from_millis(500) };
    Arc::new(Client::new(config, clock).with_http(settings))
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn path(name: &str) -> String {
    format!("/schemas/com.acme.away/{name}/jsonschema/1-0-0")
}

async fn serve(mut stream: TcpStream, replies: Replies, seen: watch::Sender<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap();
    seen.send_modify(|seen| seen.push(path.to_owned()));
    let reply = replies.lock().unwrap().get(path).copied().unwrap_or(Reply::Status(404));
    let schema = r#"{"$schema":"http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#","type":"object"}"#;
    let (status, body) = match reply {
        Reply::Schema => (200, schema.to_owned()),
        Reply::Status(status) => (status, "<html>".to_owned()),
        Reply::Garbage => (200, "{".to_owned()),
        Reply::Huge => (200, format!("\"{}\"", "x".repeat(5 << 20))),
        Reply::Close => return,
        Reply::Hang => std::future::pending().await,
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// Streams of one shard, and the enricher between them.
struct World {
    raw: Memory,
    good: Memory,
    bad: Memory,
}

struct Life {
    context: Context,
    task: JoinHandle<Result<(), RunError>>,
}

impl World {
    fn new() -> Self {
        Self { raw: Memory::new("raw", 1), good: Memory::new("enriched", 1), bad: Memory::new("bad", 1) }
    }

    /// Appends an event of this schema, or a page view.
    async fn send(&self, id: u32, name: Option<&str>) {
        let data = match name {
            None => get(&format!("e=pv&p=web&eid={}", event_id(id))),
            Some(name) => of_schema(name, id),
        };
        self.raw.producer().append(vec![Record::new("k", data)], Route::ByKey).await.unwrap();
    }

    fn begin(&self, client: Arc<Client>) -> Life {
        let context = Context::default();
        let outputs = Outputs { good: self.good.producer(), bad: self.bad.producer(), failed: None };
        let source = self.raw.consumer("enrich", Start::Oldest);
        let task = tokio::spawn(run(
            EnrichConfig::default(),
            source,
            outputs,
            client,
            Arc::default(),
            context.clone(),
        ));
        Life { context, task }
    }

    /// Ids of the enriched events, in the order in which they were written.
    fn good(&self) -> Vec<u32> {
        let line = |record: stream::consumer::Delivered| {
            let line = String::from_utf8(record.record.data.to_vec()).unwrap();
            let event = EnrichedEvent::parse_tsv(&line).unwrap();
            event.get(Field::EventId).unwrap()[24..].parse().unwrap()
        };
        self.good.records().into_iter().map(line).collect()
    }

    fn acknowledged(&self) -> Option<Position> {
        self.raw.checkpoint("enrich", &self.raw.shards()[0]).and_then(|checkpoint| checkpoint.acknowledged)
    }

    /// The position of a raw record, counted from 0.
    fn position(&self, number: usize) -> Position {
        self.raw.records()[number].position
    }
}

impl Life {
    fn trouble(&self) -> Option<String> {
        let all = self.context.health.statements();
        all.into_iter().find(|stated| stated.name == "enrich.schemas").and_then(|stated| stated.trouble)
    }

    async fn drain(self) {
        self.context.drain.request();
        self.task.await.unwrap().unwrap();
    }
}

/// A raw record with an event of this schema.
pub fn of_schema(name: &str, id: u32) -> Vec<u8> {
    let event = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{{"schema":"iglu:com.acme.away/{name}/jsonschema/1-0-0","data":{{}}}}}}"#
    );
    let event: String = event.bytes().map(|byte| format!("%{byte:02X}")).collect();
    get(&format!("e=ue&p=web&eid={}&ue_pr={event}", event_id(id)))
}

fn event_id(id: u32) -> String {
    format!("00000000-0000-4000-8000-{id:012}")
}

async fn until(what: impl Fn() -> bool) {
    while !what() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_decided_waits_and_the_rest_goes_on() {
    let replies = [
        Reply::Hang,
        Reply::Close,
        Reply::Status(500),
        Reply::Status(503),
        Reply::Status(429),
        Reply::Status(302),
        Reply::Garbage,
        Reply::Huge,
    ];
    let mut checks = tokio::task::JoinSet::new();
    for reply in replies {
        checks.spawn(async move {
            let registry = Registry::start().await;
            registry.answers("known", Reply::Schema);
            registry.answers("late", reply);
            let world = World::new();
            world.send(0, None).await;
            for (id, name) in [(1, Some("late")), (2, Some("known")), (3, None), (4, Some("late"))] {
                world.send(id, name).await;
            }
            let life = world.begin(registry.client(None));
            until(|| world.good().len() == 3 && life.trouble().is_some()).await;
            // A later batch is not held up either.
            world.send(5, Some("known")).await;
            until(|| world.good().len() == 4).await;
            // The one that had to be fetched may come behind those that were known.
            let mut good = world.good();
            good.sort_unstable();
            assert_eq!(good, [0, 2, 3, 5], "{reply:?}");
            until(|| world.acknowledged() == Some(world.position(0))).await;
            let trouble = life.trouble().unwrap();
            for part in ["iglu:com.acme.away/late/jsonschema/1-0-0", "`Acme`", "since 20"] {
                assert!(trouble.contains(part), "{reply:?}: {part} is not in {trouble}");
            }
            registry.answers("late", Reply::Schema);
            until(|| world.acknowledged() == Some(world.position(5))).await;
            let mut good = world.good();
            good.sort_unstable();
            assert_eq!(good, [0, 1, 2, 3, 4, 5], "{reply:?}");
            assert_eq!(life.trouble(), None);
            assert!(world.bad.records().is_empty(), "{reply:?}");
            life.drain().await;
        });
    }
    while let Some(ended) = checks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_read_again_after_the_end() {
    for is_killed in [false, true] {
        let registry = Registry::start().await;
        registry.answers("late", Reply::Hang);
        registry.answers("known", Reply::Schema);
        let world = World::new();
        for id in 0..9 {
            world.send(id, [Some("late"), Some("known"), None][id as usize % 3]).await;
        }
        let life = world.begin(registry.client(None));
        until(|| world.good().len() == 6).await;
        assert_eq!(world.acknowledged(), None, "the first record of all waits");
        if is_killed {
            life.task.abort();
            assert!(life.task.await.unwrap_err().is_cancelled());
        } else {
            life.drain().await;
        }
        registry.answers("late", Reply::Schema);
        let life = world.begin(registry.client(None));
        until(|| world.acknowledged() == Some(world.position(8))).await;
        let mut good = world.good();
        good.sort_unstable();
        assert_eq!(good, (0..9).collect::<Vec<_>>(), "none is lost, none is doubled");
        assert!(world.bad.records().is_empty());
        life.drain().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_believed_as_long_as_it_counts() {
    let registry = Registry::start().await;
    registry.answers("refused", Reply::Status(403));
    let world = World::new();
    world.send(0, Some("late")).await;
    world.send(1, Some("refused")).await;
    let life = world.begin(registry.client(Some(Duration::from_secs(1))));
    until(|| world.bad.records().len() == 2).await;
    for (record, error) in world.bad.records().iter().zip([r#""NotFound""#, "Unexpected response code: 403"])
    {
        let row = std::str::from_utf8(&record.record.data).unwrap();
        assert!(row.contains("ResolutionError") && row.contains(error), "{row}");
    }
    assert_eq!(life.trouble(), None);
    // The schema comes into being: seen once the answer has passed its time.
    registry.answers("late", Reply::Schema);
    let mut sent = 2;
    while world.good.records().is_empty() {
        world.send(sent, Some("late")).await;
        sent += 1;
        until(|| world.good.records().len() + world.bad.records().len() == sent as usize).await;
    }
    // A schema that is known serves while its registry hangs, and is refreshed beside.
    registry.answers("late", Reply::Hang);
    let good = world.good.records().len();
    let seen = service::clock::now();
    while service::clock::now().duration_since(seen).as_secs() < 2 {
        world.send(sent, Some("late")).await;
        sent += 1;
        until(|| world.good.records().len() + world.bad.records().len() == sent as usize).await;
    }
    assert!(world.good.records().len() > good);
    assert_eq!(life.trouble(), None);
    life.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_registries_is_away() {
    let replies = [Reply::Hang, Reply::Close, Reply::Status(500), Reply::Garbage];
    let mut checks = tokio::task::JoinSet::new();
    for reply in replies {
        checks.spawn(async move {
            let [away, there, others] =
                [Registry::start().await, Registry::start().await, Registry::start().await];
            for name in ["elsewhere", "late"] {
                away.answers(name, reply);
            }
            there.answers("elsewhere", Reply::Schema);
            there.answers("known", Reply::Schema);
            others.answers("known", Reply::Schema);
            // A prefix of the vendor comes before priority.
            let repositories = vec![
                others.repository("Others", -1, &["org.others"]),
                there.repository("There", 5, &["com.acme"]),
                away.repository("Away", 1, &["com.acme"]),
            ];
            let world = World::new();
            let names = [Some("elsewhere"), None, Some("late"), Some("known")];
            for id in 0..200 {
                world.send(id, names[id as usize % 4]).await;
            }
            let life = world.begin(client_of(repositories, None, service::clock::now));
            // What another registry has is not held up; what only the one that is away may have waits.
            until(|| world.good().len() == 150 && life.trouble().is_some()).await;
            assert!(world.good().iter().all(|id| id % 4 != 2), "{reply:?}");
            let trouble = life.trouble().unwrap();
            assert!(
                trouble.contains("com.acme.away/late") && trouble.contains("`Away`"),
                "{reply:?}: {trouble}"
            );
            assert_eq!(
                others.times_asked("known"),
                0,
                "{reply:?}: who has it by a closer prefix is asked first"
            );
            assert_eq!(there.times_asked("known"), 1, "{reply:?}: known once, known for all");
            until(|| world.acknowledged() == Some(world.position(1))).await;
            away.answers("late", Reply::Schema);
            until(|| world.acknowledged() == Some(world.position(199))).await;
            let mut good = world.good();
            good.sort_unstable();
            assert_eq!(good, (0..200).collect::<Vec<_>>(), "{reply:?}");
            assert!(world.bad.records().is_empty(), "{reply:?}");
            assert_eq!(life.trouble(), None);
            life.drain().await;
        });
    }
    while let Some(ended) = checks.join_next().await {
        ended.unwrap();
    }
}
