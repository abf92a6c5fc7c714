//! The S3 loader of a stream of Kinesis, killed at every step of a batch of Parquet files: each event is in exactly one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use event::atomic::{COUNT, Field};
use loaders::parquet::read;
use serde_json::json;
use tempfile::TempDir;

use super::lake_weather;
use crate::support::{
    aws::Aws,
    gate::{Call, Fate, Gate},
    moto::Moto,
    piste::{Launch, PATIENCE},
    wait,
};

const EVENTS: usize = 120;

struct Site {
    aws: Arc<Aws>,
    s3: Moto,
    to_s3: Gate,
    to_leases: Gate,
    folder: TempDir,
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// An enriched event with a page; every tenth has a page whose id is none.
fn event(n: usize) -> String {
    let page = if n.is_multiple_of(10) { json!({"id": n}) } else { json!({"id": id(n)}) };
    let contexts = json!({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", "data": [
        {"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": page},
    ]});
    let mut columns = vec![String::new(); COUNT];
    for (field, text) in [
        (Field::CollectorTstamp, "2026-01-02 03:04:05.678".to_owned()),
        (Field::EventId, id(n)),
        (Field::VCollector, "ssc".to_owned()),
        (Field::VEtl, "piste".to_owned()),
        (Field::EventName, if n.is_multiple_of(2) { "page_view" } else { "page_ping" }.to_owned()),
        (Field::Contexts, contexts.to_string()),
    ] {
        columns[field as usize] = text;
    }
    columns.join("\t")
}

impl Site {
    fn start() -> Self {
        let (aws, s3, folder) = (Aws::start(), Moto::start(), TempDir::new().unwrap());
        aws.create("enriched", 1);
        aws.create("bad", 1);
        s3.s3("PUT", "/lake", b"");
        aws.put("enriched", (0..EVENTS).map(|n| ("k".to_owned(), event(n).into_bytes())).collect());
        let resolver = json!({
            "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
            "data": {"cacheSize": 500, "repositories": []},
        });
        fs::write(folder.path().join("resolver.json"), resolver.to_string()).unwrap();
        let (to_s3, to_leases) = (Gate::before(&s3.endpoint), Gate::before(aws.dynamodb()));
        Self { aws, s3, to_s3, to_leases, folder }
    }

    fn loader(&self) -> Launch {
        let of = |key: &str, value: &str| format!("-D{key}={value}");
        let resolver = self.folder.path().join("resolver.json").display().to_string();
        Launch::s3_loader()
            .variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .variable("AWS_REGION", "eu-central-1")
            .with(&["-Dpurpose=ENRICHED_EVENTS", "-Dinput.streamName=enriched", "-Dinput.appName=story"])
            .with(&["-Dinput.initialPosition.type=TRIM_HORIZON", "-Dinput.leaseDuration=2s"])
            .with(&["-Dinput.retrievalMode.type=Polling", "-Dinput.retrievalMode.idleTimeBetweenReads=200ms"])
            .with(&["-Dinput.retrievalMode.maxRecords=15", "-Dinput.workerIdentifier=a"])
            .with(&["-Doutput.good.path=s3://lake/events", "-Doutput.good.fileFormat=parquet"])
            .with(&["-Doutput.bad.streamName=bad", "-Dbatching.maxBytes=2000", "-Dbatching.maxDelay=300ms"])
            .with(&[&of("input.customEndpoint", self.aws.kinesis()), "--resolver", &resolver])
            .with(&[&of("input.dynamodbCustomEndpoint", &self.to_leases.endpoint)])
            .with(&[&of("output.good.customEndpoint", &self.to_s3.endpoint)])
            .with(&[&of("output.bad.customEndpoint", self.aws.kinesis())])
    }

    /// How often each event is in the files.
    fn counts(&self) -> BTreeMap<String, usize> {
        for key in self.s3.keys("lake") {
            assert!(key.starts_with("events/load_date=20") && key.contains("/event_name=page_"), "{key}");
        }
        counts(&self.s3)
    }
}

/// The `skipped`th call of a kind after so many others.
fn after(skipped: usize, wanted: fn(&Call) -> bool) -> impl Fn(&Call) -> bool + Send + 'static {
    let left = AtomicUsize::new(skipped);
    move |call| {
        let less = |left: usize| left.checked_sub(1);
        wanted(call) && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err()
    }
}

fn is_put(call: &Call) -> bool {
    call.method == "PUT"
}

/// What a batch will be is written to its lease.
fn is_declaration(call: &Call) -> bool {
    call.body.contains("UpdateExpression") && call.body.contains(r#"{"B":"#)
}

/// What was declared is done.
fn is_checkpoint(call: &Call) -> bool {
    call.body.contains("UpdateExpression") && call.body.contains("REMOVE") && !call.body.contains(r#"{"B":"#)
}

/// How often each event is in the files of a bucket.
fn counts(s3: &Moto) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in s3.objects("lake").into_iter().flat_map(|(_, bytes)| ids(bytes)) {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// The events of a file.
fn ids(file: impl Into<Bytes>) -> Vec<String> {
    let id = |line: &str| line.split('\t').nth(Field::EventId as usize).unwrap().to_owned();
    read::lines(file.into()).unwrap().map(|line| id(&line.unwrap())).collect()
}

/// Of the embedded log, which is quicker: a hundred times.
#[test]
fn a_hundred_times_kill_9() {
    // Good ones only.
    let numbers: Vec<usize> = (0..1200_usize).filter(|n| !n.is_multiple_of(10)).collect();
    let log = lake_weather::Site::start(&numbers.iter().map(|n| event(*n)).collect::<Vec<_>>());
    let launch = log.loader(&[
        "-Dpurpose=ENRICHED_EVENTS",
        "-Doutput.good.path=s3://lake/events",
        "-Doutput.good.fileFormat=parquet",
        &format!("-Doutput.good.customEndpoint={}", log.gate.endpoint),
        "-Doutput.bad.type=noop",
        "-Dbatching.maxBytes=1000",
        "-Dbatching.maxDelay=60s",
    ]);
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..100 {
        // Two files a batch; those that are there already are put twice.
        let skipped = random(9) as usize;
        match round % 3 {
            0 => {}
            // It is declared, and perhaps one file is there.
            1 => log.gate.on(1, Fate::Held, after(skipped, is_put)),
            // One file is there, or both, and nothing is acknowledged.
            _ => log.gate.on(1, Fate::AnswerHeld, after(skipped, is_put)),
        }
        let piste = launch.start_unready();
        if round % 3 == 0 {
            // Any moment will do.
            std::thread::sleep(Duration::from_millis(random(60)));
        } else {
            log.gate.until_held();
        }
        piste.kill();
        log.gate.let_go(false);
    }
    let before = log.s3.keys("lake").len();
    assert!(before > 20, "{before} files: the kills came in the middle of the work");
    let piste = launch.with(&["-Dbatching.maxDelay=300ms"]).start();
    let mut known = BTreeMap::new();
    wait::until_equal("events", PATIENCE, &numbers.len(), || {
        for (key, bytes) in log.s3.objects("lake") {
            known.entry(key).or_insert_with(|| ids(bytes));
        }
        known.values().flatten().collect::<BTreeSet<_>>().len()
    });
    piste.finish_well();
    let expect: BTreeMap<String, usize> = numbers.iter().map(|n| (id(*n), 1)).collect();
    assert_eq!(counts(&log.s3), expect);
}

#[test]
fn columns_are_whole_wherever_their_loader_is_killed() {
    let site = Site::start();
    let launch = site.loader();
    type Step = (fn(&Call) -> bool, bool, usize);
    let steps: [Step; 4] =
        [(is_declaration, true, 0), (is_put, false, 0), (is_put, false, 1), (is_checkpoint, true, 0)];
    for (wanted, of_leases, skipped) in steps {
        for fate in [Fate::Held, Fate::AnswerHeld] {
            let gate = if of_leases { &site.to_leases } else { &site.to_s3 };
            gate.on(1, fate, after(skipped, wanted));
            let piste = launch.start_unready();
            gate.until_held();
            piste.kill();
            gate.let_go(false);
        }
    }
    let piste = launch.start();
    let expect: BTreeMap<String, usize> =
        (0..EVENTS).filter(|n| !n.is_multiple_of(10)).map(|n| (id(n), 1)).collect();
    wait::until_equal("files", PATIENCE, &expect, || site.counts());
    piste.finish_well();
    assert_eq!(site.counts(), expect);
    // The stream of bad rows has each at least once.
    let bad = site.aws.texts("bad");
    for n in (0..EVENTS).step_by(10) {
        let told = |row: &&String| row.contains("/loader_iglu_error/") && row.contains(&id(n));
        assert!(bad.iter().any(|row| told(&row)), "{n}: {bad:?}");
    }
    let last = site.aws.last_records("enriched");
    for (shard, lease) in site.aws.leases("story") {
        assert_eq!(Some(&lease.checkpoint), last.get(&shard), "{shard} is acknowledged whole");
    }
}
