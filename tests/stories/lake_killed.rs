//! The S3 loader killed at every step between reading a record and acknowledging it, and stopped for longer than it may be:
//! each record is in exactly one file, each file has its index.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use super::lake_weather::{Site, is_put, once_each, rows};
use crate::support::{
    aws::Aws,
    gate::{Call, Fate, Gate},
    lake::gunzip,
    moto::Moto,
    piste::{Launch, PATIENCE, Piste},
    wait,
};

/// The `skipped`th call of a kind after so many others.
fn after(skipped: usize, wanted: fn(&Call) -> bool) -> impl Fn(&Call) -> bool + Send + 'static {
    let left = AtomicUsize::new(skipped);
    move |call| {
        let less = |left: usize| left.checked_sub(1);
        wanted(call) && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err()
    }
}

fn is_file(call: &Call) -> bool {
    is_put(call) && call.target.ends_with(".lzo")
}

fn is_index(call: &Call) -> bool {
    is_put(call) && call.target.ends_with(".lzo.index")
}

/// How often each record is in the files of a bucket, all of which `lzop` accepts, and how many of them have no index.
fn in_lzo(s3: &Moto) -> (BTreeMap<String, usize>, usize) {
    let folder = TempDir::new().unwrap();
    let objects: BTreeMap<String, Vec<u8>> = s3.objects("lake").into_iter().collect();
    let (indices, files): (Vec<_>, Vec<_>) = objects.iter().partition(|(key, _)| key.ends_with(".index"));
    let is_file_there = |index: &str| objects.contains_key(index.trim_end_matches(".index"));
    assert!(indices.iter().all(|(key, _)| is_file_there(key)), "an index without its file");
    let paths = files.iter().enumerate().map(|(n, (_, bytes))| {
        let path = folder.path().join(format!("{n}.lzo"));
        fs::write(&path, bytes).unwrap();
        path
    });
    let run = Command::new("lzop").arg("-dc").args(paths).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8_lossy(&run.stdout);
    let mut counts = BTreeMap::new();
    for rest in text.split(r#"{"schema""#).skip(1) {
        let (row, _) = rest.split_once("}}").expect("a whole record");
        *counts.entry(format!(r#"{{"schema"{row}}}}}"#)).or_default() += 1;
    }
    (counts, files.len() - indices.len())
}

#[test]
fn a_hundred_times_kill_9_at_every_step() {
    let records = rows(1200);
    let site = Site::start(&records);
    let launch = site.apache(&["-Dbuffer.recordLimit=3", "-Doutput.s3.compression=LZO"]).with(&[
        // One file and its index for each three records.
        "-Doutput.s3.partitionFormat=all",
        "-Dbuffer.timeLimit=60000",
    ]);
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..100 {
        let skipped = random(3) as usize;
        match round % 5 {
            0 => {}
            // It is declared, and nothing is put.
            1 => site.gate.on(1, Fate::Held, after(skipped, is_file)),
            // The file is there, and the loader does not know it.
            2 => site.gate.on(1, Fate::AnswerHeld, after(skipped, is_file)),
            // The loader knows it, and there is no index.
            3 => site.gate.on(1, Fate::Held, after(skipped, is_index)),
            // Both are there, and nothing is acknowledged.
            _ => site.gate.on(1, Fate::AnswerHeld, after(skipped, is_index)),
        }
        let piste = launch.start_unready();
        if round % 5 == 0 {
            // Any moment will do.
            std::thread::sleep(Duration::from_millis(random(120)));
        } else {
            site.gate.until_held();
        }
        piste.kill();
        site.gate.let_go(false);
    }
    let piste = launch.start_unready();
    wait::until_equal("files", PATIENCE, &800, || site.s3.keys("lake").len());
    piste.finish_well();
    assert_eq!(in_lzo(&site.s3), (once_each(&records), 0));
}

/// A stream of Kinesis with records, and gates in front of the bucket and of the table of leases.
struct Shared {
    aws: Arc<Aws>,
    s3: Moto,
    to_s3: Gate,
    to_leases: Gate,
    records: Vec<String>,
}

impl Shared {
    fn start() -> Self {
        let (aws, s3, records) = (Aws::start(), Moto::start(), rows(120));
        aws.create("rows", 1);
        s3.s3("PUT", "/lake", b"");
        aws.put("rows", records.iter().map(|row| ("k".to_owned(), row.clone().into_bytes())).collect());
        let (to_s3, to_leases) = (Gate::before(&s3.endpoint), Gate::before(aws.dynamodb()));
        Self { aws, s3, to_s3, to_leases, records }
    }

    fn worker(&self, name: &str) -> Launch {
        let of = |key: &str, value: &str| format!("-D{key}={value}");
        Launch::s3_loader()
            .variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .variable("AWS_REGION", "eu-central-1")
            .with(&["-Dpurpose=SELF_DESCRIBING", "-Dinput.streamName=rows", "-Dinput.appName=story"])
            .with(&["-Dinput.initialPosition.type=TRIM_HORIZON", "-Dinput.leaseDuration=2s"])
            .with(&["-Dinput.retrievalMode.type=Polling", "-Dinput.retrievalMode.idleTimeBetweenReads=200ms"])
            .with(&["-Doutput.s3.path=s3://lake/rows", "-Dbuffer.recordLimit=4", "-Dbuffer.timeLimit=200"])
            .with(&["-Doutput.s3.partitionFormat=all"])
            .with(&[&of("input.workerIdentifier", name), &of("input.customEndpoint", self.aws.kinesis())])
            .with(&[&of("input.dynamodbCustomEndpoint", &self.to_leases.endpoint)])
            .with(&[&of("output.s3.customEndpoint", &self.to_s3.endpoint)])
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, packed) in self.s3.objects("lake") {
            for line in gunzip(&packed).lines() {
                *counts.entry(line.to_owned()).or_default() += 1;
            }
        }
        counts
    }

    /// Waits until all is in files and acknowledged.
    fn expect_all(&self, workers: impl IntoIterator<Item = Piste>) {
        wait::until_equal("files", PATIENCE, &once_each(&self.records), || self.counts());
        for worker in workers {
            worker.finish_well();
        }
        assert_eq!(self.counts(), once_each(&self.records));
        let last = self.aws.last_records("rows");
        for (shard, lease) in self.aws.leases("story") {
            assert_eq!(Some(&lease.checkpoint), last.get(&shard), "{shard} is acknowledged whole");
        }
    }
}

/// What a batch will be is written to its lease.
fn is_declaration(call: &Call) -> bool {
    call.body.contains("UpdateExpression") && call.body.contains(r#"{"B":"#)
}

/// What was declared is done.
fn is_checkpoint(call: &Call) -> bool {
    call.body.contains("UpdateExpression") && call.body.contains("REMOVE") && !call.body.contains(r#"{"B":"#)
}

#[test]
fn killed_at_every_step_on_kinesis() {
    let shared = Shared::start();
    let launch = shared.worker("a");
    type Step = (fn(&Call) -> bool, bool);
    let steps: [Step; 3] = [(is_declaration, true), (is_put, false), (is_checkpoint, true)];
    for (wanted, of_leases) in steps.into_iter().cycle().take(6) {
        for fate in [Fate::Held, Fate::AnswerHeld] {
            let gate = if of_leases { &shared.to_leases } else { &shared.to_s3 };
            gate.on(1, fate, after(1, wanted));
            let piste = launch.start_unready();
            gate.until_held();
            piste.kill();
            gate.let_go(false);
        }
    }
    shared.expect_all([launch.start()]);
}

/// It sleeps in the middle of a put; another has its shard meanwhile, and repeats the put.
#[test]
fn a_loader_thought_dead_puts_again() {
    for fate in [Fate::Held, Fate::AnswerHeld] {
        let shared = Shared::start();
        shared.to_s3.on(1, fate, after(1, is_put));
        let asleep = shared.worker("a").start_unready();
        shared.to_s3.until_held();
        asleep.signal("STOP");
        let awake = shared.worker("b").start();
        wait::until_equal("files", PATIENCE, &once_each(&shared.records), || shared.counts());
        shared.to_s3.let_go(true);
        asleep.signal("CONT");
        wait::until("a lost lease", PATIENCE, || {
            asleep.metric("piste_consumer_lost_leases_total").filter(|lost| *lost >= 1.0)
        });
        shared.expect_all([asleep, awake]);
    }
}
