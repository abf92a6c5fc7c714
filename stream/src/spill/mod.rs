//! The local write-ahead spill: a producer around another one that keeps what the other does not take.
//!
//! ```text
//! <folder>/lock, <folder>/waiting/...        an embedded log: what waits for the stream
//! <folder>/refused/...                       its second stream: what the stream can never take, for a human
//! <folder>/checkpoints/...                   how far the replay is
//! ```
//!
//! What a spilled record carries, byte by byte: `envelope.rs`; the rest is the [`log`](crate::log)'s.
//!
//! # What holds
//!
//! * While the stream takes records they go to it directly. What it refuses or leaves out of a batch, and all of a batch that
//!   it does not answer in time, is written to the spill, synced, and acknowledged. A stream that
//!   [keeps time itself](Producer::keeps_time) is waited for, any other no longer than [`SpillConfig::patience`].
//! * An append that begins after another one was acknowledged comes behind it: as long as something is spilled, everything
//!   goes behind it, and a task hands it on in the order of the spill. When little is left, appends wait for the rest
//!   (no longer than an append may take), and then they go directly again.
//! * At least once: the place of the replay is saved after the stream took the records. What may turn up twice is what was
//!   on its way when the stream failed or did not answer in time, and what was handed on just before a crash. The
//!   second time comes before anything that was spilled later.
//! * After a restart what was left is handed on first.
//! * A batch to one shard stays together ([`Route::Shard`]).
//! * The spill never has more than [`SpillConfig::max_bytes`]. Beyond that, and on a full disk, appends get
//!   [`AppendError::Full`].
//! * What the stream can never take holds nobody up. A record beyond its limit is an error of the append
//!   ([`AppendError::TooLarge`]); a spilled record that it rejects, or that is beyond a limit that was lowered meanwhile, goes
//!   into `refused`, with an error in the log. A [`Fallback`](crate::fallback::Fallback) inside takes such records elsewhere.

mod envelope;
mod facts;
mod gate;
mod replay;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

pub use self::facts::{Left, SpillFacts};
use self::{
    facts::Counts,
    gate::{Gate, Mode, Way, Writing},
    replay::Replay,
};
use crate::{
    backoff::Backoff,
    consumer::{Delivered, Start},
    health::{Health, HealthState, HealthWatch},
    log::{Log, LogConfig, OpenError, StreamConfig},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};

/// The log's stream with what waits.
const WAITING: &str = "waiting";
/// The log's stream with what can never be taken.
const REFUSED: &str = "refused";
/// The consumer that hands on.
const REPLAY: &str = "replay";
/// The consumer that keeps refused records: nobody reads under this name.
const OPERATOR: &str = "operator";

/// Where the spill is and what its limits are.
#[derive(Clone)]
pub struct SpillConfig {
    /// Its folder; made if missing. No other process may use it.
    pub folder: PathBuf,
    /// Bytes on the disk, at most. 1 GB.
    pub max_bytes: u64,
    /// How long a stream that keeps no time itself may take for an append before the records are spilled. 2 s.
    pub patience: Duration,
    /// Pauses between two attempts to hand on. 100 ms to 10 s.
    pub backoff: Backoff,
    /// Records that are handed on at once, at most. 500.
    pub batch_records: usize,
    /// Their bytes, about. 1 MiB.
    pub batch_bytes: usize,
    pub(crate) log: LogConfig,
}

impl SpillConfig {
    /// The defaults, in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        /// Delivered records stay on the disk for about this long.
        const AGE: Duration = Duration::from_secs(300);
        let folder = folder.into();
        let waiting = StreamConfig { retention_age: Some(AGE), ..StreamConfig::new(WAITING) };
        let refused = StreamConfig { retention_age: None, ..StreamConfig::new(REFUSED) };
        let log = LogConfig::new(&folder, folder.join("checkpoints"), vec![waiting, refused]);
        Self {
            folder,
            max_bytes: 1_000_000_000,
            patience: Duration::from_secs(2),
            backoff: Backoff { min: Duration::from_millis(100), max: Duration::from_secs(10) },
            batch_records: 500,
            batch_bytes: 1 << 20,
            log,
        }
    }
}

/// A producer that spills. Dropping it stops the replay; what is left stays on the disk.
pub struct Spill {
    shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
}

/// What appends and the replay share.
struct Shared {
    inner: Arc<dyn Producer>,
    log: Log,
    waiting: Arc<dyn Producer>,
    gate: Gate,
    config: SpillConfig,
    health: HealthState,
    counts: Mutex<Counts>,
}

impl Spill {
    /// Opens the spill in front of `inner` and begins to hand on what an earlier process has left there.
    ///
    /// # Errors
    /// As [`Log::open`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open(mut config: SpillConfig, inner: Arc<dyn Producer>) -> Result<Self, OpenError> {
        let log = &mut config.log;
        let record = inner.max_record_bytes().saturating_add(envelope::MAX_BYTES);
        log.max_record_bytes = record.min(LogConfig::MAX_RECORD_BYTES);
        log.max_bytes = Some(config.max_bytes);
        log.streams.iter_mut().for_each(|stream| stream.retention_bytes = Some(config.max_bytes));
        let log = Log::open(config.log.clone())?;
        // Registered before anything is written, so that nothing is dropped.
        let consumer = log.consumer(WAITING, REPLAY, Start::Oldest);
        drop(log.consumer(REFUSED, OPERATOR, Start::Oldest));
        let waiting = log.producer(WAITING);
        let health = HealthState::new(Health::unreached("the spill has just been opened"));
        let counts = Mutex::new(Counts::default());
        let gate = Gate::new(Mode::Direct);
        let shared = Arc::new(Shared { inner, log, waiting, gate, config, health, counts });
        let left = shared.left();
        if left.records > 0 {
            let (stream, folder) = (shared.inner.stream(), shared.config.folder.display());
            tracing::warn!(stream, %folder, left.records, left.bytes, "an earlier process has left records in the spill");
            shared.counts().trouble = Some("an earlier process has left them".into());
            drop(shared.gate.spill());
        }
        // Watched before it is looked at: no change is missed.
        let health = shared.inner.health();
        shared.state_health();
        let (stop, stopping) = watch::channel(false);
        let replay = Replay::new(shared.clone(), consumer, stopping);
        let tasks = vec![tokio::spawn(replay.run()), tokio::spawn(follow_health(shared.clone(), health))];
        Ok(Self { shared, tasks: Mutex::new(tasks), stop })
    }

    /// What can be known of it now.
    pub fn facts(&self) -> SpillFacts {
        self.shared.facts()
    }

    /// Takes no more appends, stops handing on (what is on its way has the time of an append left) and tells what stays on
    /// the disk for the next start. The producer inside is not closed.
    pub async fn close(&self) -> Left {
        self.shared.gate.close().await;
        self.shared.state_health();
        self.stop.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        if let [replay, follow] = &mut tasks.into_iter().collect::<Vec<_>>()[..] {
            follow.abort();
            if let Err(error) = replay.await {
                tracing::error!(%error, "the replay of the spill has ended badly");
            }
        }
        self.shared.log.close().await;
        let left = self.shared.left();
        if left.records > 0 {
            let (stream, folder) = (self.shared.inner.stream(), self.shared.config.folder.display());
            tracing::warn!(stream, %folder, left.records, left.bytes, "records stay in the spill for the next start");
        }
        left
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner).iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        match self.gate.way().await {
            Way::Closed => Err(self.closed()),
            Way::Spill(writing) => self.spill(batch, route, writing).await,
            Way::Direct => {
                let attempt = self.inner.append(batch.clone(), route.clone());
                let (missing, why) = match self.in_time(self.config.patience, attempt).await {
                    Some(Ok(appended)) => return Ok(appended),
                    Some(Err(error)) if is_final(&error) => return Err(error),
                    Some(Err(AppendError::Unavailable { missing, why, .. })) => (keep(batch, &missing), why),
                    Some(Err(error)) => (batch, error.to_string()),
                    None => (batch, format!("no answer within {:?}", self.config.patience)),
                };
                let (writing, first) = self.gate.spill().ok_or_else(|| self.closed())?;
                self.counts().trouble = Some(why.clone());
                self.state_health();
                if first {
                    let (stream, folder) = (self.inner.stream(), self.config.folder.display());
                    tracing::warn!(stream, %folder, why, "the stream does not take records: they are spilled");
                }
                self.spill(missing, route, writing).await
            }
        }
    }

    /// What comes of an append to the stream; `None` when it keeps no time itself and has taken longer than this.
    async fn in_time<T>(&self, patience: Duration, append: impl Future<Output = T>) -> Option<T> {
        if self.inner.keeps_time() {
            return Some(append.await);
        }
        timeout(patience, append).await.ok()
    }

    /// Makes a batch durable in the spill.
    async fn spill(
        &self,
        batch: Vec<Record>,
        route: Route,
        _writing: Writing<'_>,
    ) -> Result<Appended, AppendError> {
        let max = self.inner.max_record_bytes();
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        let stream = || self.inner.stream().to_owned();
        let count = batch.len() as u64;
        let wrapped = envelope::wrap(batch, &route).map_err(|_| match &route {
            Route::Shard(shard) => AppendError::unknown_shard(self.inner.stream(), shard),
            Route::ByKey => self.closed(),
        })?;
        let together = match route {
            Route::ByKey => Route::ByKey,
            // One frame: all of it is there after a crash or nothing.
            Route::Shard(_) => Route::Shard(ShardId::numbered(0)),
        };
        let spilled = self.waiting.append(wrapped, together).await;
        let full = match spilled {
            Ok(_) => {
                let mut counts = self.counts();
                counts.spilled += count;
                if counts.full.take().is_none() {
                    return Ok(Appended { last: Vec::new() });
                }
                drop(counts);
                self.state_health();
                return Ok(Appended { last: Vec::new() });
            }
            Err(AppendError::Full { why, .. }) => why,
            Err(AppendError::TooLarge { size, .. }) => format!("{size} bytes are too many for it"),
            Err(AppendError::Closed { .. }) => return Err(self.closed()),
            Err(AppendError::Interrupted { source, .. }) => {
                return Err(AppendError::Interrupted { stream: stream(), source });
            }
            Err(AppendError::Unavailable { why, .. }) => why,
        };
        let why = format!("it does not take records, and neither does its spill: {full}");
        self.counts().full = Some(full);
        self.state_health();
        Err(AppendError::Full { stream: stream(), why })
    }

    /// States what is known: the stream's own health while it is used directly.
    fn state_health(&self) {
        // Held until it is stated, so that nothing older is stated later.
        let counts = self.counts();
        let waits = || counts.trouble.as_deref().unwrap_or("the stream has not taken them yet").to_owned();
        self.health.state(match self.gate.mode() {
            Mode::Direct => self.inner.health().borrow().clone(),
            Mode::Closed => Health::refusing("the spill is closed"),
            Mode::Spilling | Mode::Handover => Health::refusing(match &counts.full {
                None => format!("records wait in the spill: {}", waits()),
                Some(full) => format!("{}, and the spill takes no more: {full}", waits()),
            }),
        });
    }

    fn closed(&self) -> AppendError {
        AppendError::Closed { stream: self.inner.stream().to_owned() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Nothing panics between changes that belong together.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Producer for Spill {
    fn stream(&self) -> &str {
        self.shared.inner.stream()
    }

    /// [`Appended`] names no places where records were spilled.
    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.shared.append(batch, route))
    }

    fn max_record_bytes(&self) -> usize {
        self.shared.inner.max_record_bytes()
    }

    fn preferred_record_bytes(&self) -> usize {
        self.shared.inner.preferred_record_bytes()
    }

    /// As the stream's own, and refusing for as long as anything waits in the spill, although appends are taken.
    fn health(&self) -> HealthWatch {
        self.shared.health.watch()
    }

    /// `None` while something waits in the spill: it will be in the stream, and is not there yet.
    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        if self.shared.gate.mode() == Mode::Direct {
            return self.shared.inner.read_after(shard, after);
        }
        Box::pin(async { Ok(None) })
    }
}

/// Whether it makes no sense to try the same again later.
fn is_final(error: &AppendError) -> bool {
    match error {
        AppendError::TooLarge { .. } | AppendError::Closed { .. } => true,
        AppendError::Interrupted { source, .. } => source.kind() == io::ErrorKind::InvalidInput,
        AppendError::Full { .. } | AppendError::Unavailable { .. } => false,
    }
}

/// The records with these indices, which ascend.
fn keep(batch: Vec<Record>, indices: &[usize]) -> Vec<Record> {
    let mut indices = indices.iter().copied().peekable();
    let wanted = |(index, record)| {
        (indices.peek() == Some(&index)).then(|| {
            indices.next();
            record
        })
    };
    batch.into_iter().enumerate().filter_map(wanted).collect()
}

/// Passes on what the stream says about itself.
async fn follow_health(shared: Arc<Shared>, mut health: HealthWatch) {
    // Ends when the engine is gone.
    while health.changed().await.is_ok() {
        shared.state_health();
    }
}

#[cfg(test)]
mod tests;
