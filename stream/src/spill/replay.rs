//! Handing on what is spilled, in order.

use std::{future::poll_fn, io, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::{sync::watch, time::sleep};

use super::{
    REFUSED, Shared,
    envelope::{self, Part, Run},
    is_final, keep,
};
use crate::{
    consumer::{Checkpoint, Checkpointer, ConsumeError, Consumer, Delivered, Event},
    producer::{AppendError, Producer, Rejected, Route},
    record::{Position, Record, ShardId},
};

/// The longest time that the stream gets for what is handed on.
const MAX_DEADLINE: Duration = Duration::from_secs(300);

/// The task that hands on.
pub(super) struct Replay {
    shared: Arc<Shared>,
    consumer: Box<dyn Consumer>,
    checkpointer: Box<dyn Checkpointer>,
    refused: Arc<dyn Producer>,
    stop: watch::Receiver<bool>,
    /// Failures in a row.
    failures: u32,
}

/// The spill is being closed, or its stream has been.
struct Stopped;

impl Replay {
    pub(super) fn new(shared: Arc<Shared>, consumer: Box<dyn Consumer>, stop: watch::Receiver<bool>) -> Self {
        let (checkpointer, refused) = (consumer.checkpointer(), shared.log.producer(REFUSED));
        Self { shared, consumer, checkpointer, refused, stop, failures: 0 }
    }

    /// Works until the spill is closed.
    pub(super) async fn run(mut self) {
        while let Ok(spilled) = self.gather().await {
            let oldest = spilled.first().map(|delivered| delivered.arrival);
            self.shared.counts().oldest = oldest;
            let (records, bytes) = (self.shared.config.batch_records, self.shared.config.batch_bytes);
            for part in envelope::parts(spilled, records, bytes) {
                let handed = match part {
                    Part::Run(run) => self.hand_on(run).await,
                    Part::Strange(strange) => {
                        let why = "what was spilled cannot be read";
                        let place = strange.position;
                        match self.put_aside(strange.record, why).await {
                            Ok(()) => self.done(place, 0).await,
                            stopped => stopped,
                        }
                    }
                };
                if handed.is_err() {
                    return;
                }
            }
        }
    }

    /// The next records of the spill: as many as are there, within the limits of a batch, and no batch to a shard cut in two.
    async fn gather(&mut self) -> Result<Vec<Delivered>, Stopped> {
        let (records, bytes) = (self.shared.config.batch_records, self.shared.config.batch_bytes);
        let mut gathered = self.next().await?;
        loop {
            let size: usize = gathered.iter().map(|delivered| delivered.record.size()).sum();
            if gathered.last().is_some_and(|last| envelope::goes_on(&last.record)) {
                gathered.extend(self.next().await?);
            } else if gathered.len() >= records || size >= bytes {
                return Ok(gathered);
            } else {
                match self.ready().await {
                    Some(more) => gathered.extend(more),
                    None => return Ok(gathered),
                }
            }
        }
    }

    /// Waits for records; meanwhile finds out when nothing is left.
    async fn next(&mut self) -> Result<Vec<Delivered>, Stopped> {
        let mut gate = self.shared.gate.watch();
        let mut stop = self.stop.clone();
        let mut failures = 0;
        loop {
            self.open_gate();
            let event = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Err(Stopped),
                event = self.consumer.next() => event,
                _ = gate.changed() => continue,
            };
            match event {
                Ok(Event::Records(batch)) => return Ok(batch.records),
                Ok(_) => {}
                Err(ConsumeError::Closed { .. }) => return Err(Stopped),
                Err(error) => {
                    failures += 1;
                    let folder = self.shared.config.folder.display();
                    tracing::error!(%folder, %error, "the spill cannot be read: what it holds is not handed on");
                    self.trouble(&format!("the spill cannot be read: {error}"));
                    let pause = sleep(self.shared.config.backoff.delay(failures));
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => return Err(Stopped),
                        () = pause => {}
                    }
                }
            }
        }
    }

    /// Records that can be had without waiting.
    async fn ready(&mut self) -> Option<Vec<Delivered>> {
        let mut next = self.consumer.next();
        let polled = poll_fn(|context| match next.as_mut().poll(context) {
            Poll::Ready(event) => Poll::Ready(Some(event)),
            Poll::Pending => Poll::Ready(None),
        });
        match polled.await {
            Some(Ok(Event::Records(batch))) => Some(batch.records),
            // Whatever it is comes again when it is waited for.
            _ => None,
        }
    }

    /// Hands a run on, however long it takes, and saves the place.
    async fn hand_on(&mut self, run: Run) -> Result<(), Stopped> {
        let Run { route, mut records, last } = run;
        let mut taken = records.len() as u64;
        while !records.is_empty() {
            let why = match self.attempt(records.clone(), route.clone()).await? {
                Ok(()) => break,
                Err(AppendError::TooLarge { index, size, max }) if index < records.len() => {
                    let record = records.remove(index);
                    taken -= 1;
                    let why = AppendError::TooLarge { index, size, max }.to_string();
                    self.put_aside(record, &why).await?;
                    continue;
                }
                Err(AppendError::Closed { .. }) => return Err(Stopped),
                Err(error) if is_final(&error) => {
                    taken -= records.len() as u64;
                    for record in std::mem::take(&mut records) {
                        self.put_aside(record, &error.to_string()).await?;
                    }
                    break;
                }
                Err(AppendError::Unavailable { mut missing, rejected, why, .. }) => {
                    let before = records.len();
                    for Rejected { index, why } in &rejected {
                        taken -= 1;
                        self.put_aside(records[*index].clone(), why).await?;
                        missing.retain(|missing| missing != index);
                    }
                    records = keep(records, &missing);
                    if records.len() < before {
                        self.failures = 0;
                    }
                    why
                }
                Err(error) => error.to_string(),
            };
            if !records.is_empty() {
                self.failed(&why).await?;
            }
        }
        self.failures = 0;
        self.done(last, taken).await
    }

    /// One attempt, with more time the more often it has failed.
    async fn attempt(
        &mut self,
        records: Vec<Record>,
        route: Route,
    ) -> Result<Result<(), AppendError>, Stopped> {
        let patience = self.shared.config.patience;
        let deadline = patience.saturating_mul(1 << self.failures.min(10)).min(MAX_DEADLINE.max(patience));
        let mut stop = self.stop.clone();
        let shared = self.shared.clone();
        let attempt = async {
            match shared.in_time(deadline, shared.inner.append(records, route)).await {
                Some(outcome) => outcome.map(drop),
                None => Err(AppendError::Interrupted {
                    stream: shared.inner.stream().to_owned(),
                    source: io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {deadline:?}")),
                }),
            }
        };
        let mut attempt = pin!(attempt);
        tokio::select! {
            biased;
            outcome = attempt.as_mut() => return Ok(outcome),
            _ = stop.wait_for(|stop| *stop) => {}
        }
        // What is on its way would be handed on twice if nobody waited for it.
        shared.in_time(patience, attempt).await.ok_or(Stopped)
    }

    /// Counts a failure and waits: for its pause, or until the stream says that it takes records again.
    async fn failed(&mut self, why: &str) -> Result<(), Stopped> {
        self.failures = self.failures.saturating_add(1);
        self.trouble(why);
        if self.failures.is_power_of_two() {
            let (stream, attempts) = (self.shared.inner.stream(), self.failures);
            let waiting = self.shared.left().records;
            tracing::warn!(stream, attempts, waiting, why, "what is spilled cannot be handed on yet");
        }
        let mut health = self.shared.inner.health();
        health.mark_unchanged();
        let well = async {
            while health.changed().await.is_ok() {
                if health.borrow().is_well() {
                    return;
                }
            }
            std::future::pending().await
        };
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Err(Stopped),
            () = well => Ok(()),
            () = sleep(self.shared.config.backoff.delay(self.failures)) => Ok(()),
        }
    }

    /// Says why nothing can be handed on; nobody waits for it.
    fn trouble(&self, why: &str) {
        self.shared.gate.end_handover();
        self.shared.counts().trouble = Some(why.to_owned());
        self.shared.state_health();
    }

    /// Everything up to `place` is where it belongs, `taken` records of it in the stream.
    async fn done(&mut self, place: Position, taken: u64) -> Result<(), Stopped> {
        let shard = ShardId::numbered(0);
        let mut failures = 0;
        loop {
            let checkpoint = Checkpoint { acknowledged: Some(place), pending: None };
            let Err(error) = self.checkpointer.save(&shard, checkpoint).await else { break };
            failures += 1;
            let folder = self.shared.config.folder.display();
            tracing::error!(%folder, %error, "the progress of the spill cannot be saved");
            self.trouble(&format!("the progress of the spill cannot be saved: {error}"));
            let mut stop = self.stop.clone();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Err(Stopped),
                () = sleep(self.shared.config.backoff.delay(failures)) => {}
            }
        }
        self.shared.counts().replayed += taken;
        if self.shared.left().records <= self.shared.config.batch_records as u64 {
            self.shared.gate.begin_handover();
        }
        self.open_gate();
        Ok(())
    }

    /// Appends go directly again once nothing is left.
    fn open_gate(&self) {
        if !self.shared.gate.open(|| self.shared.left().records == 0) {
            return;
        }
        let replayed = {
            let mut counts = self.shared.counts();
            (counts.trouble, counts.full, counts.oldest) = (None, None, None);
            counts.replayed
        };
        self.shared.state_health();
        let stream = self.shared.inner.stream();
        tracing::info!(stream, replayed, "nothing waits in the spill: records go directly to the stream");
    }

    /// Keeps a record on the disk for a human.
    async fn put_aside(&mut self, record: Record, why: &str) -> Result<(), Stopped> {
        let (stream, bytes) = (self.shared.inner.stream().to_owned(), record.size());
        let mut failures = 0;
        while let Err(error) = self.refused.append(vec![record.clone()], Route::ByKey).await {
            failures += 1;
            self.trouble(&format!("a record that it can never take cannot be put aside: {error}"));
            let mut stop = self.stop.clone();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return Err(Stopped),
                () = sleep(self.shared.config.backoff.delay(failures)) => {}
            }
        }
        let folder = self.shared.config.folder.join(REFUSED);
        tracing::error!(stream, bytes, why, folder = %folder.display(), "the stream can never take a spilled record: it is put aside");
        Ok(())
    }
}
