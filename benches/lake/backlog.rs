//! A backlog in a log, loaded into a folder by a process of its own: lines a second, processor and memory.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use loaders::lake::{
    buffer::Limits,
    client::Destination,
    config::{LakeConfig, Purpose},
    run::run,
};
use service::{context::Context, telemetry};
use stream::{
    consumer::Start,
    log::{Log, LogConfig, StreamConfig},
    producer::Route,
    record::{Record, ShardId},
};
use tokio::runtime::Runtime;

const SHARDS: u32 = 4;

/// Whether the arguments ask for it; then it has been done.
pub(crate) fn main(arguments: &[String], lines: &[String]) -> bool {
    let after = |word: &str| arguments.iter().skip_while(|argument| *argument != word).nth(1);
    if let Some(folder) = after("backlog-in") {
        load(Path::new(folder), lines);
    } else if let Some(megabytes) = after("backlog") {
        let bytes = megabytes.parse::<usize>().expect("a number of megabytes") << 20;
        let folder = tempfile::tempdir().expect("a folder");
        Runtime::new().expect("threads").block_on(fill(folder.path(), lines, bytes));
        let me = std::env::current_exe().expect("a program");
        let done = Command::new(me).arg("backlog-in").arg(folder.path()).status().expect("it runs");
        assert!(done.success());
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
