//! A stream with a buffer for when it refuses: Kinesis with a queue of SQS (`spec/collector.md` 7.2).
//!
//! A batch goes to the stream. What it does not take goes to the buffer, if it is small enough for it; what that does not
//! take goes to the stream again, and so on with a growing delay between rounds, until all is taken or the deadline is
//! over; what the stream can never take goes nowhere. While the stream is known to refuse, small records go to the buffer first, except for one batch at a time that
//! asks the stream. Give the two producers few tries: it is this one that tries again.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::{
    backoff::Backoff,
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Rejected, Route},
    record::{Position, Record, ShardId},
};

/// When and for how long the other way is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// How long an append may take before no further round begins.
    pub deadline: Duration,
    /// Delays between rounds, and between batches that ask a refusing stream.
    pub backoff: Backoff,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(10), backoff: Backoff::default() }
    }
}

/// What has happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Diverted {
    /// Records taken by the buffer.
    pub records: u64,
    /// Their data, in bytes.
    pub bytes: u64,
}

/// A producer over a stream and its buffer.
pub struct Overflow {
    stream: Arc<dyn Producer>,
    buffer: Arc<dyn Producer>,
    rounds: Rounds,
    health: Arc<HealthState>,
    probe: Probe,
    diverted_records: AtomicU64,
    diverted_bytes: AtomicU64,
    /// Whether the last records went to the buffer.
    diverting: AtomicBool,
}

/// Lets one batch at a time ask a refusing stream.
#[derive(Debug, Default)]
struct Probe(Mutex<Asking>);

#[derive(Debug, Default)]
struct Asking {
    under_way: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// The right to ask; gone when it is dropped.
struct Asked<'a> {
    probe: &'a Probe,
    backoff: Backoff,
}

/// Records that are not taken yet, with their indices in the batch, ascending.
type Left = Vec<(usize, Record)>;

/// What an append has come to so far.
#[derive(Default)]
struct Progress {
    last: Vec<(ShardId, Position)>,
    why: Option<String>,
    /// What the stream can never take, with indices of the batch.
    rejected: Vec<Rejected>,
    closed: bool,
}

impl Overflow {
    /// A producer over both. Small enough for the buffer is what its largest record allows. To be called within a runtime.
    pub fn open(stream: Arc<dyn Producer>, buffer: Arc<dyn Producer>, rounds: Rounds) -> Self {
        let (of_stream, of_buffer) = (stream.health(), buffer.health());
        let health = Arc::new(HealthState::new(either(&of_stream, &of_buffer)));
        tokio::spawn(follow(Arc::downgrade(&health), of_stream, of_buffer));
        Self {
            stream,
            buffer,
            rounds,
            health,
            probe: Probe::default(),
            diverted_records: AtomicU64::new(0),
            diverted_bytes: AtomicU64::new(0),
            diverting: AtomicBool::new(false),
        }
    }

    /// How much went to the buffer.
    pub fn diverted(&self) -> Diverted {
        Diverted {
            records: self.diverted_records.load(Ordering::Relaxed),
            bytes: self.diverted_bytes.load(Ordering::Relaxed),
        }
    }

    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        if route != Route::ByKey {
            return self.stream.append(batch, route).await;
        }
        let max = self.stream.max_record_bytes();
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        let deadline = Instant::now() + self.rounds.deadline;
        let mut progress = Progress::default();
        let mut left: Left = batch.into_iter().enumerate().collect();
        for round in 1.. {
            left = self.round(left, &mut progress).await?;
            if left.is_empty() && progress.rejected.is_empty() {
                break;
            }
            let again = Instant::now() + self.rounds.backoff.delay(round);
            if left.is_empty() || progress.closed || again >= deadline {
                self.health.state(either(&self.stream.health(), &self.buffer.health()));
                let Progress { mut rejected, why, .. } = progress;
                rejected.sort_unstable_by_key(|rejected| rejected.index);
                let of_left = left.into_iter().map(|(index, _)| index);
                let mut missing: Vec<_> =
                    of_left.chain(rejected.iter().map(|rejected| rejected.index)).collect();
                missing.sort_unstable();
                let why = why.unwrap_or_else(|| "no answer came in time".to_owned());
                let stream = self.stream().to_owned();
                return Err(AppendError::Unavailable { stream, missing, rejected, why });
            }
            sleep_until(again).await;
        }
        Ok(Appended { last: progress.last })
    }

    /// Each of the two is tried once at most. Returns what neither has taken.
    async fn round(&self, left: Left, progress: &mut Progress) -> Result<Left, AppendError> {
        let well = self.stream.health().borrow().is_well();
        let asked = if well { None } else { self.probe.begin(self.rounds.backoff) };
        let (first, mut rest) =
            if well || asked.is_some() { (left, Left::new()) } else { self.by_size(left) };
        let sent = first.len();
        let (mut refused, rejected) = attempt(&*self.stream, first, progress).await?;
        // Whoever reads the buffer puts its records into the stream: these would be rejected again.
        refused.retain(|(index, _)| rejected.iter().all(|rejected| rejected.index != *index));
        progress.rejected.extend(rejected);
        if let Some(asked) = asked {
            asked.answered(refused.is_empty());
        }
        if sent > 0 && refused.is_empty() && rest.is_empty() && self.diverting.swap(false, Ordering::Relaxed)
        {
            tracing::info!(stream = self.stream(), "records go to the stream again");
        }
        rest.extend(refused);
        let (large, small) = self.by_size(rest);
        let (records, bytes) = (small.len(), data_bytes(&small));
        let (mut left, _) = attempt(&*self.buffer, small, progress).await?;
        let diverted = records - left.len();
        if diverted > 0 {
            self.diverted_records.fetch_add(diverted as u64, Ordering::Relaxed);
            self.diverted_bytes.fetch_add(bytes - data_bytes(&left), Ordering::Relaxed);
            if !self.diverting.swap(true, Ordering::Relaxed) {
                let (stream, buffer) = (self.stream(), self.buffer.stream());
                tracing::warn!(stream, buffer, why = progress.why, "records go to the buffer");
            }
        }
        left.extend(large);
        left.sort_unstable_by_key(|(index, _)| *index);
        Ok(left)
    }

    /// What is too large for the buffer, and the rest.
    fn by_size(&self, left: Left) -> (Left, Left) {
        let max = self.buffer.max_record_bytes();
        left.into_iter().partition(|(_, record)| record.size() > max)
    }
}

/// Returns what was not taken, and which of it never can be.
async fn attempt(
    producer: &dyn Producer,
    mut left: Left,
    progress: &mut Progress,
) -> Result<(Left, Vec<Rejected>), AppendError> {
    let mut never = Vec::new();
    if left.is_empty() {
        return Ok((left, never));
    }
    let batch = left.iter().map(|(_, record)| record.clone()).collect();
    match producer.append(batch, Route::ByKey).await {
        Ok(appended) => {
            for (shard, position) in appended.last {
                match progress.last.iter_mut().find(|(known, _)| *known == shard) {
                    Some((_, last)) => *last = position.max(*last),
                    None => progress.last.push((shard, position)),
                }
            }
            return Ok((Left::new(), never));
        }
        Err(AppendError::Unavailable { missing, rejected, why, stream }) => {
            never = rejected;
            never.iter_mut().for_each(|rejected| rejected.index = left[rejected.index].0);
            let mut place = 0;
            left.retain(|_| {
                place += 1;
                missing.binary_search(&(place - 1)).is_ok()
            });
            progress.why = Some(format!("{stream}: {why}"));
        }
        Err(error @ (AppendError::Full { .. } | AppendError::Interrupted { .. })) => {
            progress.why = Some(error.to_string());
        }
        Err(error @ AppendError::Closed { .. }) => {
            progress.closed = true;
            progress.why = Some(error.to_string());
        }
        Err(error @ AppendError::TooLarge { .. }) => return Err(error),
    }
    Ok((left, never))
}

fn data_bytes(records: &Left) -> u64 {
    records.iter().map(|(_, record)| record.data.len() as u64).sum()
}

impl Probe {
    fn begin(&self, backoff: Backoff) -> Option<Asked<'_>> {
        let mut asking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asking.under_way || asking.not_before.is_some_and(|time| Instant::now() < time) {
            return None;
        }
        asking.under_way = true;
        Some(Asked { probe: self, backoff })
    }
}

impl Asked<'_> {
    fn answered(self, taken: bool) {
        let mut asking = self.probe.0.lock().unwrap_or_else(PoisonError::into_inner);
        asking.failures = if taken { 0 } else { asking.failures.saturating_add(1) };
        asking.not_before = (!taken).then(|| Instant::now() + self.backoff.delay(asking.failures));
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.probe.0.lock().unwrap_or_else(PoisonError::into_inner).under_way = false;
    }
}

/// Well if one of them is (`spec/collector.md` 7.2).
fn either(stream: &HealthWatch, buffer: &HealthWatch) -> Health {
    let (stream, buffer) = (stream.borrow().clone(), buffer.borrow().clone());
    match (stream.trouble(), buffer.trouble()) {
        (None, _) | (_, None) => Health::Well,
        (Some(first), Some(second)) => {
            let why = format!("{first}; {second}");
            let unreached = |health| matches!(health, Health::Unreached { .. });
            if unreached(stream.clone()) && unreached(buffer.clone()) {
                Health::unreached(why)
            } else {
                Health::refusing(why)
            }
        }
    }
}

/// States the health of both whenever one changes.
async fn follow(health: Weak<HealthState>, mut stream: HealthWatch, mut buffer: HealthWatch) {
    loop {
        let changed = tokio::select! {
            changed = stream.changed() => changed,
            changed = buffer.changed() => changed,
        };
        let (Ok(()), Some(health)) = (changed, health.upgrade()) else { return };
        health.state(either(&stream, &buffer));
    }
}

impl Producer for Overflow {
    fn stream(&self) -> &str {
        self.stream.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn keeps_time(&self) -> bool {
        self.stream.keeps_time() && self.buffer.keeps_time()
    }

    fn max_record_bytes(&self) -> usize {
        self.stream.max_record_bytes()
    }

    /// While the stream refuses: what fits the buffer.
    fn preferred_record_bytes(&self) -> usize {
        let refuses = self.diverting.load(Ordering::Relaxed) || !self.stream.health().borrow().is_well();
        if refuses {
            self.buffer.max_record_bytes().min(self.max_record_bytes())
        } else {
            self.max_record_bytes()
        }
    }

    fn health(&self) -> HealthWatch {
        self.health.watch()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.stream.read_after(shard, after)
    }
}

impl std::fmt::Debug for Overflow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overflow")
            .field("stream", &self.stream())
            .field("buffer", &self.buffer.stream())
            .finish_non_exhaustive()
    }
}
