//! What the spill costs an append while its stream takes records, and how fast it takes and hands on what the stream refuses.

#![allow(clippy::unwrap_used, reason = "a bench reports to whoever runs it")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use stream::{
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
    spill::{Spill, SpillConfig},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORD_BYTES: usize = 1000;

/// A stream that forgets what it takes.
struct Oblivion {
    /// Whether an answer comes at once or after others had their turn.
    at_once: bool,
    refuses: AtomicBool,
    health: HealthState,
}

impl Oblivion {
    fn new(at_once: bool) -> Arc<Self> {
        Arc::new(Self { at_once, refuses: AtomicBool::new(false), health: HealthState::new(Health::Well) })
    }

    fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
        self.health.state(if refuses { Health::refusing("so it was told") } else { Health::Well });
    }
}

impl Producer for Oblivion {
    fn stream(&self) -> &str {
        "raw"
    }

    fn append(&self, batch: Vec<Record>, _: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            if !self.at_once {
                tokio::task::yield_now().await;
            }
            drop(batch);
            if self.refuses.load(Ordering::Relaxed) {
                return Err(AppendError::Full { stream: "raw".into(), why: "so it was told".into() });
            }
            Ok(Appended { last: Vec::new() })
        })
    }

    fn max_record_bytes(&self) -> usize {
        1 << 20
    }

    fn health(&self) -> HealthWatch {
        self.health.watch()
    }

    fn read_after(
        &self,
        _: &ShardId,
        _: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        Box::pin(async { Ok(None) })
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// As a collector makes them: both parts own their bytes.
fn batch(records: usize) -> Vec<Record> {
    (0..records).map(|_| Record::new(vec![b'k'; 36], vec![7; RECORD_BYTES])).collect()
}

async fn append(producer: &dyn Producer, records: usize, count: u64) -> Duration {
    let begin = Instant::now();
    for _ in 0..count {
        producer.append(batch(records), Route::ByKey).await.unwrap();
    }
    begin.elapsed()
}

fn passing(criterion: &mut Criterion) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut group = criterion.benchmark_group("spill/direct");
    for at_once in [true, false] {
        let (inner, folder) = (Oblivion::new(at_once), TempDir::new().unwrap());
        let spill: Arc<dyn Producer> =
            Arc::new(Spill::open(SpillConfig::new(folder.path()), inner.clone()).unwrap());
        let answer = if at_once { "answered at once" } else { "answered later" };
        for records in [1, 10] {
            group.throughput(Throughput::Elements(records as u64));
            for (name, producer) in [("without", inner.clone() as Arc<dyn Producer>), ("with", spill.clone())]
            {
                let id = BenchmarkId::new(format!("{name} spill, {answer}"), records);
                group.bench_function(id, |bencher| {
                    bencher.iter_custom(|count| {
                        let producer = producer.clone();
                        let appending = async move { append(&*producer, records, count).await };
                        runtime.block_on(runtime.spawn(appending)).unwrap()
                    });
                });
            }
        }
    }
    group.finish();
}

fn outage(criterion: &mut Criterion) {
    const CALLERS: usize = 64;
    const EACH: u64 = 200;
    let runtime = runtime();
    let _entered = runtime.enter();
    let (inner, folder) = (Oblivion::new(false), TempDir::new().unwrap());
    let spill = Arc::new(Spill::open(SpillConfig::new(folder.path()), inner.clone()).unwrap());
    let mut group = criterion.benchmark_group("spill/outage");
    group.sample_size(10).throughput(Throughput::Elements(CALLERS as u64 * EACH));
    group.bench_function("64 callers spill and wait until all is handed on", |bencher| {
        bencher.iter(|| {
            inner.refuse(true);
            runtime.block_on(async {
                let callers = (0..CALLERS).map(|_| {
                    let spill = spill.clone();
                    tokio::spawn(async move { append(&*spill, 1, EACH).await })
                });
                for caller in callers.collect::<Vec<_>>() {
                    caller.await.unwrap();
                }
                inner.refuse(false);
                let mut health = spill.health();
                health.wait_for(Health::is_well).await.unwrap();
            });
            assert_eq!(spill.facts().waiting.records, 0);
        });
    });
    group.finish();
}

criterion_group!(benches, passing, outage);
criterion_main!(benches);
