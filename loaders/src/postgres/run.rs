//! The loader: reads, encodes, commits; waits while the database is away.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
};

use bytes::Bytes;
use event::{bad_row::BadRow, schema_key::SchemaKey};
use iglu::{
    cache::Lookup,
    table::{migration::Change, model::Table},
};
use service::{clock, context::Context, health::Fact, metric};
use stream::{
    consumer::{Batch as Delivery, Checkpoint, Checkpointer, ConsumeError, Consumer, Event},
    producer::{AppendError, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    atomic::EVENTS,
    bad_rows,
    batch::Batch,
    checkpoint::{Landed, landed},
    client::{Session, SessionError},
    config::PostgresConfig,
    encode::{Encoded, Encoder, Need, TableId, Unavailable},
    family::{self, Family},
    refusal::Meaning,
    target::Entities,
};

/// Fewer lines are encoded where they are, more on a thread of their own.
const INLINE: usize = 64;

/// Why the loader ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The stream cannot be read on, or progress not be saved.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// Bad rows cannot be written any more.
    #[error("bad rows: {0}")]
    Bad(AppendError),
    /// A bug in the encoder.
    #[error("encoding ended: {0}")]
    Encoding(#[from] tokio::task::JoinError),
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
) -> Result<(), LoadError> {
    let loader = Loader {
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
        shards: BTreeMap::new(),
    };
    match loader.run().await {
        Ok(()) | Err(Stop::Drained) => Ok(()),
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
    /// The shards we read, and how far each is committed.
    shards: BTreeMap<ShardId, Option<Position>>,
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

/// Rows of one table, kept until they are committed.
struct Sealed {
    copy: String,
    bytes: Bytes,
    count: u64,
}

/// What came of a part of the lines.
#[derive(Default)]
struct Part {
    done: usize,
    bad: Vec<(usize, BadRow)>,
    need: Option<Need>,
}

impl Loader {
    async fn run(mut self) -> Result<(), Stop> {
        self.ready().await?;
        tracing::info!(to = self.config.place(), stream = self.stream, "load into Postgres");
        let mut first_arrived = None;
        loop {
            let flush_at = first_arrived.map(|at: Instant| at + self.config.linger);
            let event = tokio::select! {
                biased;
                () = self.context.drain.requested() => break,
                () = sleep_until(flush_at.unwrap_or_else(Instant::now)), if flush_at.is_some() => None,
                event = self.source.next() => Some(event?),
            };
            match event {
                None => self.flush().await?,
                Some(event) => self.take(event).await?,
            }
            if self.batch.is_empty() {
                first_arrived = None;
            } else {
                first_arrived.get_or_insert_with(Instant::now);
            }
            self.fact.oldest_unacknowledged(self.batch.oldest());
        }
        let left = self.batch.len();
        self.flush().await.inspect_err(|_| {
            tracing::warn!(
                events = left,
                "the database is away: these events stay in the stream, for the next start"
            );
        })
    }

    async fn take(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Assigned { shard, .. } => self.assigned(shard).await,
            Event::Records(delivery) => self.records(delivery).await,
            Event::Ended { shard } => {
                self.flush().await?;
                if let Some(Some(position)) = self.shards.remove(&shard) {
                    self.save(&shard, position).await?;
                }
                Ok(())
            }
            Event::Lost { shard } => {
                self.shards.remove(&shard);
                self.forget(&shard);
                self.encode().await
            }
        }
    }

    /// The database knows best how far a shard is loaded. Without a row there the stream's own checkpoint counts.
    async fn assigned(&mut self, shard: ShardId) -> Result<(), Stop> {
        self.forget(&shard);
        let loaded = self.loaded(&shard).await?;
        if let Some(position) = loaded {
            self.source.seek(&shard, Some(position)).await?;
        }
        self.shards.insert(shard, loaded);
        self.encode().await
    }

    async fn records(&mut self, delivery: Delivery) -> Result<(), Stop> {
        let Delivery { shard, records } = delivery;
        let Some(committed) = self.shards.get(&shard) else { return Ok(()) };
        let have = self.batch.end_of(&shard).or(*committed);
        metric::CONSUMER_RECORDS.add(records.len() as u64, &[&self.stream, "postgres"]);
        for delivered in records {
            // Read ahead before a seek: loaded already.
            if have.is_none_or(|have| delivered.position > have) {
                self.batch.push(delivered.record.data, shard.clone(), delivered.position, delivered.arrival);
            }
        }
        self.encode().await?;
        if self.batch.len() >= self.config.max_records || self.batch.bytes() >= self.config.max_bytes {
            self.flush().await?;
        }
        Ok(())
    }

    fn forget(&mut self, shard: &ShardId) {
        if self.batch.end_of(shard).is_some() {
            self.batch.forget(shard);
            self.encoder.iter_mut().for_each(Encoder::discard);
        }
    }

    /// A session and an encoder, waiting for the database if need be.
    async fn ready(&mut self) -> Result<&mut Session, Stop> {
        let mut attempt = 0;
        while self.session.is_none() {
            match Session::open(&self.config).await {
                Ok((session, events)) => {
                    match &mut self.encoder {
                        None => self.encoder = Some(Encoder::new(events)),
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

    /// How far a shard is loaded, by the database.
    async fn loaded(&mut self, shard: &ShardId) -> Result<Option<Position>, Stop> {
        let mut attempt = 0;
        loop {
            let stream = self.stream.clone();
            match self.ready().await?.checkpoint(&stream, shard).await {
                Ok(position) => return Ok(position),
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
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
            match part.need {
                Some(Need::Schema(key)) => self.need_schema(key).await?,
                Some(Need::Change(table, change)) => self.need_change(table, change).await?,
                None => {}
            }
        }
        Ok(())
    }

    async fn encode_lines(&mut self, lines: Vec<Bytes>) -> Result<Part, Stop> {
        self.ready().await?;
        let mut encoder = self.encoder.take().expect("ready makes an encoder");
        let inline = lines.len() <= INLINE;
        let work = move || {
            let mut part = Part::default();
            for line in &lines {
                match encoder.encode(line) {
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

    /// Finds the versions of a model and makes its table fit them.
    async fn need_schema(&mut self, key: SchemaKey) -> Result<(), Stop> {
        let mut asked = HashSet::new();
        let mut attempt = 0;
        let versions = loop {
            let cache = self.iglu.cache();
            let lookup = |key: &SchemaKey| match cache.lookup(key, clock::now()) {
                // Asked just now and still nothing to be had.
                Lookup::Need if asked.contains(key) => Lookup::Unknown(Arc::default()),
                known => known,
            };
            match family::of(&key, lookup) {
                Family::Ask(next) => {
                    tokio::select! {
                        biased;
                        () = self.context.drain.requested() => return Err(Stop::Drained),
                        () = self.iglu.fetch(&next) => {}
                    }
                    asked.insert(next);
                }
                Family::Away(_) => {
                    self.pause(attempt, &format!("a schema registry is away, {key} is needed")).await?;
                    attempt += 1;
                    asked.clear();
                }
                Family::Missing(error) => {
                    let why = bad_rows::no_schema(&key, &error);
                    self.encoder().give_up(&key, Unavailable::Iglu(why));
                    return Ok(());
                }
                Family::Versions(versions) => break versions,
            }
        };
        if attempt > 0 {
            self.fact.well();
        }
        let documents: Vec<_> = versions.iter().map(|schema| (schema.key.clone(), &schema.json)).collect();
        let wanted = match Table::of(&documents, true) {
            Ok(Some(wanted)) => wanted,
            Ok(None) => return Ok(()),
            Err(error) => {
                let why =
                    bad_rows::unusable_schema(&key, &format!("cannot be parsed as JSON Schema: {error}"));
                self.encoder().give_up(&key, Unavailable::Iglu(why));
                return Ok(());
            }
        };
        let encoder = self.encoder();
        if encoder.table_of(&key).is_some_and(|table| table.wanted == wanted) {
            encoder.know_version(&key);
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            match self.ready().await?.fit(wanted.clone()).await {
                Ok(table) => {
                    self.fact.well();
                    return Ok(self.has_table(&key, table));
                }
                Err(error) if error.meaning() == Meaning::Row => {
                    tracing::error!(schema = %key, %error, "no table can be made for this schema");
                    self.encoder().give_up(&key, Unavailable::Runtime(error.text()));
                    return Ok(());
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
    }

    fn has_table(&mut self, key: &SchemaKey, table: Entities) {
        if !self.encoder().add_table(key, table) {
            self.batch.begin_again();
        }
    }

    /// Changes a table that does not take valid data.
    async fn need_change(&mut self, id: TableId, change: Change) -> Result<(), Stop> {
        let (name, wanted) = match self.encoder().table(id) {
            Some(table) => (table.name.clone(), Some(table.wanted.clone())),
            None => (EVENTS.to_owned(), None),
        };
        let mut attempt = 0;
        loop {
            let changed = self.ready().await?.change(&name, &change).await;
            match changed {
                Ok(()) => break,
                // Not ours to change, or something stands on it: the rows become bad rows, as without the attempt.
                Err(error) if error.meaning() != Meaning::Wait || error.code() == "42501" => {
                    tracing::warn!(table = name, %change, %error, "the table cannot be changed");
                    self.encoder().refuse(id, change);
                    return Ok(());
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
        loop {
            let schema = self.config.schema.clone();
            let session = self.ready().await?;
            let reread = match &wanted {
                Some(wanted) => session.existing(&name).await.map(|existing| {
                    let existing = existing.unwrap_or_default();
                    Ok(Entities::new(&schema, name.clone(), wanted.clone(), &existing))
                }),
                None => session.events().await.map(Err),
            };
            match reread {
                Ok(Ok(table)) => {
                    let key = table.wanted.latest.clone();
                    self.has_table(&key, table);
                    break;
                }
                Ok(Err(events)) => {
                    if !self.encoder().replace_events(events) {
                        self.batch.begin_again();
                    }
                    break;
                }
                Err(error) => self.lose_session(&mut attempt, &error).await?,
            }
        }
        self.fact.well();
        Ok(())
    }

    /// Commits the batch: rows, checkpoints and nothing else, or nothing.
    async fn flush(&mut self) -> Result<(), Stop> {
        let mut attempt = 0;
        let mut tables_read_again = false;
        while !self.batch.is_empty() {
            self.encode().await?;
            let rows = self.seal();
            self.report(&[]).await?;
            let started = Instant::now();
            let mut outcome = self.commit(&rows).await;
            if let Err(error) = &outcome {
                metric::POSTGRES_BATCHES.increment(&["failed"]);
                let meaning = error.meaning();
                let row = matches!(meaning, Meaning::Row | Meaning::Duplicate);
                if row || (meaning == Meaning::TableChanged && tables_read_again) {
                    tracing::warn!(%error, events = self.batch.len(), "a row is refused: look for it");
                    outcome = self.isolate().await?;
                }
            }
            let error = match outcome {
                Ok(rows) => {
                    metric::POSTGRES_BATCH_SECONDS.record(started.elapsed().as_secs_f64(), &[]);
                    metric::POSTGRES_ROWS.add(rows, &[]);
                    return self.committed().await;
                }
                Err(error) => error,
            };
            if error.meaning() == Meaning::TableChanged && !tables_read_again {
                tracing::warn!(%error, "a table is not as it was: look again");
                tables_read_again = true;
                self.encoder = None;
                self.session = None;
            } else {
                self.lose_session(&mut attempt, &error).await?;
            }
            self.encoder.iter_mut().for_each(Encoder::discard);
            self.batch.begin_again();
            if self.resolve().await? {
                return self.committed().await;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> Vec<Sealed> {
        let rows = self.encoder().take();
        rows.into_iter().map(|r| Sealed { copy: r.copy, bytes: r.bytes.into(), count: r.count }).collect()
    }

    /// One transaction; the number of rows.
    async fn commit(&mut self, rows: &[Sealed]) -> Result<u64, SessionError> {
        let ends = self.batch.ends();
        let Self { session, stream, shards, .. } = self;
        let session = session.as_mut().ok_or(SessionError::NotConnected)?;
        session.begin().await?;
        let written = async {
            for table in rows {
                session.copy(&table.copy, &table.bytes).await?;
            }
            for (shard, end) in &ends {
                session.advance(stream, shard, shards.get(shard).copied().flatten(), *end).await?;
            }
            Ok(rows.iter().map(|table| table.count).sum())
        }
        .await;
        match written {
            Ok(count) => session.commit().await.map(|()| count),
            Err(error) => {
                session.rollback().await?;
                Err(error)
            }
        }
    }

    /// Loads the batch in parts, halving those that are refused, until the refused lines are known. They become bad rows;
    /// all others are committed, in one transaction as always.
    async fn isolate(&mut self) -> Result<Result<u64, SessionError>, Stop> {
        let mut parts: Vec<Range<usize>> = vec![0..self.batch.len()];
        let mut refused = Vec::new();
        let mut rows = 0;
        if let Err(error) = self.ready().await?.begin().await {
            return Ok(Err(error));
        }
        while let Some(part) = parts.pop() {
            let lines = part.clone().map(|index| self.batch.line(index).clone()).collect();
            if self.encode_lines(lines).await?.need.is_some() {
                return Ok(Err(SessionError::TableChanged));
            }
            let sealed = self.seal();
            match self.copy_part(&sealed).await {
                Ok(()) => rows += sealed.iter().map(|table| table.count).sum::<u64>(),
                Err(error) if error.meaning() == Meaning::Wait => return Ok(Err(error)),
                Err(error) if part.len() == 1 => {
                    let there_already =
                        error.meaning() == Meaning::Duplicate && error.table() == Some(EVENTS);
                    if there_already {
                        metric::POSTGRES_BAD.increment(&["duplicate"]);
                        tracing::info!("an event is in the table already: skipped");
                    } else {
                        refused.push((part.start, error.text()));
                    }
                }
                Err(_) => {
                    let middle = part.start + part.len() / 2;
                    parts.push(middle..part.end);
                    parts.push(part.start..middle);
                }
            }
        }
        self.report(&refused).await?;
        Ok(self.commit(&[]).await.map(|_| rows))
    }

    async fn copy_part(&mut self, rows: &[Sealed]) -> Result<(), SessionError> {
        let session = self.session.as_mut().ok_or(SessionError::NotConnected)?;
        session.mark().await?;
        for table in rows {
            if let Err(error) = session.copy(&table.copy, &table.bytes).await {
                session.undo().await?;
                return Err(error);
            }
        }
        session.keep().await
    }

    /// After a failed commit: is the batch there all the same? Shards that somebody else moved are read on from where they
    /// are now.
    async fn resolve(&mut self) -> Result<bool, Stop> {
        let ends = self.batch.ends();
        let mut all = true;
        for (shard, end) in ends {
            let now = self.loaded(&shard).await?;
            let before = self.shards.get(&shard).copied().flatten();
            match landed(now, before, end) {
                Landed::Yes => {}
                Landed::No => all = false,
                Landed::Moved => {
                    all = false;
                    tracing::warn!(%shard, "somebody else loads this shard too");
                    self.source.seek(&shard, now).await?;
                    self.shards.insert(shard.clone(), now);
                    self.forget(&shard);
                }
            }
        }
        Ok(all)
    }

    /// Makes bad rows durable: those of encoding, and `refused` ones.
    async fn report(&mut self, refused: &[(usize, String)]) -> Result<(), Stop> {
        let max = self.bad.max_record_bytes();
        let mut records = Vec::new();
        let mut indexes = Vec::new();
        let refused = refused.iter().map(|(index, error)| {
            let line = event::utf8::decode(self.batch.line(*index));
            (*index, bad_rows::runtime(&line, error.clone()))
        });
        for (index, row) in self.batch.bad.iter().cloned().chain(refused) {
            if self.batch.reported.contains(&index) {
                continue;
            }
            metric::POSTGRES_BAD.increment(&[&row.schema_key().name]);
            // Rows of one line go to one place.
            let key = format!("{:08x}", crc(self.batch.line(index)));
            let mut json = row.to_json();
            if json.len() + key.len() > max {
                json = bad_rows::oversized(&json, max, clock::now()).to_json();
            }
            records.push(Record::new(key, json));
            indexes.push(index);
        }
        if records.is_empty() {
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            match self.bad.append(records.clone(), Route::ByKey).await {
                Ok(_) => break,
                Err(error @ (AppendError::Closed { .. } | AppendError::TooLarge { .. })) => {
                    return Err(Stop::Failed(LoadError::Bad(error)));
                }
                Err(error) => {
                    self.pause(attempt, &error).await?;
                    attempt += 1;
                }
            }
        }
        self.batch.reported.extend(indexes);
        self.fact.well();
        Ok(())
    }

    async fn committed(&mut self) -> Result<(), Stop> {
        let ends = self.batch.ends();
        let loaded = self.batch.len() - self.batch.reported.len();
        metric::POSTGRES_BATCHES.increment(&["committed"]);
        metric::POSTGRES_EVENTS.add(loaded as u64, &[]);
        tracing::debug!(events = loaded, bad = self.batch.reported.len(), "committed");
        self.batch = Batch::default();
        if let Some(encoder) = &mut self.encoder {
            encoder.discard();
            encoder.forget_unsettled();
        }
        self.fact.well();
        for (shard, end) in ends {
            self.shards.insert(shard.clone(), Some(end));
            self.save(&shard, end).await?;
        }
        Ok(())
    }

    /// Tells the stream too: it may forget what is loaded.
    async fn save(&mut self, shard: &ShardId, position: Position) -> Result<(), Stop> {
        let checkpoint = Checkpoint { acknowledged: Some(position), pending: None };
        match self.checkpointer.save(shard, checkpoint).await {
            // The next owner reads the database's row.
            Err(ConsumeError::NotOwner { .. }) => Ok(()),
            saved => Ok(saved?),
        }
    }
}

/// A key that depends on the line alone.
fn crc(line: &[u8]) -> u32 {
    line.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
