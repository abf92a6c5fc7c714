//! A stream, and where its records go that it can never take: what would be refused for ever holds nobody up and is not lost.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    consumer::Delivered,
    health::HealthWatch,
    producer::{AppendError, Appended, BoxFuture, Producer, Rejected, Route},
    record::{Position, Record, ShardId},
};

/// Makes records that the other stream takes of one that its stream never takes, and the reason for that. None of them: it
/// cannot.
pub type Turn = dyn Fn(&Record, &str) -> Vec<Record> + Send + Sync;

/// A producer over a stream with a fallback. Has the stream's own limits and health.
pub struct Fallback {
    stream: Arc<dyn Producer>,
    other: Arc<dyn Producer>,
    turn: Box<Turn>,
    turned: AtomicU64,
}

/// What an append has come to: indices of the batch.
struct Refusal {
    missing: Vec<usize>,
    rejected: Vec<Rejected>,
    why: String,
}

impl Fallback {
    /// A producer to `stream`. What it can never take goes to `other`, as what `turn` makes of it.
    pub fn new(
        stream: Arc<dyn Producer>,
        other: Arc<dyn Producer>,
        turn: impl Fn(&Record, &str) -> Vec<Record> + Send + Sync + 'static,
    ) -> Self {
        Self { stream, other, turn: Box::new(turn), turned: AtomicU64::new(0) }
    }

    /// Records that went to the other stream.
    pub fn turned(&self) -> u64 {
        self.turned.load(Ordering::Relaxed)
    }

    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        let error = match self.stream.append(batch.clone(), route.clone()).await {
            Ok(appended) => return Ok(appended),
            Err(error) => error,
        };
        let mut refusal = match error {
            AppendError::Unavailable { missing, rejected, why, .. } if !rejected.is_empty() => {
                Refusal { missing, rejected, why }
            }
            // None of the others was tried.
            AppendError::TooLarge { index, .. } => {
                let why = error.to_string();
                let rejected = vec![Rejected { index, why: why.clone() }];
                Refusal { missing: (0..batch.len()).collect(), rejected, why }
            }
            error => return Err(error),
        };
        for rejected in std::mem::take(&mut refusal.rejected) {
            match self.divert(&batch[rejected.index], &rejected.why).await {
                Ok(true) => refusal.missing.retain(|index| *index != rejected.index),
                Ok(false) => refusal.rejected.push(rejected),
                // Later.
                Err(error) => refusal.why = error.to_string(),
            }
        }
        let Refusal { missing, rejected, why } = refusal;
        if missing.is_empty() {
            return Ok(Appended { last: Vec::new() });
        }
        Err(AppendError::Unavailable { stream: self.stream().to_owned(), missing, rejected, why })
    }

    /// Whether the other stream has taken what is made of a record; `false`: it never will.
    async fn divert(&self, record: &Record, why: &str) -> Result<bool, AppendError> {
        let (stream, to, bytes) = (self.stream(), self.other.stream(), record.size());
        let turned = (self.turn)(record, why);
        if turned.is_empty() {
            return Ok(false);
        }
        match self.other.append(turned, Route::ByKey).await {
            Ok(_) => {
                self.turned.fetch_add(1, Ordering::Relaxed);
                tracing::error!(
                    stream,
                    bytes,
                    why,
                    to,
                    "the stream can never take a record: it goes elsewhere"
                );
                Ok(true)
            }
            Err(AppendError::TooLarge { .. }) => Ok(false),
            Err(AppendError::Unavailable { rejected, .. }) if !rejected.is_empty() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Producer for Fallback {
    fn stream(&self) -> &str {
        self.stream.stream()
    }

    /// [`Appended`] names no places where records went elsewhere.
    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn keeps_time(&self) -> bool {
        self.stream.keeps_time() && self.other.keeps_time()
    }

    fn max_record_bytes(&self) -> usize {
        self.stream.max_record_bytes()
    }

    fn preferred_record_bytes(&self) -> usize {
        self.stream.preferred_record_bytes()
    }

    fn health(&self) -> HealthWatch {
        self.stream.health()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.stream.read_after(shard, after)
    }
}

impl std::fmt::Debug for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fallback")
            .field("stream", &self.stream())
            .field("other", &self.other.stream())
            .finish_non_exhaustive()
    }
}
