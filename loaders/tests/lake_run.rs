//! The loop over a stream in memory: limits, crashes at every step, failing puts, drain, lost shards.

#[path = "support/steps.rs"]
mod steps;

use std::{collections::BTreeMap, io::Read, net::UdpSocket, sync::Arc, time::Duration};

use event::payload::frame::{Compression, FrameWriter};
use loaders::lake::{
    buffer::{Buffer, Limits},
    client::Destination,
    config::{LakeConfig, Purpose},
    pending::Note,
    run::run,
    template::Template,
};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory};
use service::{
    context::Context,
    exit::{ExitCode, RunError},
    statsd,
};
use stream::{
    consumer::{Checkpoint, Pending, Start},
    memory::Memory,
    producer::Route,
    record::{Position, Record, ShardId},
};

use self::steps::{Stepped, Steps};

fn config(purpose: Purpose, records: u64) -> LakeConfig {
    LakeConfig { limits: Limits { records, bytes: 1 << 20, ..Limits::NONE }, ..LakeConfig::new(purpose) }
}

async fn append(stream: &Memory, shard: u32, payloads: impl IntoIterator<Item = String>) {
    let records = payloads.into_iter().map(|p| Record::new("k", p)).collect();
    stream.producer().append(records, Route::Shard(ShardId::numbered(shard))).await.expect("room");
}

fn numbered(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("event {n}")).collect()
}

fn in_memory() -> (Arc<InMemory>, Destination) {
    let store = Arc::new(InMemory::new());
    (store.clone(), Destination::store(store, "lake".into()))
}

/// All objects: the name without its time stamp -> its lines.
async fn objects(store: &InMemory) -> BTreeMap<String, Vec<String>> {
    let mut out = BTreeMap::new();
    for meta in store.list_with_delimiter_all().await {
        let bytes = store.get(&meta).await.expect("there").bytes().await.expect("bytes");
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_ref()).read_to_string(&mut text).expect("gzip");
        let key = meta.as_ref().strip_prefix("lake/").expect("below the prefix").to_owned();
        let (folder, file) = key.rsplit_once('/').map_or(("", key.as_str()), |(folder, file)| (folder, file));
        let (prefix, file) = file.strip_prefix("other-").map_or(("", file), |file| ("other-", file));
        assert_eq!(file.as_bytes()[17], b'-', "{file} begins with a time stamp");
        let lines = text.split_terminator('\n').map(str::to_owned).collect();
        assert!(out.insert(format!("{folder}:{prefix}{}", &file[18..]), lines).is_none(), "{key} twice");
    }
    out
}

trait ListAll {
    async fn list_with_delimiter_all(&self) -> Vec<object_store::path::Path>;
}

impl ListAll for InMemory {
    async fn list_with_delimiter_all(&self) -> Vec<object_store::path::Path> {
        use futures_util::TryStreamExt;
        self.list(None).map_ok(|meta| meta.location).try_collect().await.expect("a listing")
    }
}

/// Runs until the consumer has acknowledged `last` in every shard, then drains.
async fn run_until(stream: &Memory, last: &[u64], config: LakeConfig, destination: Destination) {
    let steps = Steps::crash_at(u32::MAX);
    let consumer = Stepped(stream.consumer("lake", Start::Oldest), steps.clone());
    let context = Context::default();
    let task = tokio::spawn(run(config, Box::new(consumer), destination, None, context.clone()));
    let done = || {
        stream.shards().iter().zip(last).all(|(shard, last)| {
            let checkpoint = stream.checkpoint("lake", shard).unwrap_or_default();
            checkpoint.acknowledged == Some(Position::from(*last)) && checkpoint.pending.is_none()
        })
    };
    let idle = done();
    while !done() {
        steps.saved.notified().await;
    }
    context.drain.request();
    task.await.expect("no panic").expect("a clean end");
    // With nothing left to do the drain may come before the destination has been reached.
    assert!(idle || context.health.is_healthy(), "{:?}", context.health.statements());
}

/// Runs until the step at which it crashes; `false` when it never comes so far.
async fn run_and_crash(stream: &Memory, step: u32, config: LakeConfig, destination: Destination) -> bool {
    let steps = Steps::crash_at(step);
    let consumer = Stepped(stream.consumer("lake", Start::Oldest), steps.clone());
    let context = Context::default();
    let running = run(config, Box::new(consumer), destination, None, context);
    tokio::select! {
        biased;
        () = steps.crashed.notified() => true,
        _ = running => panic!("the loader ended by itself"),
        () = tokio::time::sleep(Duration::from_secs(60)) => false,
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_gives_the_same_objects() {
    let expect: BTreeMap<String, Vec<String>> = [
        (":1-3.gz".to_owned(), numbered(0..3)),
        (":4-6.gz".to_owned(), numbered(3..6)),
        (":7-8.gz".to_owned(), numbered(6..8)),
    ]
    .into();
    // Three batches, two saves each, two steps each.
    for first in 1..=13 {
        for second in 1..=13 {
            let stream = Memory::new("enriched", 1);
            append(&stream, 0, numbered(0..8)).await;
            let (store, destination) = in_memory();
            let config = || config(Purpose::EnrichedEvents, 3);
            let crashed = run_and_crash(&stream, first, config(), destination.clone()).await;
            assert_eq!(crashed, first <= 12);
            if crashed {
                run_and_crash(&stream, second, config(), destination.clone()).await;
            }
            run_until(&stream, &[8], config(), destination).await;
            assert_eq!(objects(&store).await, expect, "crashes at {first} and {second}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_configuration_does_not_rename_a_declared_batch() {
    let stream = Memory::new("bad", 1);
    let row = |name: &str| format!(r#"{{"schema":"iglu:com.acme/{name}/jsonschema/1-0-0","data":{{}}}}"#);
    append(&stream, 0, [row("a"), row("b"), "no JSON".into(), row("a")]).await;
    let (store, destination) = in_memory();
    // Step 3 is the save after the objects were put.
    assert!(run_and_crash(&stream, 3, config(Purpose::SelfDescribing, 3), destination.clone()).await);
    let other = config(Purpose::EnrichedEvents, 2).with_file_prefix("other", "-").expect("a prefix");
    run_until(&stream, &[4], other, destination).await;
    let found = objects(&store).await;
    assert_eq!(found["com.acme.a:1-3.gz"], [row("a")]);
    assert_eq!(found["com.acme.b:1-3.gz"], [row("b")]);
    assert_eq!(found["unknown.unknown:1-3.gz"], ["no JSON"]);
    assert_eq!(found.len(), 4, "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn batches_close_by_bytes_and_by_time() {
    let stream = Memory::new("enriched", 2);
    let (store, destination) = in_memory();
    append(&stream, 0, numbered(0..3)).await;
    append(&stream, 1, numbered(3..4)).await;
    let config = LakeConfig {
        limits: Limits { records: 100, bytes: 14, ..Limits::NONE },
        time_limit: Duration::from_secs(3600),
        ..LakeConfig::new(Purpose::EnrichedEvents)
    };
    run_until(&stream, &[3, 1], config, destination).await;
    let expect: BTreeMap<String, Vec<String>> = [
        (":1-2.gz".to_owned(), numbered(0..2)),
        (":3-3.gz".to_owned(), numbered(2..3)),
        (":1-1-shardId-000000000001.gz".to_owned(), numbered(3..4)),
    ]
    .into();
    assert_eq!(objects(&store).await, expect);
}

#[tokio::test(start_paused = true)]
async fn large_batches_keep_every_record() {
    let stream = Memory::new("raw", 1);
    let (store, destination) = in_memory();
    let payloads: Vec<String> = (0..3000_u32).map(|n| format!("{n} {}", "x".repeat(200))).collect();
    append(&stream, 0, payloads.clone()).await;
    run_until(&stream, &[3000], config(Purpose::Raw, 700), destination).await;
    let mut found: Vec<String> = objects(&store).await.into_values().flatten().collect();
    found.sort_by_key(|line| line.split(' ').next().and_then(|n| n.parse::<u32>().ok()));
    assert_eq!(found, payloads);
    assert_eq!(objects(&store).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn payloads_of_compressed_raw_records_lie_one_by_one() {
    let compressed = |compression, payloads: &[&str]| {
        let mut writer = FrameWriter::new(compression, 6).expect("memory");
        writer.open(10_000).expect("memory");
        for payload in payloads {
            assert!(writer.push(payload.as_bytes()).expect("memory"));
        }
        writer.finish().expect("memory")
    };
    let stream = Memory::new("raw", 1);
    let (store, destination) = in_memory();
    let empty = compressed(Compression::Gzip, &[]);
    let records = [
        compressed(Compression::Zstd, &["one", "two"]),
        b"three".to_vec(),
        compressed(Compression::Gzip, &["four"]),
    ];
    let records = records.map(|data| Record::new("k", data)).to_vec();
    stream.producer().append(records, Route::Shard(ShardId::numbered(0))).await.expect("room");
    run_until(&stream, &[3], config(Purpose::Raw, 4), destination).await;
    let found = objects(&store).await;
    assert_eq!(found.into_values().collect::<Vec<_>>(), [["one", "two", "three", "four"]]);

    // What is damaged or holds nothing stays as it is.
    for damaged in [&empty[..], &empty[..9], b"\x28\xb5\x2f\xfd"] {
        let mut buffer = Buffer::new(Purpose::Raw, Template::parse("").expect("a template"));
        buffer.push(Position::from(1), damaged);
        assert_eq!(buffer.records(), 1);
        let file = buffer.finish().objects.remove(0).packed.bytes;
        let mut lines = Vec::new();
        flate2::read::GzDecoder::new(&file[..]).read_to_end(&mut lines).expect("gzip");
        assert_eq!(lines, [damaged, b"\n"].concat());
    }
}

#[tokio::test(start_paused = true)]
async fn drain_closes_what_is_open() {
    let stream = Memory::new("enriched", 1);
    let (store, destination) = in_memory();
    append(&stream, 0, numbered(0..2)).await;
    let context = Context::default();
    let lake = LakeConfig { time_limit: Duration::from_secs(3600), ..config(Purpose::EnrichedEvents, 100) };
    let consumer = stream.consumer("lake", Start::Oldest);
    let task = tokio::spawn(run(lake, consumer, destination, None, context.clone()));
    // The clock is paused: this passes when everything else waits.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(objects(&store).await.is_empty());
    context.drain.request();
    task.await.expect("no panic").expect("a clean end");
    assert_eq!(objects(&store).await[":1-2.gz"], numbered(0..2));
    let checkpoint = stream.checkpoint("lake", &ShardId::numbered(0)).expect("opened");
    assert_eq!(checkpoint, Checkpoint { acknowledged: Some(Position::from(2)), pending: None });
}

#[tokio::test(start_paused = true)]
async fn a_failing_folder_moves_no_checkpoint_and_is_tried_again() {
    let stream = Memory::new("enriched", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let destination = Destination::folder(folder.path()).expect("a destination");
    let context = Context::default();
    let consumer = stream.consumer("lake", Start::Oldest);
    let config = config(Purpose::EnrichedEvents, 2);
    let task = tokio::spawn(run(config, consumer, destination, None, context.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(context.health.is_healthy());
    let partial = folder.path().join("~partial");
    std::fs::remove_dir_all(&partial).expect("made at opening");
    std::fs::write(&partial, "in the way").expect("written");
    append(&stream, 0, numbered(0..2)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let statement = context.health.statements().remove(0);
    assert_eq!(statement.name, "lake.enriched");
    assert!(statement.trouble.is_some_and(|trouble| trouble.starts_with("put of ")));
    let checkpoint = stream.checkpoint("lake", &ShardId::numbered(0)).expect("opened");
    assert_eq!(checkpoint.acknowledged, None);
    std::fs::remove_file(&partial).expect("removed");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(context.health.is_healthy(), "{:?}", context.health.statements());
    let checkpoint = stream.checkpoint("lake", &ShardId::numbered(0)).expect("opened");
    assert_eq!(checkpoint.acknowledged, Some(Position::from(2)));
    context.drain.request();
    task.await.expect("no panic").expect("a clean end");
}

#[tokio::test(start_paused = true)]
async fn puts_that_fail_for_too_long_end_the_run() {
    let stream = Memory::new("enriched", 1);
    let folder = tempfile::tempdir().expect("a folder");
    let destination = Destination::folder(folder.path()).expect("a destination");
    append(&stream, 0, numbered(0..2)).await;
    let config =
        LakeConfig { max_timeout: Some(Duration::from_secs(300)), ..config(Purpose::EnrichedEvents, 100) };
    let consumer = stream.consumer("lake", Start::Oldest);
    let task = tokio::spawn(run(config, consumer, destination, None, Context::default()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let partial = folder.path().join("~partial");
    std::fs::remove_dir_all(&partial).expect("made at opening");
    std::fs::write(&partial, "in the way").expect("written");
    let error = task.await.expect("no panic").expect_err("it gives up");
    assert_eq!(error.code, ExitCode::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_lost_shard_is_forgotten_and_read_by_its_new_owner() {
    let stream = Memory::new("enriched", 1);
    let (store, destination) = in_memory();
    append(&stream, 0, numbered(0..2)).await;
    let context = Context::default();
    let slow = LakeConfig { time_limit: Duration::from_secs(30), ..config(Purpose::EnrichedEvents, 100) };
    let consumer = stream.consumer("lake", Start::Oldest);
    let first = tokio::spawn(run(slow, consumer, destination.clone(), None, context.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    append(&stream, 0, numbered(2..4)).await;
    run_until(&stream, &[4], config(Purpose::EnrichedEvents, 2), destination).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    context.drain.request();
    let _: Result<(), RunError> = first.await.expect("no panic");
    let found: Vec<String> = objects(&store).await.into_values().flatten().collect();
    assert_eq!(found, numbered(0..4));
}

#[tokio::test(start_paused = true)]
async fn a_declared_batch_whose_records_are_gone_is_reported() {
    let check = async |note: Vec<u8>, up_to: u64, part: &str| {
        let stream = Memory::new("enriched", 1);
        append(&stream, 0, numbered(0..5)).await;
        let (shard, (store, destination)) = (ShardId::numbered(0), in_memory());
        let pending = Some(Pending { up_to: Position::from(up_to), note: note.into() });
        let checkpoint = Checkpoint { acknowledged: Some(Position::from(2)), pending };
        stream
            .consumer("lake", Start::Oldest)
            .checkpointer()
            .save(&shard, checkpoint.clone())
            .await
            .expect("saved");
        let consumer = stream.consumer("lake", Start::Oldest);
        let config = config(Purpose::EnrichedEvents, 3);
        let error = run(config, consumer, destination, None, Context::default()).await.expect_err("loud");
        assert_eq!(error.code, ExitCode::Unavailable);
        assert!(error.message.contains(part), "{error}");
        assert_eq!(stream.checkpoint("lake", &shard), Some(checkpoint), "nothing has moved");
        assert!(objects(&store).await.is_empty());
    };
    let stamp = "2026-01-02T03:04:05Z".parse().expect("a time stamp");
    let config = config(Purpose::EnrichedEvents, 3);
    let note = |first: u64, last: u64| Note::new(&config, stamp, first.into(), last.into()).encode();
    check(note(1, 4), 4, "goes from 1 to 4, the stream has 3 to 4").await;
    check(b"{}".to_vec(), 4, "unreadable").await;
    let later = String::from_utf8(note(3, 4)).expect("JSON").replace("\"v\":1", "\"v\":2");
    check(later.into_bytes(), 4, "of version 2").await;
}

/// Where reading began at the newest record nothing before it is acknowledged, and another start begins elsewhere.
#[tokio::test(start_paused = true)]
async fn a_declared_batch_is_found_again_although_nothing_was_acknowledged() {
    let stream = Memory::new("enriched", 1);
    append(&stream, 0, numbered(0..5)).await;
    let (shard, (store, destination)) = (ShardId::numbered(0), in_memory());
    let config = config(Purpose::EnrichedEvents, 3);
    let stamp = "2026-01-02T03:04:05Z".parse().expect("a time stamp");
    let note = Note::new(&config, stamp, 3.into(), 4.into()).encode();
    let pending = Some(Pending { up_to: Position::from(4), note: note.into() });
    let checkpointer = stream.consumer("lake", Start::Newest).checkpointer();
    checkpointer.save(&shard, Checkpoint { acknowledged: None, pending }).await.expect("saved");
    run_until(&stream, &[5], config, destination).await;
    let expect = [(":3-4.gz".to_owned(), numbered(2..4)), (":5-5.gz".to_owned(), numbered(4..5))];
    assert_eq!(objects(&store).await, expect.into());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_becomes_bad_rows() {
    let row = r#"{"schema":"iglu:com.acme/a/jsonschema/1-0-0","data":{}}"#;
    let mut writer = FrameWriter::new(Compression::Zstd, 6).expect("memory");
    writer.open(10_000).expect("memory");
    for payload in [row, &"x".repeat(100)] {
        assert!(writer.push(payload.as_bytes()).expect("memory"));
    }
    let packed = writer.finish().expect("memory");
    let records = [
        packed.clone(),
        b"no JSON".to_vec(),
        br#"{"schema":"iglu:com.acme/a/jsonschema/1-0-0"}"#.to_vec(),
        br#"{"schema":"iglu:a","data":null}"#.to_vec(),
        packed[..packed.len() / 2].to_vec(),
        row.as_bytes().to_vec(),
    ];
    let (stream, bad) = (Memory::new("rows", 1), Memory::new("bad", 1));
    let records = records.map(|data| Record::new("k", data)).to_vec();
    stream.producer().append(records, Route::Shard(ShardId::numbered(0))).await.expect("room");
    let (store, destination) = in_memory();
    let config = LakeConfig { rejects: Some(60), ..config(Purpose::SelfDescribing, 100) };
    let context = Context::default();
    let consumer = stream.consumer("lake", Start::Oldest);
    let loading = run(config, consumer, destination, Some(bad.producer()), context.clone());
    let loading = tokio::spawn(loading);
    // The clock is paused: this passes when everything else waits.
    tokio::time::sleep(Duration::from_secs(60)).await;
    context.drain.request();
    loading.await.expect("no panic").expect("a clean end");
    assert_eq!(
        objects(&store).await,
        [("com.acme.a:1-6-1-0-0.gz".to_owned(), vec![row.to_owned(); 2])].into()
    );
    let said: Vec<(String, String)> = bad
        .records()
        .iter()
        .map(|delivered| {
            let row: serde_json::Value = serde_json::from_slice(&delivered.record.data).expect("JSON");
            assert_eq!(row["data"]["processor"]["artifact"], "snowplow-s3-loader");
            let schema = row["schema"].as_str().expect("a schema").split('/').nth(1).expect("a name");
            (schema.to_owned(), row["data"]["failure"].to_string())
        })
        .collect();
    let expect = [
        ("size_violation", "Payload will exceed maximum allowed size of 60 after zstd decompression"),
        ("generic_error", "Can't parse JSON holding self-describing event: expected null got 'no JSO...'"),
        ("generic_error", "Can't extract schema from self-describing event: INVALID_DATA_PAYLOAD"),
        ("generic_error", "Can't extract schema from self-describing event: INVALID_IGLUURI"),
        ("loader_parsing_error", "corrupt zstd-compressed payload"),
    ];
    assert_eq!(said.len(), expect.len(), "{said:?}");
    for ((schema, failure), (kind, words)) in said.iter().zip(expect) {
        assert!(schema == kind && failure.contains(words), "{schema}: {failure}");
    }
}

/// Shards share the bytes that open files may have in the line 3.x: the largest goes first.
#[tokio::test(start_paused = true)]
async fn open_files_of_all_shards_are_bounded_together() {
    let (stream, bad) = (Memory::new("rows", 2), Memory::new("bad", 1));
    // What is rejected counts as it is.
    let [small, large] = [600, 700].map(|size| "x".repeat(size));
    append(&stream, 0, [small]).await;
    append(&stream, 1, [large]).await;
    let config = LakeConfig {
        limits: Limits { compressed_bytes: 1000, ..Limits::NONE },
        time_limit: Duration::from_secs(3600),
        rejects: Some(1000),
        ..LakeConfig::new(Purpose::SelfDescribing)
    };
    let context = Context::default();
    let consumer = stream.consumer("lake", Start::Oldest);
    let destination = in_memory().1;
    let loading = tokio::spawn(run(config, consumer, destination, Some(bad.producer()), context.clone()));
    // The clock is paused: this passes when everything else waits.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let acknowledged =
        |shard| stream.checkpoint("lake", &ShardId::numbered(shard)).and_then(|c| c.acknowledged);
    assert_eq!([acknowledged(0), acknowledged(1)], [None, Some(Position::from(1))]);
    assert_eq!(bad.records().len(), 1);
    context.drain.request();
    loading.await.expect("no panic").expect("a clean end");
    assert_eq!(bad.records().len(), 2);
}

/// Metrics of the original's names; what has come together is sent at the end, however long a period is.
#[tokio::test]
async fn a_statsd_server_is_told_of_events() {
    let told = async |rejects: Option<u64>| {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        server.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let stream = Memory::new("enriched", 1);
        let ago = |seconds: i64| {
            let then = service::clock::now() - jiff::SignedDuration::from_secs(seconds);
            let then = jiff::tz::TimeZone::UTC.to_datetime(then).strftime("%Y-%m-%d %H:%M:%S%.3f");
            format!("app\tweb\t\t{then}\t")
        };
        append(&stream, 0, [ago(50), ago(100), "no event".into()]).await;
        let config = LakeConfig {
            rejects,
            statsd: Some(statsd::Settings {
                hostname: "127.0.0.1".into(),
                port: server.local_addr().expect("bound").port(),
                prefix: "p".into(),
                tags: BTreeMap::default(),
                period: Duration::from_secs(3600),
            }),
            ..config(Purpose::EnrichedEvents, 3)
        };
        run_until(&stream, &[3], config, in_memory().1).await;
        let (mut datagram, mut lines) = ([0; 4096], BTreeMap::new());
        while !lines.contains_key("p.latency_collector_to_load") {
            let bytes = server.recv(&mut datagram).expect("a datagram");
            let text = String::from_utf8_lossy(&datagram[..bytes]).into_owned();
            for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
                let (value, kind) = value.split_once('|').expect("a kind");
                lines.insert(name.to_owned(), (value.parse::<i64>().expect("a number"), kind.to_owned()));
            }
        }
        lines
    };
    let within = |lines: &BTreeMap<String, (i64, String)>, name: &str, from: i64, to: i64| {
        let (value, kind) = &lines[name];
        assert!((from..=to).contains(value) && kind == "g", "{name}: {lines:?}");
    };
    // The line 2.x tells of two things.
    let apache = told(None).await;
    assert_eq!(apache["p.count"], (3, "c".to_owned()));
    within(&apache, "p.latency_collector_to_load", 100, 400);
    assert_eq!(apache.len(), 2, "{apache:?}");
    let current = told(Some(1000)).await;
    assert_eq!(current["p.count"], (3, "c".to_owned()));
    within(&current, "p.latency_millis", 0, 300_000);
    within(&current, "p.e2e_latency_millis", 100_000, 400_000);
    within(&current, "p.latency_collector_to_load", 100, 400);
    assert_eq!(current.len(), 4, "{current:?}");
}
