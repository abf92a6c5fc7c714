//! Records on their way to a service that takes many in one call.
//!
//! Every `append` puts its records into one queue. While no call is under way, one begins at once with whatever is there;
//! while calls are under way, the next begins when it is full, when its oldest record has waited for
//! [`Sending::linger`], or when the line is idle again. What the service refuses is sent again after a backoff, record by
//! record; after a call that failed as a whole, one call at a time asks whether the service is back. An append ends when all
//! of its records are taken, or with those that are not: at its deadline none of them is sent any more, and calls that are
//! under way are waited for, so that what a slow service takes is not sent again by somebody else. What waits is bounded in
//! bytes and records.
//!
//! * [`carrier`]: the service, as far as this knows it
//! * `queue`: which records go when; knows no clock
//! * `ticket`: what the caller of an append waits for

pub mod carrier;
mod entry;
mod queue;
mod sending;
mod ticket;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError, watch},
    time::{Instant, sleep, sleep_until, timeout_at},
};

use self::{
    carrier::Carrier,
    entry::{Limits, Report},
    queue::{Call, Queue, Step},
    ticket::Ticket,
};
use crate::{
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};

pub use self::{
    entry::{Counts, Entry},
    sending::{Capacity, Facts, Sending},
};

/// Between two log lines about refused records.
const QUIET: Duration = Duration::from_secs(1);

/// A producer over a service. Dropping it leaves what is on its way to calls that have begun; [`Outbox::close`] waits for all.
pub struct Outbox<C> {
    shared: Arc<Shared<C>>,
}

struct Shared<C> {
    carrier: C,
    sending: Sending,
    capacity: Capacity,
    queue: Mutex<Queue>,
    health: HealthState,
    room: Arc<Semaphore>,
    /// When to look at the queue again, if nothing happens before.
    alarm: watch::Sender<Option<Instant>>,
    emptied: Notify,
    noise: Mutex<Noise>,
}

/// Keeps the log readable while much goes wrong.
#[derive(Default)]
struct Noise {
    last: Option<Instant>,
    left_out: u64,
}

impl<C: Carrier> Outbox<C> {
    /// Begins to ask for the stream in the background; records are taken from now on. To be called within a runtime.
    pub fn open(carrier: C, sending: Sending, capacity: Capacity) -> Self {
        let sending = Sending {
            calls: sending.calls.max(1),
            waiting_bytes: sending.waiting_bytes.clamp(1, u32::MAX as usize),
            waiting_records: sending.waiting_records.max(1),
            ..sending
        };
        let limits = Limits {
            records: capacity.call_records,
            bytes: capacity.call_bytes,
            calls: sending.calls,
            linger: sending.linger,
            tries: sending.tries,
            backoff: sending.backoff,
            ordered: sending.ordered,
        };
        let (alarm, rings) = watch::channel(None);
        let shared = Arc::new(Shared {
            health: HealthState::new(Health::unreached("no answer yet")),
            room: Arc::new(Semaphore::new(sending.waiting_bytes)),
            queue: Mutex::new(Queue::new(limits)),
            emptied: Notify::new(),
            noise: Mutex::default(),
            carrier,
            sending,
            capacity,
            alarm,
        });
        tokio::spawn(ring(Arc::downgrade(&shared), rings));
        tokio::spawn(ask(Arc::downgrade(&shared), shared.health.watch()));
        Self { shared }
    }

    /// What is known now.
    pub fn facts(&self) -> Facts {
        let shared = &self.shared;
        let queue = shared.queue();
        Facts {
            stream: shared.carrier.stream().to_owned(),
            counts: queue.counts,
            waiting_records: queue.waiting(),
            waiting_bytes: shared.sending.waiting_bytes - shared.room.available_permits(),
            calls_in_flight: queue.in_flight(),
            health: shared.health.now(),
        }
    }

    /// Takes no more records and waits until those on their way are taken or given up: not longer than their deadlines.
    pub async fn close(&self) {
        self.shared.room.close();
        loop {
            let emptied = self.shared.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.shared.queue().is_empty() {
                return;
            }
            emptied.await;
        }
    }

    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        let shared = &self.shared;
        if let Route::Shard(shard) = &route {
            let why = format!("a service chooses shards by keys: nothing can be appended to {shard} alone");
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, why);
            return Err(AppendError::Interrupted { stream: shared.stream(), source });
        }
        let max = shared.capacity.record_bytes;
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        if batch.is_empty() {
            return Ok(Appended { last: Vec::new() });
        }
        let now = Instant::now();
        let deadline = now + shared.sending.deadline;
        let room = shared.room(&batch, deadline).await?;
        let ticket = Arc::new(Ticket::new(batch.len(), deadline, room));
        shared.push(batch, &ticket, now);
        Shared::pump(shared);
        if timeout_at(deadline, ticket.resolved()).await.is_err() {
            shared.too_late(&ticket);
            // A call ends by itself within a time.
            ticket.resolved().await;
        }
        let mut outcome = ticket.outcome(shared.carrier.stream());
        if let Err(AppendError::Unavailable { missing, rejected, why, .. }) = &mut outcome {
            if matches!(shared.health.now(), Health::Unreached { .. }) {
                // Nothing shows yet that it is the record that is wrong, and not how the stream is asked for.
                rejected.clear();
            }
            if rejected.len() < missing.len() {
                shared.refusing(why);
            }
        }
        outcome
    }
}

impl<C: Carrier> Shared<C> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics between changes that belong together.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self) -> String {
        self.carrier.stream().to_owned()
    }

    /// Waits for room while records are taken, else refuses at once.
    async fn room(&self, batch: &[Record], deadline: Instant) -> Result<OwnedSemaphorePermit, AppendError> {
        let all = self.sending.waiting_bytes;
        // A small record takes as much as keeps their number within its bound.
        let least = all / self.sending.waiting_records;
        let bytes =
            batch.iter().map(|record| self.carrier.weight(record).max(least)).sum::<usize>().clamp(1, all);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let why = match self.room.clone().try_acquire_many_owned(bytes) {
            Ok(room) => return Ok(room),
            Err(TryAcquireError::Closed) => return Err(AppendError::Closed { stream: self.stream() }),
            Err(TryAcquireError::NoPermits) => match self.health.now() {
                Health::Well => {
                    match timeout_at(deadline, self.room.clone().acquire_many_owned(bytes)).await {
                        Ok(Ok(room)) => return Ok(room),
                        Ok(Err(_)) => return Err(AppendError::Closed { stream: self.stream() }),
                        Err(_) => "other records wait before these".to_owned(),
                    }
                }
                health => health.to_string(),
            },
        };
        let why = format!("no room for more than {all} bytes that wait: {why}");
        self.refusing(&why);
        let missing = (0..batch.len()).collect();
        Err(AppendError::Unavailable { stream: self.stream(), missing, rejected: Vec::new(), why })
    }

    fn push(&self, batch: Vec<Record>, ticket: &Arc<Ticket>, now: Instant) {
        let mut queue = self.queue();
        for (index, record) in batch.into_iter().enumerate() {
            queue.push(Entry {
                weight: self.carrier.weight(&record),
                ticket: ticket.clone(),
                since: now,
                tries: 0,
                together: self.capacity.call_records,
                record,
                index,
            });
        }
    }

    /// Begins every call that may begin now.
    fn pump(shared: &Arc<Self>) {
        let mut queue = shared.queue();
        loop {
            match queue.step(Instant::now()) {
                Step::Call(call) => drop(tokio::spawn(Self::call(shared.clone(), call))),
                Step::Wait(until) => {
                    shared.alarm.send_if_modified(|known| std::mem::replace(known, until) != until);
                    break;
                }
            }
        }
        if queue.is_empty() {
            shared.emptied.notify_waiters();
        }
    }

    async fn call(shared: Arc<Self>, call: Call) {
        let answer = shared.carrier.send(&call.entries).await;
        let report = {
            let mut queue = shared.queue();
            let report = queue.settle(call, answer, Instant::now());
            if report.taken == report.sent {
                shared.well();
            } else if report.refusing {
                shared.refusing(&report.failures[0].0.text);
            } else if report.taken > 0 && matches!(shared.health.now(), Health::Unreached { .. }) {
                shared.well();
            }
            report
        };
        shared.log(&report);
        Self::pump(&shared);
    }

    fn too_late(&self, ticket: &Ticket) {
        let left = ticket.give_up();
        self.queue().abandoned(left, Instant::now());
    }

    fn well(&self) {
        if !self.health.now().is_well() {
            tracing::info!(stream = self.carrier.stream(), "the stream takes records");
            self.health.state(Health::Well);
        }
    }

    fn refusing(&self, why: &str) {
        self.health.state(match self.health.now() {
            Health::Unreached { .. } => Health::unreached(why),
            _ => Health::refusing(why),
        });
    }

    fn log(&self, report: &Report) {
        if report.failures.is_empty() {
            return;
        }
        let mut noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if noise.last.is_some_and(|last| now < last + QUIET) {
            noise.left_out += 1;
            return;
        }
        let (stream, left_out) = (self.carrier.stream(), std::mem::take(&mut noise.left_out));
        noise.last = Some(now);
        drop(noise);
        for (failure, records) in &report.failures {
            let (code, sent, why) = (&failure.code, report.sent, &failure.text);
            if report.refusing {
                tracing::error!(stream, records, sent, code, why, left_out, "writing records failed");
            } else {
                tracing::warn!(
                    stream,
                    records,
                    sent,
                    code,
                    why,
                    left_out,
                    "writing some of the records failed"
                );
            }
        }
    }
}

/// Looks at the queue when it wanted to be looked at.
async fn ring<C: Carrier>(shared: Weak<Shared<C>>, mut rings: watch::Receiver<Option<Instant>>) {
    loop {
        let at = *rings.borrow_and_update();
        let rung = async {
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rung => {
                let Some(shared) = shared.upgrade() else { return };
                shared.alarm.send_replace(None);
                Shared::pump(&shared);
            }
            changed = rings.changed() => if changed.is_err() { return },
        }
    }
}

/// Asks for the stream while it is not known to take records, so that this ends without anybody appending.
async fn ask<C: Carrier>(shared: Weak<Shared<C>>, mut health: HealthWatch) {
    let (mut told, mut pause) = (None, Duration::ZERO);
    while health.wait_for(|health| !health.is_well()).await.is_ok() {
        sleep(pause).await;
        let Some(shared) = shared.upgrade() else { return };
        pause = shared.sending.check_interval;
        if shared.health.now().is_well() {
            continue;
        }
        let answer = shared.carrier.check().await;
        match answer {
            Ok(()) => {
                let mut queue = shared.queue();
                // As long as records wait that were refused, only one that is taken shows that it is over.
                if queue.is_calm() {
                    queue.open();
                    shared.well();
                }
                told = None;
            }
            Err(failure) => {
                if told.as_ref() != Some(&failure.text) {
                    tracing::warn!(
                        stream = shared.carrier.stream(),
                        code = failure.code,
                        why = failure.text,
                        "the stream is not ready"
                    );
                }
                shared.refusing(&failure.text);
                told = Some(failure.text);
            }
        }
    }
}

impl<C: Carrier> Producer for Outbox<C> {
    fn stream(&self) -> &str {
        self.shared.carrier.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn max_record_bytes(&self) -> usize {
        self.shared.capacity.record_bytes
    }

    fn health(&self) -> HealthWatch {
        self.shared.health.watch()
    }

    /// Always `None`: what was sent cannot be found again.
    fn read_after(
        &self,
        _: &ShardId,
        _: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        Box::pin(async { Ok(None) })
    }
}

impl<C: Carrier> std::fmt::Debug for Outbox<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("stream", &self.stream()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
