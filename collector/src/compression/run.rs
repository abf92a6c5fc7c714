//! The thread that compresses, and what stands between it and the requests.

use std::{
    fmt, io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use service::clock;
use stream::{
    producer::{AppendError, Producer, Route},
    record::Record,
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};

use super::{
    framer::{Frame, Framer, Targets},
    pace::Pace,
};
use crate::{config::Compression, observed::FrameStored};

/// Bytes of payloads that wait for their record to be durable, at most; further requests wait before they wait.
const MAX_WAITING: usize = 64 * 1024 * 1024;

/// Gathers payloads of concurrent requests in compressed records. Dropped, it lets the records go that are open, and ends.
pub struct Gatherer {
    queue: Sender<Waiting>,
    room: Arc<Semaphore>,
}

/// What became of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is durable.
    Stored,
    /// It fits no record.
    TooLarge,
}

/// Why a payload was not stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GatherError {
    /// The stream refused its record.
    #[error(transparent)]
    Append(Arc<AppendError>),
    /// It could not be compressed.
    #[error("the record could not be compressed")]
    Compress,
}

/// A request's payload.
struct Waiting {
    record: Record,
    since: Instant,
    ticket: Ticket,
}

/// Tells the request. Dropped without a word: its record is lost.
struct Ticket {
    key: Bytes,
    answer: oneshot::Sender<Result<Fate, GatherError>>,
    /// Kept until the payload is not in memory any more.
    _room: OwnedSemaphorePermit,
}

/// What the thread works with.
struct Worker {
    framer: Framer<Ticket>,
    pace: Pace,
    sink: Arc<dyn Producer>,
    largest: usize,
    runtime: Handle,
}

impl Gatherer {
    /// Starts the thread. Records of at most `largest` bytes go to `sink`, and wait for at most `longest_wait`. To be called
    /// within a runtime.
    ///
    /// # Errors
    /// No thread or no compressor.
    pub fn start(
        config: &Compression,
        longest_wait: Duration,
        sink: Arc<dyn Producer>,
        largest: usize,
    ) -> io::Result<Self> {
        let (compression, level) = config.kind.with_level(config);
        let worker = Worker {
            framer: Framer::new(compression, level)?,
            pace: Pace::new(longest_wait),
            sink,
            largest,
            runtime: Handle::current(),
        };
        let (queue, waiting) = mpsc::channel();
        thread::Builder::new().name("compression".into()).spawn(move || worker.work(&waiting))?;
        Ok(Self { queue, room: Arc::new(Semaphore::new(MAX_WAITING)) })
    }

    /// Returns once the record that holds this payload is durable, or the payload turned out to fit none.
    ///
    /// # Errors
    /// [`GatherError`]: as for all payloads of the record.
    pub async fn gather(&self, record: Record) -> Result<Fate, GatherError> {
        let bytes = record.size().clamp(1, MAX_WAITING) as u32;
        let room = self.room.clone().acquire_many_owned(bytes).await.map_err(|_| GatherError::Compress)?;
        let (answer, answered) = oneshot::channel();
        let ticket = Ticket { key: record.key.clone(), answer, _room: room };
        let waiting = Waiting { record, since: Instant::now(), ticket };
        self.queue.send(waiting).map_err(|_| GatherError::Compress)?;
        answered.await.unwrap_or(Err(GatherError::Compress))
    }
}

impl fmt::Debug for Gatherer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gatherer").field("room", &self.room.available_permits()).finish_non_exhaustive()
    }
}

impl Worker {
    /// Until nobody can send any more.
    fn work(mut self, waiting: &Receiver<Waiting>) {
        loop {
            let next = if self.framer.payloads() == 0 {
                waiting.recv().ok()
            } else {
                match waiting.try_recv() {
                    Ok(next) => Some(next),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) => {
                        let wait = self.pace.wait(Instant::now());
                        match if wait.is_zero() {
                            Err(RecvTimeoutError::Timeout)
                        } else {
                            waiting.recv_timeout(wait)
                        } {
                            Ok(next) => Some(next),
                            Err(RecvTimeoutError::Disconnected) => None,
                            Err(RecvTimeoutError::Timeout) => {
                                self.close();
                                continue;
                            }
                        }
                    }
                }
            };
            let Some(next) = next else {
                self.close();
                return;
            };
            self.add(next);
            if self.pace.is_overdue(Instant::now()) {
                self.close();
            }
        }
    }

    fn add(&mut self, Waiting { record, since, ticket }: Waiting) {
        self.pace.arrived(since);
        let current = self.sink.preferred_record_bytes().saturating_sub(record.key.len()).min(self.largest);
        let targets = Targets { current, largest: self.largest };
        let (before, mut frames) = (self.framer.payloads(), Vec::new());
        match self.framer.add(&record.data, ticket, targets, &mut frames) {
            Ok(None) => {}
            Ok(Some(too_large)) => too_large.tell(Ok(Fate::TooLarge)),
            Err(error) => failed(&error),
        }
        match self.framer.payloads() {
            0 => self.pace.closed(),
            1 if before == 0 || !frames.is_empty() => self.pace.opened(since),
            _ => {}
        }
        for frame in frames {
            self.deliver(frame);
        }
    }

    fn close(&mut self) {
        self.pace.closed();
        match self.framer.close() {
            Ok(None) => {}
            Ok(Some(frame)) => self.deliver(frame),
            Err(error) => failed(&error),
        }
    }

    /// Stores a record beside the work, and tells its requests.
    fn deliver(&self, frame: Frame<Ticket>) {
        let sink = self.sink.clone();
        self.runtime.spawn(async move {
            let Frame { record, plain_bytes, tickets } = frame;
            let begun = clock::now();
            let bytes = record.len();
            let key = tickets.first().map(|ticket| ticket.key.clone()).unwrap_or_default();
            let told = match sink.append(vec![Record::new(key, record)], Route::ByKey).await {
                Ok(_) => {
                    let took = clock::now().duration_since(begun).try_into().unwrap_or_default();
                    FrameStored { payloads: tickets.len(), plain_bytes, bytes, took }.emit();
                    Ok(Fate::Stored)
                }
                Err(error) => Err(GatherError::Append(Arc::new(error))),
            };
            for ticket in tickets {
                ticket.tell(told.clone());
            }
        });
    }
}

impl Ticket {
    fn tell(self, fate: Result<Fate, GatherError>) {
        // Who went away need not be told.
        let _ = self.answer.send(fate);
    }
}

fn failed(error: &io::Error) {
    tracing::error!(%error, "compression failed: the clients are told to try again");
}
