//! The loader: reads, encodes, commits; waits while the database is away.

mod flight;
mod needs;
mod shards;
mod transaction;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use event::{bad_row::BadRow, schema_key::SchemaKey};
use flight::Flight;
use jiff::Timestamp;
use service::{clock, context::Context, health::Fact, metric};
use stream::{
    consumer::{Checkpointer, ConsumeError, Consumer, Event},
    producer::{AppendError, Producer},
    record::{Position, ShardId},
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{
    batch::Batch,
    client::{Session, SessionError},
    config::PostgresConfig,
    encode::{Encoded, Encoder, Need},
};

/// Fewer lines are encoded where they are, more on a thread of their own.
const INLINE: usize = 64;

/// What a run has done with the records it took up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Records whose rows are committed.
    pub events: u64,
    /// Events that were in the table already, by a unique index on it.
    pub duplicates: u64,
    /// Records that became bad rows.
    pub bad: u64,
}

/// Why the loader ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The stream cannot be read on, or progress not be saved.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// Bad rows cannot be written any more.
    #[error("bad rows: {0}")]
    Bad(AppendError),
    /// A bug: a task of the loader panicked.
    #[error("a task of the loader ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Loads `source` until the drain is requested or the stream ends. Exactly once: rows and checkpoint are committed together.
///
/// # Errors
/// The stream fails, or the bad rows' stream is closed. A database that is away is waited for.
pub async fn run(
    config: PostgresConfig,
    source: Box<dyn Consumer>,
    iglu: Arc<iglu::client::Client>,
    bad: Arc<dyn Producer>,
    context: Context,
) -> Result<Loaded, LoadError> {
    let mut loader = Loader {
        fact: context.health.fact("postgres"),
        stream: source.stream().to_owned(),
        checkpointer: source.checkpointer(),
        config,
        source,
        iglu,
        bad,
        context,
        session: None,
        encoder: None,
        batch: Batch::default(),
        flight: None,
        shards: BTreeMap::new(),
        unsaved: BTreeMap::new(),
        saved_at: moment(),
        done: Loaded::default(),
    };
    match loader.run().await {
        Ok(()) | Err(Stop::Drained) => Ok(loader.done),
        Err(Stop::Failed(error)) => Err(error),
    }
}

struct Loader {
    config: PostgresConfig,
    source: Box<dyn Consumer>,
    iglu: Arc<iglu::client::Client>,
    bad: Arc<dyn Producer>,
    context: Context,
    fact: Fact,
    stream: String,
    checkpointer: Box<dyn Checkpointer>,
    session: Option<Session>,
    encoder: Option<Encoder>,
    batch: Batch,
    /// The batch before it, which is being committed meanwhile.
    flight: Option<Flight>,
    /// The shards we read, and how far each is committed.
    shards: BTreeMap<ShardId, Option<Position>>,
    /// What is committed and not yet told the stream.
    unsaved: BTreeMap<ShardId, Position>,
    /// When the stream was told last.
    saved_at: Instant,
    done: Loaded,
}

/// Why the work ends.
enum Stop {
    /// It was asked to, in a moment of waiting.
    Drained,
    Failed(LoadError),
}

impl<E: Into<LoadError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What came of a part of the lines.
#[derive(Default)]
struct Part {
    done: usize,
    bad: Vec<(usize, BadRow)>,
    need: Option<Need>,
}

impl Loader {
    async fn run(&mut self) -> Result<(), Stop> {
        self.ready().await?;
        tracing::info!(to = self.config.place(), stream = self.stream, "load into Postgres");
        let mut first_arrived = None;
        loop {
            let flush_at = first_arrived.map(|at: Instant| at + self.config.linger);
            let save_at = self.save_due();
            tokio::select! {
                biased;
                () = self.context.drain.requested() => break,
                () = passed(flush_at), if flush_at.is_some() => self.flush().await?,
                () = passed(save_at), if save_at.is_some() => self.save_all().await?,
                arrival = flight::arrival(&mut self.flight), if self.flight.is_some() => self.arrived(arrival).await?,
                event = self.source.next() => {
                    let event = event?;
                    self.take(event).await?;
                }
            }
            if self.batch.is_empty() {
                first_arrived = None;
            } else {
                first_arrived.get_or_insert_with(Instant::now);
            }
            let committing = self.flight.as_ref().and_then(|flight| flight.batch.oldest());
            self.fact.oldest_unacknowledged(committing.or_else(|| self.batch.oldest()));
        }
        let left = self.batch.len() + self.flight.as_ref().map_or(0, |flight| flight.batch.len());
        let flushed = self.flush_all().await.inspect_err(|_| {
            tracing::warn!(
                events = left,
                "the database is away: these events stay in the stream, for the next start"
            );
        });
        self.save_all().await?;
        flushed
    }

    /// When the stream is to be told next, if there is something to tell.
    fn save_due(&self) -> Option<Instant> {
        (!self.unsaved.is_empty()).then(|| self.saved_at + self.config.save_every)
    }

    async fn take(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Assigned { shard, checkpoint } => self.assigned(shard, checkpoint.acknowledged).await,
            Event::Records(delivery) => self.records(delivery).await,
            Event::Ended { shard } => {
                self.flush_all().await?;
                if let Some(Some(position)) = self.shards.remove(&shard) {
                    self.unsaved.insert(shard, position);
                }
                self.save_all().await
            }
            Event::Lost { shard } => {
                self.settle().await?;
                self.shards.remove(&shard);
                self.unsaved.remove(&shard);
                self.forget(&shard);
                self.encode().await
            }
        }
    }

    /// A session and an encoder, waiting for the database if need be. Nothing is on its way.
    async fn ready(&mut self) -> Result<&mut Session, Stop> {
        let mut attempt = 0;
        while self.session.is_none() {
            match Session::open(&self.config).await {
                Ok((session, events)) => {
                    match &mut self.encoder {
                        None => {
                            let PostgresConfig { purpose, strict, .. } = self.config;
                            self.encoder = Some(Encoder::new(purpose, strict, events));
                        }
                        Some(encoder) => {
                            if !encoder.replace_events(events) {
                                self.batch.begin_again();
                            }
                        }
                    }
                    if attempt > 0 {
                        tracing::info!(attempts = attempt, "the database is back");
                    }
                    self.fact.well();
                    self.session = Some(session);
                }
                Err(error) => {
                    metric::POSTGRES_ERRORS.increment(&[error.code()]);
                    self.pause(attempt, &error).await?;
                    attempt += 1;
                }
            }
        }
        Ok(self.session.as_mut().expect("the loop above ends with a session"))
    }

    /// Waits before trying again; ends when the drain is requested.
    async fn pause(&mut self, attempt: u32, why: &(dyn std::fmt::Display + Sync)) -> Result<(), Stop> {
        let delay = self.config.backoff.delay(attempt, clock::jitter());
        self.fact.trouble(why.to_string());
        tracing::warn!(error = %why, attempt, delay_ms = delay.as_millis() as u64, "wait");
        tokio::select! {
            biased;
            () = self.context.drain.requested() => Err(Stop::Drained),
            () = sleep(delay) => Ok(()),
        }
    }

    async fn lose_session(&mut self, attempt: &mut u32, error: &SessionError) -> Result<(), Stop> {
        self.session = None;
        self.pause(*attempt, error).await?;
        *attempt += 1;
        Ok(())
    }

    /// Encodes the lines of the batch that are not encoded yet.
    async fn encode(&mut self) -> Result<(), Stop> {
        while self.batch.encoded < self.batch.len() {
            let from = self.batch.encoded;
            let part = self.encode_lines(self.batch.rest()).await?;
            self.batch.encoded += part.done;
            self.batch.bad.extend(part.bad.into_iter().map(|(index, row)| (from + index, row)));
            if part.need.is_some() && self.flight.is_some() {
                // Tables are changed between transactions. What is needed is asked for again: tables may have been read anew.
                self.settle().await?;
                continue;
            }
            match part.need {
                Some(Need::Schema(key)) => self.need_schema(key).await?,
                Some(Need::Change(table, change)) => self.need_change(table, change).await?,
                None => {}
            }
        }
        Ok(())
    }

    async fn encode_lines(&mut self, lines: Vec<Bytes>) -> Result<Part, Stop> {
        if self.encoder.is_none() {
            self.ready().await?;
        }
        let mut encoder = self.encoder.take().expect("ready makes an encoder");
        let inline = lines.len() <= INLINE;
        let now = now();
        let work = move || {
            let mut part = Part::default();
            for line in &lines {
                match encoder.encode(line, now) {
                    Encoded::Rows => {}
                    Encoded::Bad(row) => part.bad.push((part.done, *row)),
                    Encoded::Need(need) => {
                        part.need = Some(need);
                        break;
                    }
                }
                part.done += 1;
            }
            (encoder, part)
        };
        let (encoder, part) = if inline { work() } else { tokio::task::spawn_blocking(work).await? };
        self.encoder = Some(encoder);
        Ok(part)
    }

    fn encoder(&mut self) -> &mut Encoder {
        self.encoder.as_mut().expect("lines are encoded before anything is needed")
    }

    /// Asks the registries for a schema.
    async fn fetch(&mut self, key: &SchemaKey) -> Result<(), Stop> {
        tokio::select! {
            biased;
            () = self.context.drain.requested() => Err(Stop::Drained),
            () = self.iglu.fetch(key) => Ok(()),
        }
    }

    /// A transaction took this long.
    fn committed_within(started: Instant, rows: u64) {
        metric::POSTGRES_BATCH_SECONDS.record(started.elapsed().as_secs_f64(), &[]);
        metric::POSTGRES_ROWS.add(rows, &[]);
    }
}

/// Work beside the loop. Dropping it ends it, sooner or later.
struct Task<T>(JoinHandle<T>);

impl<T: Send + 'static> Task<T> {
    fn start(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Waits for its end.
    async fn end(&mut self) -> Result<T, LoadError> {
        Ok((&mut self.0).await?)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for a moment, if there is one.
async fn passed(moment: Option<Instant>) {
    sleep_until(moment.unwrap_or_else(Instant::now)).await;
}

/// The wall clock.
fn now() -> Timestamp {
    clock::now()
}

/// For measuring.
fn moment() -> Instant {
    Instant::now()
}
