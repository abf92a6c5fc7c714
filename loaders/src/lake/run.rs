//! The loop: read, gather, declare, put, acknowledge (`spec/loaders-and-leases.md` 1.8 and 7.3).
//!
//! A batch goes through four steps: its end is declared in the checkpoint (refused when the shard is not ours any more),
//! its objects are put under names that follow from the declaration, the checkpoint moves to its end. A successor that
//! finds a declaration repeats exactly that batch before anything else, so each record is in exactly one object however
//! often and wherever the process ends. A failed put is tried again and moves nothing.

mod room;
mod schemas;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use event::schema_key::SchemaKey;
use iglu::{cache::Lookup, client::Client};
use service::{
    clock,
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    health::Fact,
    metric,
    retry::Backoff,
};
use stream::{
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Delivered, Event, Pending},
    producer::{AppendError, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    buffer::{Buffer, Closed, Object},
    client::Destination,
    config::LakeConfig,
    format::{INDEX, Packed},
    key::BatchName,
    observed::Observer,
    pending::{Declared, Note},
    rejected::Rejected,
    shard::Shard,
};
use crate::parquet::schemas::Schemas;

/// Between attempts at what failed.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));

/// Batches of at least this many bytes are gathered on a blocking thread: compressing them takes milliseconds.
const LARGE: usize = 64 * 1024;

/// Loads one stream into `destination` until the drain of `context` is requested; then closes what is open and returns.
/// States the fact `lake.<stream>`. What cannot be written to files goes to `bad`, where records are rejected at all; an
/// object and its bad rows are there before the batch is acknowledged.
///
/// # Errors
///
/// The stream is damaged or closed; puts failed for longer than `max_timeout`; a declared batch cannot be repeated.
pub async fn run(
    config: LakeConfig,
    source: Box<dyn Consumer>,
    destination: Destination,
    bad: Option<Arc<dyn Producer>>,
    context: Context,
) -> Result<(), RunError> {
    run_with(config, source, destination, bad, None, context).await
}

/// [`run`] with the schemas that columns of Parquet files are made from. While a registry that may have one of them is away,
/// the batch waits.
///
/// # Errors
///
/// As [`run`].
pub async fn run_with(
    config: LakeConfig,
    mut source: Box<dyn Consumer>,
    destination: Destination,
    bad: Option<Arc<dyn Producer>>,
    iglu: Option<Arc<Client>>,
    context: Context,
) -> Result<(), RunError> {
    if config.parquet.is_some() && (iglu.is_none() || bad.is_none()) {
        return Err(RunError::bug("columns need schemas, and what is no row a stream to go to".to_owned()));
    }
    let stream = source.stream().to_owned();
    let fact = context.health.fact(format!("lake.{stream}"));
    let checkpointer = source.checkpointer();
    let observer = Observer::new(&config);
    let reporter = observer.start();
    let mut loader = Loader {
        observer,
        config,
        destination,
        bad,
        iglu,
        drain: context.drain.clone(),
        checkpointer,
        fact,
        stream,
        shards: HashMap::new(),
        due: HashMap::new(),
    };
    let drain = &context.drain;
    tokio::select! {
        biased;
        () = drain.requested() => return Ok(()),
        () = loader.reach() => {}
    }
    let mut attempt = 0;
    loop {
        let due = loader.due.values().min().copied();
        tokio::select! {
            biased;
            () = drain.requested() => break,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => loader.close_due().await?,
            event = source.next() => match event {
                Ok(event) => {
                    attempt = 0;
                    loader.take(event, source.as_mut()).await?;
                }
                Err(error @ ConsumeError::Io { .. }) => {
                    loader.fact.trouble(error.to_string());
                    tracing::warn!(stream = loader.stream, "{error}; trying again");
                    pause(&mut attempt).await;
                    loader.fact.well();
                }
                Err(ConsumeError::NotOwner { shard, .. }) => loader.forget(&shard),
                Err(error) if drain.is_requested() => {
                    tracing::debug!(stream = loader.stream, "{error}");
                    break;
                }
                Err(error) => return Err(RunError::new(ExitCode::Unavailable, error.to_string())),
            }
        }
    }
    let closed = loader.close_all().await;
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    closed
}

struct Loader {
    observer: Observer,
    config: LakeConfig,
    destination: Destination,
    bad: Option<Arc<dyn Producer>>,
    iglu: Option<Arc<Client>>,
    drain: Drain,
    checkpointer: Box<dyn Checkpointer>,
    fact: Fact,
    stream: String,
    shards: HashMap<ShardId, Shard>,
    /// When open batches must be closed.
    due: HashMap<ShardId, Instant>,
}

impl Loader {
    /// Waits until the destination answers.
    async fn reach(&self) {
        let mut attempt = 0;
        while let Err(error) = self.destination.reach().await {
            self.fact.trouble(format!("cannot reach the destination: {error}"));
            if attempt == 0 {
                tracing::warn!(stream = self.stream, "cannot reach the destination: {error}; trying again");
            }
            pause(&mut attempt).await;
        }
        self.fact.well();
    }

    async fn take(&mut self, event: Event, source: &mut dyn Consumer) -> Result<(), RunError> {
        match event {
            Event::Assigned { shard, checkpoint } => {
                let state = Shard::assigned(&shard, checkpoint, &self.config).map_err(|e| {
                    RunError::new(ExitCode::Unavailable, format!("stream {}: {e}", self.stream))
                })?;
                if let Some((up_to, _)) = &state.declared {
                    tracing::info!(
                        stream = self.stream,
                        %shard,
                        up_to = %up_to.sequence,
                        "repeating the batch that was declared before the last stop"
                    );
                }
                if state.begins_at.is_some() {
                    match source.seek(&shard, None).await {
                        Ok(()) | Err(ConsumeError::NotOwner { .. }) => {}
                        Err(error) => return Err(RunError::unavailable(error.to_string())),
                    }
                }
                self.due.remove(&shard);
                self.shards.insert(shard, state);
                Ok(())
            }
            Event::Records(batch) => self.gather(batch).await,
            Event::Ended { shard } => {
                self.close(&shard).await?;
                if let Some(state) = self.shards.remove(&shard) {
                    let checkpoint = Checkpoint { acknowledged: state.acknowledged, pending: None };
                    self.save(&shard, checkpoint).await?;
                }
                Ok(())
            }
            Event::Lost { shard } => {
                self.forget(&shard);
                Ok(())
            }
        }
    }

    async fn gather(&mut self, batch: Batch) -> Result<(), RunError> {
        let shard = batch.shard;
        let mut records = VecDeque::from(batch.records);
        metric::LAKE_READ.add(records.len() as u64, &[&self.stream]);
        if let Some(state) = self.shards.get(&shard) {
            state.skip(&mut records);
        }
        if let Some(first) = records.front() {
            self.observer.taken(first.arrival, clock::now());
        }
        while let Some(arrival) = records.front().map(|record| record.arrival) {
            // Lost while closing a batch: what is left belongs to another worker.
            let Some(state) = self.shards.get_mut(&shard) else { return Ok(()) };
            let up_to = state.declared.as_ref().map(|(up_to, _)| *up_to);
            let closed = fill(state, up_to, &self.config, &mut records).await?;
            if state.oldest.is_none() && up_to.is_none() && state.buffer.span().is_some() {
                self.due.insert(shard.clone(), Instant::now() + self.config.time_limit);
                state.oldest = Some(arrival);
            }
            if closed {
                self.close(&shard).await?;
            }
        }
        self.pack().await?;
        self.make_room().await?;
        self.show_lag();
        Ok(())
    }

    /// Compresses the lines that a shard's batch keeps as they came.
    async fn compress(&mut self, shard: &ShardId) -> Result<(), RunError> {
        let Some(state) = self.shards.get_mut(shard) else { return Ok(()) };
        let empty = Buffer::new(self.config.purpose, self.config.template.clone());
        let mut buffer = std::mem::replace(&mut state.buffer, empty);
        let packed = tokio::task::spawn_blocking(move || {
            buffer.compress();
            buffer
        });
        state.buffer = packed.await.map_err(|e| RunError::bug(format!("compressing lines: {e}")))?;
        Ok(())
    }

    async fn close_due(&mut self) -> Result<(), RunError> {
        let now = Instant::now();
        let due = self.due.iter().filter(|(_, due)| **due <= now);
        let due: Vec<ShardId> = due.map(|(shard, _)| shard.clone()).collect();
        for shard in due {
            self.close(&shard).await?;
        }
        self.show_lag();
        Ok(())
    }

    /// Closes everything but declared batches that are not complete: a successor reads them again.
    async fn close_all(&mut self) -> Result<(), RunError> {
        let open = self.shards.iter().filter(|(_, state)| state.declared.is_none());
        let open: Vec<ShardId> = open.map(|(shard, _)| shard.clone()).collect();
        for shard in open {
            self.close(&shard).await?;
        }
        Ok(())
    }

    /// Declares, puts and acknowledges the open batch of a shard.
    async fn close(&mut self, shard: &ShardId) -> Result<(), RunError> {
        let Some(state) = self.shards.get_mut(shard) else { return Ok(()) };
        state
            .check_declared(shard)
            .map_err(|e| RunError::new(ExitCode::Unavailable, format!("stream {}: {e}", self.stream)))?;
        let Some((first, last)) = state.buffer.span() else { return Ok(()) };
        let acknowledged = state.acknowledged;
        let oldest = state.oldest;
        let buffer = state.take(&self.config);
        let declared = state.declared.take();
        self.due.remove(shard);
        // Until the batch is acknowledged this is the oldest work, counted from when it was due.
        self.fact.oldest_unacknowledged(oldest.and(Some(clock::now())));
        // Before the declaration, which names them.
        let Some(schemas) = self.schemas_of(&buffer).await else {
            self.forget(shard);
            return Ok(());
        };
        let declared = match declared {
            Some((_, declared)) => declared,
            None => {
                let mut note = Note::new(&self.config, clock::now(), first, last);
                note.schemas = self.config.parquet.map(|_| schemas.fingerprint());
                let note = note.encode();
                let declared = Note::decode(&note).map_err(|e| RunError::bug(e.to_string()))?;
                let pending = Some(Pending { up_to: last, note: note.into() });
                if !self.save(shard, Checkpoint { acknowledged, pending }).await? {
                    return Ok(());
                }
                declared
            }
        };
        self.put_all(shard, (buffer, schemas), &declared, (first, last)).await?;
        if self.save(shard, Checkpoint { acknowledged: Some(last), pending: None }).await?
            && let Some(state) = self.shards.get_mut(shard)
        {
            state.acknowledged = Some(last);
        }
        self.fact.oldest_unacknowledged(None);
        self.fact.well();
        Ok(())
    }

    async fn put_all(
        &self,
        shard: &ShardId,
        (buffer, schemas): (Buffer, Schemas),
        declared: &Declared,
        (first, last): (Position, Position),
    ) -> Result<(), RunError> {
        let other = declared.note.schemas.as_ref().is_some_and(|named| *named != schemas.fingerprint());
        if other {
            tracing::warn!(
                stream = self.stream,
                "a schema was changed since the batch was declared: its files get other names, events may be there twice"
            );
        }
        // Never a name that stands for other bytes: what is not in the file of the earlier attempt would be lost.
        let version = other.then(|| schemas.fingerprint());
        let stamp = declared.stamp;
        let Closed { objects, rejected, collected } =
            tokio::task::spawn_blocking(move || buffer.finish_columns(&schemas, stamp))
                .await
                .map_err(|e| RunError::bug(format!("compressing a batch: {e}")))?;
        let name = BatchName {
            template: &declared.template,
            file_prefix: declared.note.prefix.as_deref(),
            ending: match declared.note.parquet {
                Some(_) => ".parquet",
                None => declared.note.compression.ending(),
            },
            stamp: declared.stamp,
            first,
            last,
            shard,
        };
        let count = objects.iter().map(|object| object.records).sum();
        for Object { mut schema, records, packed: Packed { bytes, index } } in objects {
            schema.version = version.clone().or(schema.version);
            let key = name.key(&schema);
            self.put(&key, bytes).await?;
            metric::LAKE_RECORDS.add(records, &[&self.stream]);
            // Last, so that none is there without its file.
            if let Some(index) = index {
                self.put(&format!("{key}{INDEX}"), index).await?;
            }
            tracing::debug!(stream = self.stream, key, records, "put");
        }
        self.observer.written(count, collected, clock::now());
        if rejected.is_empty() { Ok(()) } else { self.report(rejected, declared).await }
    }

    /// Makes bad rows durable, however long it takes.
    async fn report(&self, rejected: Vec<Rejected>, declared: &Declared) -> Result<(), RunError> {
        let Some(bad) = &self.bad else {
            let what =
                "the batch declared before the last stop has bad rows: set `output.bad`, as it was then";
            return Err(RunError::new(ExitCode::Config, format!("stream {}: {what}", self.stream)));
        };
        let max = self.config.max_bad_row_bytes.min(bad.max_record_bytes());
        let rows: Vec<Record> = rejected.iter().map(|each| each.bad_row(declared.stamp, max)).collect();
        let mut attempt = 0;
        loop {
            match bad.append(rows.clone(), Route::ByKey).await {
                Ok(_) => break,
                Err(error @ (AppendError::Closed { .. } | AppendError::TooLarge { .. })) => {
                    return Err(RunError::unavailable(format!("bad rows: {error}")));
                }
                Err(error) => {
                    self.fact.trouble(format!("bad rows: {error}"));
                    tracing::warn!(stream = self.stream, attempt, "bad rows: {error}; trying again");
                    pause(&mut attempt).await;
                }
            }
        }
        metric::LAKE_BAD.add(rows.len() as u64, &[&self.stream]);
        Ok(())
    }

    /// Puts one object, however long it takes, unless the configuration sets a limit.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), RunError> {
        let (size, bytes) = (bytes.len() as u64, Bytes::from(bytes));
        let mut begun = None;
        let mut attempt = 0;
        while let Err(error) = self.destination.put(key, bytes.clone()).await {
            metric::LAKE_FAILED_PUTS.increment(&[&self.stream]);
            self.fact.trouble(format!("put of {key}: {error}"));
            if attempt == 0 || attempt % 10 == 9 {
                tracing::warn!(stream = self.stream, key, attempt, "put failed: {error}; trying again");
            }
            let failing = begun.get_or_insert_with(Instant::now).elapsed();
            if let Some(most) = self.config.max_timeout.filter(|most| failing >= *most) {
                let what = format!("stream {}: puts have failed for {most:?}: {error}", self.stream);
                return Err(RunError::unavailable(what));
            }
            pause(&mut attempt).await;
        }
        if attempt > 0 {
            tracing::info!(stream = self.stream, key, attempt, "put after failures");
        }
        metric::LAKE_OBJECTS.increment(&[&self.stream]);
        metric::LAKE_BYTES.add(size, &[&self.stream]);
        Ok(())
    }

    /// What the cache knows of a schema.
    fn known(iglu: &Client, key: &SchemaKey) -> Lookup {
        iglu.cache().lookup(key, clock::now())
    }

    /// Has the registries asked for a schema: what came of it. [`Lookup::Need`]: the process is to end.
    async fn fetch(&self, iglu: &Client, key: &SchemaKey) -> Lookup {
        tokio::select! {
            biased;
            () = self.drain.requested() => Lookup::Need,
            () = iglu.fetch(key) => Self::known(iglu, key),
        }
    }

    /// A pause, which ends early when the process is to end.
    async fn pause(&self, attempt: &mut u32) {
        tokio::select! {
            biased;
            () = self.drain.requested() => {}
            () = pause(attempt) => {}
        }
    }

    /// Saves a checkpoint; `false` when the shard is not ours any more.
    async fn save(&mut self, shard: &ShardId, checkpoint: Checkpoint) -> Result<bool, RunError> {
        let mut attempt = 0;
        loop {
            match self.checkpointer.save(shard, checkpoint.clone()).await {
                Ok(()) => return Ok(true),
                Err(ConsumeError::NotOwner { .. }) => {
                    self.forget(shard);
                    return Ok(false);
                }
                Err(error @ ConsumeError::Io { .. }) => {
                    self.fact.trouble(format!("cannot save a checkpoint: {error}"));
                    tracing::warn!(stream = self.stream, "cannot save a checkpoint: {error}; trying again");
                    pause(&mut attempt).await;
                }
                Err(error) => return Err(RunError::new(ExitCode::Unavailable, error.to_string())),
            }
        }
    }

    fn forget(&mut self, shard: &ShardId) {
        self.due.remove(shard);
        if let Some(state) = self.shards.remove(shard) {
            let records = state.buffer.records();
            tracing::info!(stream = self.stream, %shard, records, "shard lost: its new owner reads these records again");
        }
        self.fact.oldest_unacknowledged(None);
    }

    fn show_lag(&self) {
        let oldest = self.shards.values().filter_map(|shard| shard.oldest).min();
        let lag = oldest.map_or(0.0, |oldest| clock::now().duration_since(oldest).as_secs_f64().max(0.0));
        metric::LAKE_LAG_SECONDS.set(lag, &[&self.stream]);
    }
}

/// [`Shard::fill`], on a blocking thread when there is much to compress.
async fn fill(
    state: &mut Shard,
    up_to: Option<Position>,
    config: &LakeConfig,
    records: &mut VecDeque<Delivered>,
) -> Result<bool, RunError> {
    if records.iter().map(|record| record.record.data.len()).sum::<usize>() < LARGE {
        return Ok(Shard::fill(&mut state.buffer, up_to, config, records));
    }
    let mut buffer =
        std::mem::replace(&mut state.buffer, Buffer::new(config.purpose, config.template.clone()));
    let mut taken = std::mem::take(records);
    let config = config.clone();
    let filled = tokio::task::spawn_blocking(move || {
        let closed = Shard::fill(&mut buffer, up_to, &config, &mut taken);
        (buffer, taken, closed)
    });
    let (buffer, rest, closed) =
        filled.await.map_err(|e| RunError::bug(format!("gathering a batch: {e}")))?;
    state.buffer = buffer;
    *records = rest;
    Ok(closed)
}

async fn pause(attempt: &mut u32) {
    sleep(BACKOFF.delay(*attempt, clock::jitter())).await;
    *attempt = attempt.saturating_add(1);
}
