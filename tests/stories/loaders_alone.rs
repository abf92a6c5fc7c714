//! The loaders alone, each a process of its own: collector, Kinesis, enricher, Kinesis, loaders. Whatever dies or goes away,
//! each record of the stream of enriched events is in exactly one file, and each event is in Postgres exactly once.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    sync::Arc,
};

use event::atomic::FIELDS;
use flate2::read::GzDecoder;
use serde_json::json;
use tempfile::TempDir;

use super::{crashes::exactly_once, enrich_alone::collect};
use crate::support::{
    aws::Aws,
    database::Database,
    http,
    load::{self, Load, Outcome, Shape},
    moto::Moto,
    piste::{Launch, PATIENCE, Piste},
    postgres::Postgres,
    proxy::{Proxy, Weather},
    wait,
};

const BUCKET: &str = "lake";

/// Everything but the loaders, and what these are started with.
struct Site {
    aws: Arc<Aws>,
    s3: Moto,
    /// Between the loader and S3.
    to_s3: Proxy,
    postgres: Postgres,
    folder: TempDir,
}

/// Who brings events into the stream.
struct Front {
    collector: Piste,
    enrich: Piste,
}

impl Site {
    fn start() -> Self {
        let aws = Aws::start();
        for (stream, shards) in [("raw", 1), ("enriched", 2), ("bad", 1)] {
            aws.create(stream, shards);
        }
        let s3 = Moto::start();
        let to_s3 = aws.proxy(&s3.endpoint);
        let site = Self { aws, s3, to_s3, postgres: Postgres::start(), folder: TempDir::new().unwrap() };
        fs::create_dir(site.path("registry")).unwrap();
        let resolver = json!({
            "schema": "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-1",
            "data": {"cacheSize": 500, "repositories": [{
                "name": "folder", "priority": 0, "vendorPrefixes": [],
                "connection": {"embedded": {"path": site.text("registry")}},
            }]},
        });
        fs::write(site.path("resolver.json"), resolver.to_string()).unwrap();
        site
    }

    fn make_bucket(&self) {
        self.s3.s3("PUT", &format!("/{BUCKET}"), b"");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A role with a file of this text, in which `SOURCE` and `STREAM` say how Kinesis is reached.
    fn launch(&self, role: Launch, name: &str, config: &str) -> Launch {
        let stream = format!("region = eu-central-1, customEndpoint = \"{}\"", self.aws.kinesis());
        let source = format!(
            r#"{stream}, dynamodbCustomEndpoint = "{}", workerIdentifier = story, leaseDuration = 2 seconds
            appName = {name}, initialPosition {{ type = TRIM_HORIZON }}
            retrievalMode {{ type = Polling, idleTimeBetweenReads = 200 ms }}"#,
            self.aws.dynamodb()
        );
        let file = self.path(&format!("{name}.hocon"));
        fs::write(&file, config.replace("SOURCE", &source).replace("STREAM", &stream)).unwrap();
        role.variable("AWS_ACCESS_KEY_ID", "key")
            .variable("AWS_SECRET_ACCESS_KEY", "secret")
            .variable("AWS_REGION", "eu-central-1")
            .with(&["--config", &file.display().to_string()])
    }

    fn front(&self) -> Front {
        let config = "collector.streams {
            good { name = raw, enabled = kinesis, STREAM }
            bad { name = bad, enabled = kinesis, STREAM }
        }";
        let collector = self.launch(Launch::collector(self.folder.path()), "collector", config).start();
        let config = "input { streamName = raw, SOURCE }
            output { good { streamName = enriched, STREAM }, bad { streamName = bad, STREAM } }";
        let enrich = self.launch(Launch::enrich(self.folder.path()), "enrich", config);
        let enrich = enrich.with(&["--iglu-config", &self.text("resolver.json")]).start();
        Front { collector, enrich }
    }

    /// With a file of the line 3.x.
    fn s3_loader(&self) -> Launch {
        let config = format!(
            r#"
            purpose = ENRICHED_EVENTS
            input {{ streamName = enriched, SOURCE }}
            output {{
              good {{ path = "s3://{BUCKET}/events", partitionFormat = "{{yyyy}}", customEndpoint = "{}" }}
              bad {{ streamName = bad, STREAM }}
            }}
            batching {{ maxBytes = 100000, maxDelay = 300 ms }}
            "#,
            self.to_s3.endpoint
        );
        self.launch(Launch::s3_loader(), "s3-loader", &config)
    }

    fn postgres_loader(&self) -> Launch {
        let config = format!(
            r#"
            purpose = ENRICHED_EVENTS
            input {{ type = Kinesis, streamName = enriched, SOURCE, checkpointSettings.maxBatchWait = 500 ms }}
            output {{
              good {{ type = Postgres, host = "{}", database = postgres, username = postgres, sslMode = DISABLE }}
              bad {{ type = Kinesis, streamName = bad, STREAM }}
            }}
            batching.maxDelay = 100 ms
            "#,
            self.postgres.host()
        );
        let launch = self.launch(Launch::postgres_loader(), "postgres-loader", &config);
        launch.with(&["--resolver", &self.text("resolver.json")])
    }

    /// The lines of all files.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, packed) in self.s3.objects(BUCKET) {
            assert!(key.starts_with("events/2"), "{key}");
            let mut text = String::new();
            GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap_or_else(|e| panic!("{key}: {e}"));
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    /// How often each event is in the files.
    fn in_files(&self) -> BTreeMap<String, usize> {
        counts(self.lines())
    }

    /// Waits until files and database hold what was promised, and compares both with the stream, record by record.
    fn expect(&self, promised: &Outcome) {
        exactly_once(promised, || self.in_files(), "the files");
        let database = Database::connect(&self.postgres.url());
        exactly_once(promised, || database.ids("events", "event_id"), "Postgres");
        let pages = "com_snowplowanalytics_snowplow_web_page_1";
        exactly_once(promised, || database.ids(pages, "root_id"), "the entity's table");
        let (mut found, mut written) = (self.lines(), self.aws.texts("enriched"));
        found.sort_unstable();
        written.sort_unstable();
        assert!(found == written, "each record of the stream is in the files, once and as it was");
        assert_eq!(self.aws.texts("bad"), Vec::<String>::new());
    }
}

impl Front {
    fn load(&self) -> Load {
        load::start(self.collector.collector, Shape { connections: 2, ..Shape::default() })
    }

    fn finish(self) {
        self.collector.finish_well();
        self.enrich.finish_well();
    }
}

fn counts(lines: Vec<String>) -> BTreeMap<String, usize> {
    let id = FIELDS.iter().position(|field| field.name() == "event_id").unwrap();
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line.split('\t').nth(id).unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Waits until a process has done so much more of what a metric counts.
fn until_more(piste: &Piste, metric: &str, more: f64) {
    wait::until(metric, PATIENCE, || piste.metric(metric).filter(|done| *done >= more));
}

/// Waits until a probe says this.
fn unwell(piste: &Piste, what: &str) {
    wait::until(what, PATIENCE, || {
        let answer = http::get(piste.admin, "/").ok()?;
        (answer.status == 503 && answer.text().contains(what)).then_some(())
    });
}

#[test]
fn loaders_die_under_load() {
    let site = Site::start();
    site.make_bucket();
    let front = site.front();
    let (s3_loader, postgres_loader) = (site.s3_loader(), site.postgres_loader());
    let load = front.load();
    for round in 0..4_u32 {
        let (files, rows) = (s3_loader.start(), postgres_loader.start());
        // Every round at another moment: as soon as something is read, after the first of many steps, and later.
        let steps = f64::from(round);
        until_more(&files, "piste_consumer_records_total", 1.0);
        until_more(&files, "piste_lake_objects_total", steps);
        files.kill();
        until_more(&rows, "piste_consumer_records_total", 1.0);
        until_more(&rows, "piste_postgres_events_total", steps * 10.0);
        rows.kill();
    }
    let promised = load.stop();
    assert!(promised.refused.is_empty() && promised.unanswered.is_empty(), "{:?}", promised.statuses);
    let (files, rows) = (s3_loader.start(), postgres_loader.start());
    site.expect(&promised);
    front.finish();
    files.finish_well();
    rows.finish_well();
    for application in ["s3-loader", "postgres-loader"] {
        let leases = site.aws.leases(application);
        assert_eq!(leases.len(), 2, "{leases:?}");
        let last = site.aws.last_records("enriched");
        for (shard, lease) in leases {
            assert_eq!(lease.owner, None, "{shard} of {application} was given back");
            let last = last.get(&shard).map_or("TRIM_HORIZON", String::as_str);
            assert_eq!(lease.checkpoint, last, "{shard} of {application} is acknowledged whole");
        }
    }
}

/// One stops for longer than its leases live, another takes its place, and then it goes on where it stood.
#[test]
fn loaders_thought_dead_go_on() {
    let site = Site::start();
    site.make_bucket();
    let front = site.front();
    let load = front.load();
    let worker = |launch: &Launch, name: &str| {
        launch.clone().with(&[&format!("-Dinput.workerIdentifier={name}")]).start()
    };
    let roles = [("s3-loader", site.s3_loader()), ("postgres-loader", site.postgres_loader())];
    let share = |shares: &[(&str, usize)]| {
        let shares: BTreeMap<_, _> =
            shares.iter().map(|(name, leases)| ((*name).to_owned(), *leases)).collect();
        for (application, _) in &roles {
            wait::until_equal("shares", PATIENCE, &shares, || site.aws.shares(application));
        }
    };
    let mut workers = Vec::new();
    for name in ["a", "b"] {
        workers.push(roles.each_ref().map(|(_, launch)| worker(launch, name)));
    }
    share(&[("a", 1), ("b", 1)]);
    for (asleep, other) in [(0, "b"), (1, "a")] {
        for piste in &workers[asleep] {
            until_more(piste, "piste_consumer_records_total", 1.0);
            piste.signal("STOP");
        }
        share(&[(other, 2)]);
        workers[asleep].iter().for_each(|piste| piste.signal("CONT"));
        share(&[("a", 1), ("b", 1)]);
    }
    let promised = load.stop();
    site.expect(&promised);
    front.finish();
    workers.into_iter().flatten().for_each(|piste| drop(piste.finish_well()));
}

#[test]
fn bucket_and_database_go_away_for_a_while() {
    let mut site = Site::start();
    let front = site.front();
    let files = site.s3_loader().start_unready();
    unwell(&files, "there is no such bucket");
    site.make_bucket();
    let rows = site.postgres_loader().start();
    let mut promised = Outcome { retry_after: true, ..Outcome::default() };
    for weather in [Weather::Broken, Weather::Silent] {
        let load = front.load();
        until_more(&files, "piste_lake_objects_total", 1.0);
        until_more(&rows, "piste_postgres_events_total", 1.0);
        site.to_s3.is(weather);
        site.postgres.crash();
        unwell(&rows, "postgres");
        if weather == Weather::Broken {
            unwell(&files, "put of 2");
        }
        promised.add(load.stop());
        site.to_s3.is(Weather::Fair);
        site.postgres.resume();
        site.expect(&promised);
    }
    assert!(promised.refused.is_empty() && promised.unanswered.is_empty(), "{:?}", promised.statuses);
    for piste in [&files, &rows] {
        wait::until("health", PATIENCE, || http::get(piste.admin, "/").ok().filter(|a| a.status == 200));
    }
    front.finish();
    files.finish_well();
    rows.finish_well();
}

/// Bad rows as files, in a file of the line 2.x; and what is no bad row, in one of the line 3.x.
#[test]
fn rows_and_what_is_none() {
    let site = Site::start();
    site.make_bucket();
    let rows = [
        r#"{"schema":"iglu:com.acme/a/jsonschema/1-0-0","data":{}}"#,
        "no JSON",
        r#"{"schema":"iglu:com.acme/b/jsonschema/2-0-0","data":{}}"#,
    ];
    site.aws.put("raw", rows.map(|row| (row.to_owned(), row.as_bytes().to_vec())).to_vec());
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    let apache = format!(
        r#"
        region = eu-central-1
        purpose = SELF_DESCRIBING
        input {{ streamName = raw, SOURCE, position = LATEST, maxRecords = 10 }}
        output.s3 {{ path = "s3://{BUCKET}/apache/", filenamePrefix = pre, compression = GZIP, maxTimeout = 60000
          customEndpoint = "{0}" }}
        output.bad.streamName = bad
        buffer {{ byteLimit = 2048, recordLimit = 3, timeLimit = 60000 }}
        "#,
        site.s3.endpoint
    );
    let current = format!(
        r#"
        purpose = SELF_DESCRIBING
        input {{ streamName = raw, SOURCE }}
        output {{ good {{ path = "s3://{BUCKET}/current/", customEndpoint = "{0}" }}, bad {{ streamName = bad, STREAM }} }}
        batching {{ maxBytes = 1000, maxDelay = 100 ms }}
        monitoring.metrics.statsd {{ hostname = "127.0.0.1", port = {1}, period = 100 ms, tags {{ env = story }} }}
        "#,
        site.s3.endpoint,
        statsd.local_addr().unwrap().port()
    );
    let apache = site.launch(Launch::s3_loader(), "apache", &apache).start();
    let current = site.launch(Launch::s3_loader(), "current", &current).start();
    let folders = || {
        let objects = site.s3.objects(BUCKET);
        let folder = |key: &str| key.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        objects.iter().filter_map(|(key, _)| folder(key)).collect::<Vec<_>>()
    };
    let expect = ["apache/com.acme.a", "apache/com.acme.b", "apache/unknown.unknown"];
    let expect = expect.into_iter().chain(["current/com.acme.a", "current/com.acme.b"]);
    let expect: Vec<String> = expect.map(str::to_owned).collect();
    wait::until_equal("files", PATIENCE, &expect, folders);
    let rejected = wait::until("a bad row", PATIENCE, || site.aws.texts("bad").pop());
    let rejected: serde_json::Value = serde_json::from_str(&rejected).unwrap();
    assert!(rejected["schema"].as_str().unwrap().contains("/generic_error/"), "{rejected}");
    assert_eq!(rejected["data"]["processor"]["artifact"], "snowplow-s3-loader");
    assert_eq!(current.metric("piste_lake_bad_total"), Some(1.0));
    statsd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut datagram = [0; 4096];
    let mut told = String::new();
    for line in ["snowplow.s3loader.count:2|c|#env:story", "snowplow.s3loader.latency_millis:"] {
        while !told.contains(line) {
            let bytes = statsd.recv(&mut datagram).unwrap_or_else(|_| panic!("{line} is not in {told}"));
            told.push_str(&String::from_utf8_lossy(&datagram[..bytes]));
        }
    }
    let prefixed = |key: &str| key.starts_with("apache/com.acme.a/pre-2");
    assert!(site.s3.objects(BUCKET).iter().any(|(key, _)| prefixed(key)));
    apache.finish_well();
    current.finish_well();
    assert_eq!(site.aws.texts("bad").len(), 1);
}

/// Refuses whatever it is asked for, as S3 does.
fn refusing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut request = BufReader::new(&stream);
            let mut length = 0;
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                length = header.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap());
                line.clear();
            }
            let body = "<Error><Code>AccessDenied</Code></Error>";
            let head =
                format!("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: {}", body.len());
            if request.read_exact(&mut vec![0; length]).is_ok() {
                // Who has gone does not want to know.
                let _gone = (&stream).write_all(format!("{head}\r\n\r\n{body}").as_bytes());
            }
        }
    });
    address
}

#[test]
fn what_is_not_allowed_is_said() {
    let folder = TempDir::new().unwrap();
    collect(folder.path());
    let loader = Launch::s3_loader()
        .variable("AWS_ACCESS_KEY_ID", "key")
        .variable("AWS_SECRET_ACCESS_KEY", "secret")
        .with(&["-Dpurpose=RAW", "-Dinput.type=log", "-Dinput.streamName=raw", "-Dbuffer.recordLimit=1"])
        .with(&["-Dregion=eu-central-1", "-Doutput.s3.path=s3://theirs/events"])
        .with(&[&format!("-Dlog.folder={}", folder.path().display())])
        .with(&[&format!("-Doutput.s3.customEndpoint=http://{}", refusing())])
        .start_unready();
    unwell(&loader, "the credentials in use need s3:PutObject");
}

#[test]
fn what_cannot_be_ends_the_start() {
    let folder = TempDir::new().unwrap();
    let check = |role: Launch, arguments: &[&str], code: i32, said: &str| {
        let ended = role.with(arguments).run();
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{said}\n{}", ended.stderr);
    };
    check(Launch::s3_loader(), &[], 78, "`purpose`: is required");
    check(Launch::postgres_loader(), &[], 78, "`output.good.host`: is required");
    let log = format!("-Dlog.folder={}", folder.path().display());
    let lake = format!("-Doutput.s3.path={}", folder.path().join("lake").display());
    let files = ["-Dpurpose=RAW", "-Dinput.type=log", log.as_str(), lake.as_str()];
    check(Launch::s3_loader(), &[&files[..], &["-Dinput.streamName=../x"]].concat(), 78, "name of a folder");
    let first = Launch::s3_loader().with(&files).start();
    check(Launch::s3_loader(), &files, 69, "");
    first.finish_well();

    // A stream that is not there, and a service that is not.
    let aws = Aws::start();
    let kinesis = format!("-Dinput.customEndpoint={}", aws.kinesis());
    let dynamodb = format!("-Dinput.dynamodbCustomEndpoint={}", aws.dynamodb());
    let of_kinesis = ["-Dpurpose=RAW", "-Dinput.streamName=none", "-Dregion=eu-central-1", &lake, &dynamodb];
    let role = || {
        Launch::s3_loader().variable("AWS_ACCESS_KEY_ID", "key").variable("AWS_SECRET_ACCESS_KEY", "secret")
    };
    let missing = "Kinesis stream `none` in eu-central-1";
    check(role(), &[&of_kinesis[..], &[&kinesis]].concat(), 69, missing);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("-Dinput.customEndpoint=http://{nobody}");
    check(role(), &[&of_kinesis[..], &[&nobody]].concat(), 69, "brought no answer");
}
