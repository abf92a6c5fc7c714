//! The S3 loader and a bucket that answers in every way it can: whatever it says, each record is in one file in the end.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use crate::support::{
    aws::Aws,
    filled_log,
    gate::{Call, Fate, Gate},
    http,
    lake::gunzip,
    moto::Moto,
    piste::{Launch, PATIENCE, Piste},
    proxy::Weather,
    wait,
};

const BUCKET: &str = "lake";

/// A bucket behind a gate, and a log with records.
pub(super) struct Site {
    pub(super) s3: Moto,
    pub(super) gate: Gate,
    pub(super) folder: TempDir,
}

impl Site {
    pub(super) fn start(records: &[String]) -> Self {
        let s3 = Moto::start();
        s3.s3("PUT", &format!("/{BUCKET}"), b"");
        let (gate, folder) = (Gate::before(&s3.endpoint), TempDir::new().unwrap());
        filled_log::fill(folder.path(), "rows", records);
        Self { s3, gate, folder }
    }

    /// A loader of these records, with more of the configuration.
    pub(super) fn loader(&self, more: &[&str]) -> Launch {
        Launch::s3_loader()
            .variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .variable("AWS_REGION", "eu-central-1")
            .with(&["-Dpurpose=SELF_DESCRIBING", "-Dinput.type=log", "-Dinput.streamName=rows"])
            .with(&[&format!("-Dlog.folder={}", self.folder.path().display())])
            .with(more)
    }

    /// With a file of the line 2.x.
    pub(super) fn apache(&self, more: &[&str]) -> Launch {
        self.loader(&[
            &format!("-Doutput.s3.path=s3://{BUCKET}/rows"),
            &format!("-Doutput.s3.customEndpoint={}", self.gate.endpoint),
            "-Dbuffer.timeLimit=200",
        ])
        .with(more)
    }

    /// How often each record is in the files.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for (_, packed) in self.s3.objects(BUCKET) {
            for line in gunzip(&packed).lines() {
                *counts.entry(line.to_owned()).or_default() += 1;
            }
        }
        counts
    }
}

/// Self-describing records of two schemas.
pub(super) fn rows(count: usize) -> Vec<String> {
    let row =
        |n: usize| format!(r#"{{"schema":"iglu:com.acme/s{}/jsonschema/1-0-0","data":{{"n":{n}}}}}"#, n % 2);
    (0..count).map(row).collect()
}

pub(super) fn once_each(records: &[String]) -> BTreeMap<String, usize> {
    records.iter().map(|record| (record.clone(), 1)).collect()
}

pub(super) fn is_put(call: &Call) -> bool {
    call.method == "PUT"
}

/// Waits until the probe says no with these words.
fn unwell(piste: &Piste, what: &str) {
    wait::until(what, PATIENCE, || {
        let answer = http::get(piste.admin, "/").ok()?;
        (answer.status == 503 && answer.text().contains(what)).then_some(())
    });
}

fn well(piste: &Piste) {
    wait::until("health", PATIENCE, || http::get(piste.admin, "/").ok().filter(|a| a.status == 200));
}

#[test]
fn answers_of_every_kind() {
    let records = rows(24);
    let site = Site::start(&records);
    // One kind for each object: two records, one of each schema, make two.
    let fates = [
        Fate::Answered(500, "InternalError"),
        Fate::Answered(503, "SlowDown"),
        // The object is not there, whatever the answer says.
        Fate::Answered(409, "ConditionalRequestConflict"),
        Fate::Answered(412, "PreconditionFailed"),
        Fate::Answered(403, "RequestTimeTooSkewed"),
        Fate::Answered(400, "RequestTimeout"),
        Fate::Cut,
        // The object is there, but nobody said so.
        Fate::Unanswered,
    ];
    for (n, fate) in fates.into_iter().enumerate() {
        let (first, schema) = (2 * (n / 2) + 1, n % 2);
        let ending = format!("-{first}-{}.gz", first + 1);
        site.gate.on(1, fate, move |call| {
            is_put(call)
                && call.target.contains(&format!("/com.acme.s{schema}/"))
                && call.target.contains(&ending)
        });
    }
    let piste = site.apache(&["-Dbuffer.recordLimit=2"]).start();
    wait::until_equal("files", PATIENCE, &once_each(&records), || site.counts());
    assert!(site.gate.is_quiet(), "every fate has come");
    well(&piste);
    assert!(piste.metric("piste_lake_failed_puts_total").is_some_and(|failed| failed >= 4.0));
    piste.finish_well();
    assert_eq!(site.counts(), once_each(&records));
}

#[test]
fn a_bucket_that_hangs_and_then_forbids() {
    let records = rows(6);
    let site = Site::start(&records);
    site.gate.on(1, Fate::Held, is_put);
    site.gate.on(1000, Fate::Answered(403, "AccessDenied"), is_put);
    let piste = site.apache(&["-Dmonitoring.healthProbe.unhealthyLatency=1s"]).start_unready();
    // What takes longer than it may is told, although nothing has failed.
    site.gate.until_held();
    unwell(&piste, "oldest work is");
    site.gate.let_go(true);
    unwell(&piste, "the credentials in use need s3:PutObject");
    site.gate.clear();
    wait::until_equal("files", PATIENCE, &once_each(&records), || site.counts());
    well(&piste);
    piste.finish_well();
}

#[test]
fn puts_that_fail_for_too_long_end_the_process() {
    let records = rows(4);
    let site = Site::start(&records);
    site.gate.on(1000, Fate::Answered(500, "InternalError"), is_put);
    let ended = site.apache(&["-Doutput.s3.maxTimeout=500"]).run();
    assert_eq!(ended.code, Some(69), "{}", ended.stderr);
    assert!(ended.stderr.contains("puts have failed for 500ms"), "{}", ended.stderr);
    site.gate.clear();
    let piste = site.apache(&[]).start();
    wait::until_equal("files", PATIENCE, &once_each(&records), || site.counts());
    piste.finish_well();
}

/// Poisoned records among good ones, and nobody to take them for a while: their neighbours are in files, and nothing is
/// acknowledged before they are told of.
#[test]
fn the_stream_of_bad_rows_is_away() {
    let good = rows(4);
    let mut records = good.clone();
    records.insert(1, "no JSON".into());
    records.insert(3, r#"{"schema":"iglu:com.acme/s0/jsonschema/1-0-0"}"#.into());
    let site = Site::start(&records);
    let aws = Aws::start();
    aws.create("bad", 1);
    let to_bad = aws.proxy(aws.kinesis());
    let current = site.loader(&[
        &format!("-Doutput.good.path=s3://{BUCKET}/rows"),
        &format!("-Doutput.good.customEndpoint={}", site.gate.endpoint),
        "-Doutput.bad.streamName=bad",
        "-Doutput.bad.region=eu-central-1",
        &format!("-Doutput.bad.customEndpoint={}", to_bad.endpoint),
        "-Dbatching.maxDelay=100ms",
    ]);
    site.gate.on(1, Fate::Held, is_put);
    let piste = current.start_unready();
    site.gate.until_held();
    to_bad.is(Weather::Broken);
    site.gate.let_go(true);
    wait::until_equal("files", PATIENCE, &once_each(&good), || site.counts());
    unwell(&piste, "bad rows");
    assert_eq!(piste.metric("piste_lake_bad_total"), None);
    // Its successor does the same again.
    piste.kill();
    to_bad.is(Weather::Fair);
    let piste = current.start();
    wait::until("bad rows", PATIENCE, || (aws.texts("bad").len() == 2).then_some(()));
    well(&piste);
    piste.finish_well();
    assert_eq!(site.counts(), once_each(&good));
    let payload = |row: &String| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let payload = STANDARD.decode(row["data"]["payload"].as_str().unwrap()).unwrap();
        String::from_utf8(payload).unwrap()
    };
    let poisoned: Vec<String> = aws.texts("bad").iter().map(payload).collect();
    assert_eq!(poisoned, [records[1].clone(), records[3].clone()]);
}
