//! What the embedded log costs: latency of a lone append, appends that share groups, reading back, CPU a record.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench reports to whoever runs it")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stream::{
    consumer::{Consumer, Event, Start},
    log::{Log, LogConfig, StreamConfig},
    producer::{Producer, Route},
    record::Record,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORD_BYTES: usize = 1000;

struct Opened {
    log: Log,
    _folder: TempDir,
}

fn open() -> Opened {
    let folder = TempDir::new().unwrap();
    let mut raw = StreamConfig::new("raw");
    raw.retention_bytes = Some(1 << 30);
    let config = LogConfig::new(folder.path().join("log"), folder.path().join("checkpoints"), vec![raw]);
    Opened { log: Log::open(config).unwrap(), _folder: folder }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A record of pseudo-random bytes.
fn record() -> Record {
    let mut state = 7_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(RECORD_BYTES)
    .collect();
    Record::new("203.0.113.7", bytes)
}

/// `count` appends of one record each by `callers` that each wait for their answer.
fn append(runtime: &Runtime, producer: &Arc<dyn Producer>, callers: usize, count: usize) {
    let record = record();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let (producer, record) = (producer.clone(), record.clone());
                tokio::spawn(async move {
                    for _ in (caller..count).step_by(callers) {
                        producer.append(vec![record.clone()], Route::ByKey).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Reads `count` records and returns their bytes.
async fn read(consumer: &mut dyn Consumer, count: usize) -> usize {
    let (mut seen, mut bytes) = (0, 0);
    while seen < count {
        if let Event::Records(batch) = consumer.next().await.unwrap() {
            seen += batch.records.len();
            bytes += batch.records.iter().map(|delivered| delivered.record.data.len()).sum::<usize>();
        }
    }
    bytes
}

fn appending(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("log/append 1 kB");
    group.sample_size(20).throughput(Throughput::Elements(1));
    for callers in [1, 64] {
        let opened = open();
        let producer = opened.log.producer("raw");
        group.bench_function(format!("{callers} callers"), |bencher| {
            bencher.iter_custom(|count| {
                let begin = Instant::now();
                append(&runtime, &producer, callers, count as usize);
                begin.elapsed()
            });
        });
    }
    group.finish();
}

fn reading(criterion: &mut Criterion) {
    const COUNT: usize = 100_000;
    let (runtime, opened) = (runtime(), open());
    let producer = opened.log.producer("raw");
    runtime.block_on(async {
        for _ in 0..COUNT / 50 {
            producer.append(vec![record(); 50], Route::ByKey).await.unwrap();
        }
    });
    let mut group = criterion.benchmark_group("log/read");
    group.sample_size(10).throughput(Throughput::Bytes((COUNT * RECORD_BYTES) as u64));
    group.bench_function("100 MB from the oldest record", |bencher| {
        bencher.iter(|| {
            let mut consumer = opened.log.consumer("raw", "bench", Start::Oldest);
            assert_eq!(runtime.block_on(read(&mut *consumer, COUNT)), COUNT * RECORD_BYTES);
        });
    });
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = TempDir::new().unwrap();
    let streams = vec![StreamConfig::new("raw")];
    let config = LogConfig::new(folder.path().join("log"), folder.path().join("checkpoints"), streams);
    let log = Log::open(config.clone()).unwrap();
    let producer = log.producer("raw");
    runtime.block_on(async {
        // One segment that is nearly full: the worst case, since only the last one is looked at.
        for _ in 0..650 {
            producer.append(vec![record(); 50], Route::ByKey).await.unwrap();
        }
        log.close().await;
    });
    let mut group = criterion.benchmark_group("log/open");
    group.sample_size(10);
    group.bench_function("last segment of 32 MB", |bencher| {
        bencher.iter(|| drop(Log::open(config.clone()).unwrap()));
    });
    group.finish();
}

/// User and system time of this process so far, from `/proc` (in hundredths of a second).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// How the records arrive.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// Nothing is appended: what the driver costs by itself.
    Driver,
    /// 20 callers with one record each, every millisecond.
    Paced,
    /// 64 callers as fast as they are answered.
    Closed,
}

/// Prints CPU a record with one reader behind, and the latency of an append.
fn cpu_per_record(_: &mut Criterion) {
    const SECONDS: u64 = 5;
    println!("\nappend and one reader, records of 1 kB, {SECONDS} s each");
    for load in [Load::Driver, Load::Paced, Load::Closed] {
        let (runtime, opened) = (runtime(), open());
        let mut consumer = opened.log.consumer("raw", "bench", Start::Oldest);
        let reading = runtime.spawn(async move { while consumer.next().await.is_ok() {} });
        let (before, begin, producer) = (cpu(), Instant::now(), opened.log.producer("raw"));
        let until = begin + Duration::from_secs(SECONDS);
        let mut latencies: Vec<Duration> = runtime.block_on(async {
            let callers = if matches!(load, Load::Closed) { 64 } else { 20 };
            let tasks: Vec<_> =
                (0..callers).map(|_| tokio::spawn(call(producer.clone(), load, until))).collect();
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.unwrap());
            }
            all
        });
        let (elapsed, cpu) = (begin.elapsed(), cpu() - before);
        runtime.block_on(opened.log.close());
        runtime.block_on(reading).unwrap();
        latencies.sort_unstable();
        let at = |share: usize| latencies[latencies.len() * share / 100];
        let count = latencies.len() as f64;
        println!(
            "{load:?}: {:.0} records/s, {:.2} us of CPU a record, answered after {:.2?} (median), {:.2?} (99 in 100)",
            count / elapsed.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / count,
            at(50),
            at(99),
        );
    }
}

/// One caller: returns how long each answer took.
async fn call(producer: Arc<dyn Producer>, load: Load, until: Instant) -> Vec<Duration> {
    let (record, mut latencies) = (record(), Vec::new());
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut open = std::collections::VecDeque::new();
    while Instant::now() < until {
        let begin = Instant::now();
        match load {
            Load::Closed => {
                producer.append(vec![record.clone()], Route::ByKey).await.unwrap();
                latencies.push(begin.elapsed());
            }
            Load::Driver => {
                tick.tick().await;
                latencies.push(tokio::spawn(async move { begin.elapsed() }).await.unwrap());
            }
            Load::Paced => {
                tick.tick().await;
                let (producer, record) = (producer.clone(), record.clone());
                open.push_back(tokio::spawn(async move {
                    let begin = Instant::now();
                    producer.append(vec![record], Route::ByKey).await.unwrap();
                    begin.elapsed()
                }));
                while open.front().is_some_and(tokio::task::JoinHandle::is_finished) {
                    latencies.push(open.pop_front().expect("it has a front").await.unwrap());
                }
            }
        }
    }
    for answer in open {
        latencies.push(answer.await.unwrap());
    }
    latencies
}

criterion_group!(benches, appending, reading, opening, cpu_per_record);
criterion_main!(benches);
