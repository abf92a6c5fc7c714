//! The Postgres loader killed again and again, at any moment and at every step of a transaction: each event is in each of its
//! tables exactly once, of the embedded log and of Kinesis.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use event::atomic::{COUNT, Field};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    aws::Aws,
    database::Database,
    filled_log,
    piste::{Launch, PATIENCE},
    postgres::Postgres,
    wait,
};

const PORT: u16 = 5432;

/// What begins each step of a transaction on its way to the server.
const STEPS: [&str; 6] = [
    "BEGIN",
    "COPY \"atomic\".\"events\"",
    "COPY \"atomic\".\"com_acme",
    "PGCOPY",
    "UPDATE \"atomic\".\"piste_checkpoints\"",
    "COMMIT",
];

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn event(n: usize) -> String {
    let contexts = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0",
        "data": [{"schema": "iglu:com.acme.pg/scalars/jsonschema/1-0-0", "data": {"s": "x", "i": n}}],
    });
    let mut columns = vec![String::new(); COUNT];
    for (field, text) in [
        (Field::EventId, id(n)),
        (Field::CollectorTstamp, "2026-11-21 10:00:00.000".to_owned()),
        (Field::VCollector, "piste".to_owned()),
        (Field::VEtl, "piste".to_owned()),
        (Field::Contexts, contexts.to_string()),
    ] {
        columns[field as usize] = text;
    }
    columns.join("\t")
}

/// Somebody between the loader and the server who stops what is sent at a step.
struct Wire {
    port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    /// The step, and whether the server gets it.
    step: Option<(&'static str, bool)>,
    held: bool,
}

impl Wire {
    fn before(host: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<(Mutex<State>, Condvar)>::default();
        let (shared, socket) = (state.clone(), format!("{host}/.s.PGSQL.{PORT}"));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = UnixStream::connect(&socket) else { continue };
                let (state, answers) = (shared.clone(), shared.clone());
                let (mut back, mut forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(client, server, &state));
                std::thread::spawn(move || {
                    let mut buffer = [0; 65_536];
                    while let Ok(read @ 1..) = back.read(&mut buffer) {
                        let (held, _) = &*answers;
                        if held.lock().unwrap().held || forth.write_all(&buffer[..read]).is_err() {
                            break;
                        }
                    }
                    let _gone = forth.shutdown(Shutdown::Both);
                });
            }
        });
        Self { port, state }
    }

    fn hold_at(&self, step: &'static str, passed_on: bool) {
        *self.state.0.lock().unwrap() = State { step: Some((step, passed_on)), held: false };
    }

    fn until_held(&self) {
        let (state, changed) = &*self.state;
        let waited = changed.wait_timeout_while(state.lock().unwrap(), PATIENCE, |state| !state.held);
        let (state, outcome) = waited.unwrap();
        assert!(!outcome.timed_out(), "in vain: {:?}", state.step);
    }

    fn let_go(&self) {
        *self.state.0.lock().unwrap() = State::default();
        self.state.1.notify_all();
    }
}

/// Passes on what the loader sends, up to the step.
fn pass(mut client: TcpStream, mut server: UnixStream, state: &(Mutex<State>, Condvar)) {
    let mut buffer = [0; 65_536];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let sent = &buffer[..read];
        let mut now = state.0.lock().unwrap();
        let here = now.step.filter(|(step, _)| sent.windows(step.len()).any(|part| part == step.as_bytes()));
        now.held |= here.is_some();
        let is_passed_on = here.is_none_or(|(_, passed_on)| passed_on);
        if is_passed_on && server.write_all(sent).is_err() {
            break;
        }
        if here.is_some() {
            state.1.notify_all();
            drop(state.1.wait_while(now, |state| state.held).unwrap());
            break;
        }
    }
    let _gone = server.shutdown(Shutdown::Both);
}

/// The loader, through the wire, in small transactions.
fn loader(wire: &Wire, folder: &Path) -> Launch {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("loaders/tests/golden/postgres/schemas");
    let resolver = json!({
        "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
        "data": {"cacheSize": 100, "repositories": [
            {"name": "ours", "priority": 0, "vendorPrefixes": [], "connection": {"embedded": {"path": schemas}}},
        ]},
    });
    let file = folder.join("resolver.json");
    fs::write(&file, resolver.to_string()).unwrap();
    Launch::postgres_loader()
        .with(&["-Dpurpose=ENRICHED_EVENTS", "-Dinput.streamName=enriched", "--resolver"])
        .with(&[&file.display().to_string(), "-Doutput.good.type=Postgres", "-Doutput.good.host=127.0.0.1"])
        .with(&[&format!("-Doutput.good.port={}", wire.port), "-Doutput.good.sslMode=DISABLE"])
        .with(&["-Doutput.good.database=postgres", "-Doutput.good.username=postgres"])
        .with(&["-Dbatching.maxRecords=50", "-Dbatching.maxDelay=50ms"])
}

/// Kills `kills` loaders: every second one somewhere, the others at one step after the other.
fn kill(launch: &Launch, wire: &Wire, kills: usize, longest_ms: u64) {
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..kills {
        let at_step = round % 2 == 1;
        if at_step {
            let number = round / 2;
            wire.hold_at(STEPS[number % STEPS.len()], number / STEPS.len() % 2 == 1);
        }
        let piste = launch.start_unready();
        if at_step {
            wire.until_held();
        } else {
            // Any moment will do.
            std::thread::sleep(Duration::from_millis(random(longest_ms)));
        }
        piste.kill();
        wire.let_go();
    }
}

fn expect_once_each(postgres: &Postgres, count: usize) {
    let database = Database::connect(&postgres.url());
    let expect: BTreeMap<String, usize> = (0..count).map(|n| (id(n), 1)).collect();
    assert_eq!(database.ids("events", "event_id"), expect);
    assert_eq!(database.ids("com_acme_pg_scalars_1", "root_id"), expect);
}

#[test]
fn a_hundred_times_kill_9_at_every_step() {
    const EVENTS: usize = 10_000;
    let (postgres, folder) = (Postgres::start(), TempDir::new().unwrap());
    filled_log::fill(folder.path(), "enriched", &(0..EVENTS).map(event).collect::<Vec<_>>());
    let wire = Wire::before(&postgres.host());
    let launch = loader(&wire, folder.path())
        .with(&["-Dinput.type=log", &format!("-Dlog.folder={}", folder.path().display())])
        .with(&["-Doutput.bad.type=noop"]);
    // With its tables there, a transaction is one of events.
    let first = launch.start();
    let database = Database::connect(&postgres.url());
    wait::until("a first event", PATIENCE, || (database.events() > 0).then_some(()));
    first.kill();
    kill(&launch, &wire, 100, 100);
    let last = launch.start();
    wait::until_equal("events", PATIENCE, &EVENTS, || database.events());
    last.finish_well();
    expect_once_each(&postgres, EVENTS);
}

#[test]
fn killed_at_every_step_on_kinesis() {
    const EVENTS: usize = 3000;
    let (postgres, folder, aws) = (Postgres::start(), TempDir::new().unwrap(), Aws::start());
    aws.create("enriched", 2);
    let records: Vec<_> = (0..EVENTS).map(|n| (n.to_string(), event(n).into_bytes())).collect();
    records.chunks(500).for_each(|part| aws.put("enriched", part.to_vec()));
    let wire = Wire::before(&postgres.host());
    let of = |key: &str, value: &str| format!("-D{key}={value}");
    let launch = loader(&wire, folder.path())
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .variable("AWS_REGION", "eu-central-1")
        .with(&["-Dinput.type=Kinesis", "-Dinput.appName=story", "-Dinput.workerIdentifier=a"])
        .with(&["-Dinput.initialPosition.type=TRIM_HORIZON", "-Dinput.leaseDuration=2s"])
        .with(&["-Dinput.retrievalMode.type=Polling", "-Dinput.retrievalMode.idleTimeBetweenReads=200ms"])
        .with(&["-Dinput.retrievalMode.maxRecords=40", "-Dinput.checkpointSettings.maxBatchWait=300ms"])
        .with(&[&of("input.customEndpoint", aws.kinesis()), "-Doutput.bad.type=noop"])
        .with(&[&of("input.dynamodbCustomEndpoint", aws.dynamodb())]);
    kill(&launch, &wire, 24, 1500);
    let last = launch.start();
    let database = Database::connect(&postgres.url());
    wait::until_equal("events", PATIENCE, &EVENTS, || database.events());
    last.finish_well();
    expect_once_each(&postgres, EVENTS);
    let records = aws.last_records("enriched");
    for (shard, lease) in aws.leases("story") {
        assert_eq!(Some(&lease.checkpoint), records.get(&shard), "{shard} is acknowledged whole");
    }
}
