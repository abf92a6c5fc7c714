//! A backlog in a log, loaded into a folder or a database by a process of its own: lines a second, processor and memory.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use event::atomic::{COUNT, Field};
use iglu::{client::Client, resolver_config::ResolverConfig};
use loaders::{
    lake::{
        buffer::Limits,
        client::Destination,
        config::{LakeConfig, Purpose},
        run::{run, run_with},
    },
    parquet::Options,
    postgres::config::PostgresConfig,
};
use service::{context::Context, telemetry};
use stream::{
    consumer::{Consumer, Start},
    log::{Log, LogConfig, StreamConfig},
    memory::Memory,
    producer::Route,
    record::{Record, ShardId},
};
use tokio::runtime::Runtime;

use super::postgres::Postgres;

const SHARDS: u32 = 4;

/// Whether the arguments ask for it; then it has been done.
pub(crate) fn main(arguments: &[String], lines: &[String]) -> bool {
    let after = |word: &str| arguments.iter().skip_while(|argument| *argument != word).nth(1);
    let last = arguments.last().map_or("", String::as_str);
    if let Some(folder) = after("backlog-in").map(Path::new) {
        match last {
            "parquet" => columns(folder),
            "postgres" => database(folder),
            _ => load(folder, lines),
        }
    } else if let Some(megabytes) = after("backlog") {
        let bytes = megabytes.parse::<usize>().expect("a number of megabytes") << 20;
        let folder = tempfile::tempdir().expect("a folder");
        let events = events();
        let lines = if matches!(last, "parquet" | "postgres") { &events } else { lines };
        Runtime::new().expect("threads").block_on(fill(folder.path(), lines, bytes));
        let me = std::env::current_exe().expect("a program");
        let done = Command::new(me).arg("backlog-in").arg(folder.path()).arg(last).status();
        assert!(done.expect("it runs").success());
    } else {
        return false;
    }
    true
}

fn open(folder: &Path) -> Log {
    let stream = StreamConfig { shards: SHARDS, ..StreamConfig::new("enriched") };
    let config = LogConfig::new(folder.join("log"), folder.join("checkpoints"), vec![stream]);
    Log::open(config).expect("a log")
}

async fn fill(folder: &Path, lines: &[String], bytes: usize) {
    let log = open(folder);
    let records: Vec<Record> = lines.iter().map(|line| Record::new("k", line.clone())).collect();
    let size: usize = lines.iter().map(String::len).sum();
    for batch in 0..bytes / size {
        let shard = ShardId::numbered(batch as u32 % SHARDS);
        log.producer("enriched").append(records.clone(), Route::Shard(shard)).await.expect("room");
    }
    fs::write(folder.join("lines"), (bytes / size * lines.len()).to_string()).expect("written");
    log.close().await;
}

/// Loads what is in the folder as a file of the line 3.x has it, and prints what it took beside the codec alone.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn load(folder: &Path, lines: &[String]) {
    let all: u64 = fs::read_to_string(folder.join("lines")).expect("there").parse().expect("a number");
    let (cpu, begun) = (cpu(), Instant::now());
    Runtime::new().expect("threads").block_on(async {
        let log = open(folder);
        let lake = LakeConfig {
            limits: Limits { compressed_bytes: 64 << 20, ..Limits::NONE },
            time_limit: Duration::from_secs(3600),
            ..LakeConfig::new(Purpose::EnrichedEvents)
        };
        let context = Context::default();
        let destination = Destination::folder(folder.join("lake")).expect("a folder");
        let consumer = log.consumer("enriched", "lake", Start::Oldest);
        let loading = tokio::spawn(run(lake, consumer, destination, None, context.clone()));
        let read = format!("piste_lake_read_records_total{{stream=\"enriched\"}} {all}");
        while !telemetry::render().contains(&read) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        context.drain.request();
        loading.await.expect("no panic").expect("a clean end");
        log.close().await;
    });
    let (took, spent) = (begun.elapsed().as_secs_f64(), self::cpu() - cpu);
    let peak = status("VmHWM:") / 1024.0;
    let cpu = self::cpu();
    for _ in 0..20 {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        for line in lines {
            encoder.write_all(line.as_bytes()).expect("memory");
            encoder.write_all(b"\n").expect("memory");
        }
        encoder.finish().expect("memory");
    }
    let codec = (self::cpu() - cpu) / (20 * lines.len()) as f64 * 1e6;
    let each = spent / all as f64 * 1e6;
    println!(
        "{all} lines in {took:.1} s: {:.0} lines/s, {each:.2} us of processor a line, codec alone {codec:.2} us; at most {peak:.0} MB",
        all as f64 / took
    );
}

/// Page views of four names, each with its page: whole lines, as columns and tables want them.
fn events() -> Vec<String> {
    let event = |n: u64| {
        let id = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let contexts = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{{"id":"b5f2a3c4-0d1e-4f60-8a7b-{:012x}"}}}}]}}"#,
            id >> 16
        );
        let mut columns = vec![String::new(); COUNT];
        for (field, text) in [
            (Field::AppId, "shop".to_owned()),
            (Field::CollectorTstamp, format!("2026-01-02 03:04:05.{:03}", n % 1000)),
            (Field::EventId, format!("{:08x}-0000-4000-8000-{:012x}", id >> 32, id & 0xFFFF_FFFF_FFFF)),
            (Field::VCollector, "ssc".to_owned()),
            (Field::VEtl, "piste".to_owned()),
            (Field::EventName, format!("page_view_{}", n % 4)),
            (Field::PageUrl, format!("https://www.example.com/shop/{}?q={id}", n % 50)),
            (Field::Useragent, format!("Mozilla/5.0 {}", "x".repeat(400))),
            (Field::Contexts, contexts),
        ] {
            columns[field as usize] = text;
        }
        columns.join("\t")
    };
    (0..1000).map(event).collect()
}

/// The built-in schemas alone.
fn iglu() -> Arc<Client> {
    let config = ResolverConfig { cache_size: 500, cache_ttl: None, repositories: Vec::new() };
    Arc::new(Client::new(config, service::clock::now))
}

/// Loads what is in the folder as Parquet files.
fn columns(folder: &Path) {
    let lake = LakeConfig::new(Purpose::EnrichedEvents).in_columns(Options::default(), None);
    let lake = LakeConfig {
        limits: Limits { compressed_bytes: 64 << 20, ..Limits::NONE },
        time_limit: Duration::from_secs(3600),
        ..lake.expect("a pattern")
    };
    let destination = Destination::folder(folder.join("lake")).expect("a folder");
    measured(folder, r#"piste_lake_read_records_total{stream="enriched"}"#, |source, context| async move {
        let bad = Some(Memory::new("bad", 1).producer());
        run_with(lake, source, destination, bad, Some(iglu()), context).await.expect("a clean end");
    });
}

/// Loads what is in the folder into a database of its own.
fn database(folder: &Path) {
    let postgres = Postgres::start();
    let config = PostgresConfig::from_url(&postgres.url()).expect("a URL");
    measured(folder, "piste_postgres_events_total", |source, context| async move {
        let bad = Memory::new("bad", 1).producer();
        let loaded = loaders::postgres::run::run(config, source, iglu(), bad, context).await;
        assert_eq!(loaded.expect("a clean end").bad, 0);
    });
}

/// Runs a loader until a metric says that all is loaded, and prints what it took.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn measured<F: Future<Output = ()>>(
    folder: &Path,
    metric: &str,
    loading: impl FnOnce(Box<dyn Consumer>, Context) -> F,
) {
    let all: u64 = fs::read_to_string(folder.join("lines")).expect("there").parse().expect("a number");
    let (cpu, begun) = (cpu(), Instant::now());
    Runtime::new().expect("threads").block_on(async {
        let (log, context) = (open(folder), Context::default());
        let done = format!("{metric} {all}");
        let drain = context.drain.clone();
        let waiting = async {
            while !telemetry::render().contains(&done) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            drain.request();
        };
        tokio::join!(loading(log.consumer("enriched", "loader", Start::Oldest), context), waiting);
        log.close().await;
    });
    let (took, spent) = (begun.elapsed().as_secs_f64(), (self::cpu() - cpu) / all as f64 * 1e6);
    println!(
        "{all} lines in {took:.1} s: {:.0} lines/s, {spent:.2} us of processor a line; at most {:.0} MB",
        all as f64 / took,
        status("VmHWM:") / 1024.0
    );
}

/// Seconds of processor that this process has used.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a name") + 2..].split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

/// A line of what the system says of this process, in kB.
fn status(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("the line");
    line.split_whitespace().nth(1).expect("a value").parse().expect("a number")
}
