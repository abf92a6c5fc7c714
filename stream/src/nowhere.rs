//! A producer that takes everything and keeps nothing, for those who asked for that. It says how much it has dropped.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};

/// Drops what it is given, and logs at most once a period how many records that were.
#[derive(Debug)]
pub struct Nowhere {
    stream: String,
    period: Duration,
    dropped: AtomicU64,
    said_at: Mutex<Option<Instant>>,
    health: HealthState,
}

impl Nowhere {
    /// A sink called `stream` in what is logged.
    pub fn new(stream: &str, period: Duration) -> Arc<Self> {
        let (dropped, said_at) = (AtomicU64::new(0), Mutex::new(None));
        let health = HealthState::new(Health::Well);
        Arc::new(Self { stream: stream.to_owned(), period, dropped, said_at, health })
    }

    /// Records dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn drop_records(&self, records: usize) {
        let dropped = self.dropped.fetch_add(records as u64, Ordering::Relaxed) + records as u64;
        let mut said_at = self.said_at.lock().unwrap_or_else(PoisonError::into_inner);
        if said_at.is_none_or(|at| at.elapsed() >= self.period) {
            *said_at = Some(Instant::now());
            tracing::warn!(sink = self.stream, records = dropped, "dropped so far, as configured");
        }
    }
}

impl Producer for Nowhere {
    fn stream(&self) -> &str {
        &self.stream
    }

    fn append(&self, batch: Vec<Record>, _: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        self.drop_records(batch.len());
        Box::pin(async { Ok(Appended { last: Vec::new() }) })
    }

    fn max_record_bytes(&self) -> usize {
        usize::MAX
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_is_taken_and_counted() {
        let nowhere = Nowhere::new("bad", Duration::from_secs(30));
        for records in [0, 3, 500] {
            nowhere.append(vec![Record::new("k", "x"); records], Route::ByKey).await.unwrap();
        }
        assert_eq!(nowhere.dropped(), 503);
        assert!(nowhere.health().borrow().is_well());
    }
}
