//! A sink that remembers, and refuses when told to.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use stream::{
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::sync::Semaphore;

pub(crate) struct Sink {
    name: &'static str,
    records: Mutex<Vec<Record>>,
    full: AtomicBool,
    pub(crate) health: HealthState,
    /// Appends wait for a permit each.
    pub(crate) gate: Semaphore,
    /// How many do.
    waiting: AtomicUsize,
}

impl Sink {
    pub(crate) fn new(name: &'static str) -> Self {
        let gate = Semaphore::new(Semaphore::MAX_PERMITS);
        Self {
            name,
            records: Mutex::new(Vec::new()),
            full: AtomicBool::new(false),
            health: HealthState::new(Health::Well),
            gate,
            waiting: AtomicUsize::new(0),
        }
    }

    /// From now on every append is refused, or taken again.
    pub(crate) fn refuse(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
        self.health.state(if full { Health::refusing("the test says so") } else { Health::Well });
    }

    /// How many appends wait for a permit.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.records.lock().unwrap())
    }
}

impl Producer for Sink {
    fn stream(&self) -> &str {
        self.name
    }

    fn append(&self, batch: Vec<Record>, _: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            self.gate.acquire().await.unwrap().forget();
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if self.full.load(Ordering::Relaxed) {
                return Err(AppendError::Full { stream: self.name.into(), why: "the test says so".into() });
            }
            self.records.lock().unwrap().extend(batch);
            Ok(Appended { last: Vec::new() })
        })
    }

    fn max_record_bytes(&self) -> usize {
        2_000_000
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
