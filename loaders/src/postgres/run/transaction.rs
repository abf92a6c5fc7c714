//! One transaction a batch: rows of all tables and the checkpoints of all shards.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;
use service::metric;
use stream::{
    consumer::{Checkpoint, ConsumeError},
    producer::{AppendError, Route},
    record::{Position, Record, ShardId},
};

use super::{
    super::{
        atomic::EVENTS,
        bad_rows,
        batch::Batch,
        checkpoint::{Landed, landed},
        client::{Session, SessionError},
        config::BadRowKey,
        encode::Encoder,
        refusal::Meaning,
    },
    LoadError, Loader, Stop, moment, now,
};
use crate::partition_key::partition_key;

impl Loader {
    /// Commits the batch: rows, checkpoints and nothing else, or nothing. Nothing else is on its way.
    pub(super) async fn commit_now(&mut self) -> Result<(), Stop> {
        let mut attempt = 0;
        let mut tables_read_again = false;
        while !self.batch.is_empty() {
            self.encode().await?;
            let rows = self.seal();
            self.report(&[]).await?;
            let started = moment();
            let mut outcome = self.commit(&rows).await;
            if let Err(error) = &outcome {
                metric::POSTGRES_BATCHES.increment(&["failed"]);
                metric::POSTGRES_ERRORS.increment(&[error.code()]);
                let meaning = error.meaning();
                let row = matches!(meaning, Meaning::Row | Meaning::Duplicate);
                if row || (meaning == Meaning::TableChanged && tables_read_again) {
                    tracing::warn!(%error, events = self.batch.len(), "a row is refused: look for it");
                    outcome = self.isolate().await?;
                }
            }
            let error = match outcome {
                Ok(rows) => {
                    Self::committed_within(started, rows);
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
            if self.resolve(self.batch.ends()).await? {
                return self.committed().await;
            }
        }
        Ok(())
    }

    pub(super) fn seal(&mut self) -> Vec<Sealed> {
        let rows = self.encoder().take();
        rows.into_iter().map(|r| Sealed { copy: r.copy, bytes: r.bytes.into(), count: r.count }).collect()
    }

    /// How the batch moves its shards.
    pub(super) fn moves(&self) -> Vec<Move> {
        let ends = self.batch.ends().into_iter();
        ends.map(|(shard, to)| Move { from: self.shards.get(&shard).copied().flatten(), shard, to }).collect()
    }

    async fn commit(&mut self, rows: &[Sealed]) -> Result<u64, SessionError> {
        let moves = self.moves();
        let session = self.session.as_mut().ok_or(SessionError::NotConnected)?;
        commit(session, &self.stream, rows, &moves).await
    }

    /// Loads the batch in parts, halving those that are refused, until the refused lines are known. They become bad rows;
    /// all others are committed, in one transaction as always.
    async fn isolate(&mut self) -> Result<Result<u64, SessionError>, Stop> {
        let mut parts: Vec<Range<usize>> = std::iter::once(0..self.batch.len()).collect();
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
                        self.batch.duplicates.insert(part.start);
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
    /// are now. `ends`: where the batch that failed ends.
    pub(super) async fn resolve(&mut self, ends: BTreeMap<ShardId, Position>) -> Result<bool, Stop> {
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
                    self.read_on(&shard, now).await?;
                    self.shards.insert(shard.clone(), now);
                    self.forget(&shard);
                }
            }
        }
        Ok(all)
    }

    /// Makes bad rows durable: those of encoding, and `refused` ones.
    pub(super) async fn report(&mut self, refused: &[(usize, String)]) -> Result<(), Stop> {
        let max = self.bad.max_record_bytes().min(self.config.max_bad_row_bytes);
        let mut records = Vec::new();
        let mut indexes = Vec::new();
        let (purpose, time) = (self.config.purpose, now());
        let refused = refused.iter().map(|(index, error)| {
            let record = event::utf8::decode(self.batch.line(*index));
            (*index, bad_rows::refused(purpose, &record, error.clone(), time))
        });
        for (index, row) in self.batch.bad.iter().cloned().chain(refused) {
            if self.batch.reported.contains(&index) {
                continue;
            }
            metric::POSTGRES_BAD.increment(&[&row.schema_key().name]);
            let key = match self.config.bad_row_key {
                BadRowKey::Content => partition_key(self.batch.line(index)),
                BadRowKey::Place => self.batch.place(index),
            };
            let mut json = row.to_json();
            if json.len() + key.len() > max {
                json = bad_rows::oversized(&json, max, time).to_json();
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

    /// The batch is in the database.
    pub(super) async fn committed(&mut self) -> Result<(), Stop> {
        self.encoder.iter_mut().for_each(Encoder::discard);
        let batch = std::mem::take(&mut self.batch);
        self.landed(&batch).await
    }

    /// A batch is in the database.
    pub(super) async fn landed(&mut self, batch: &Batch) -> Result<(), Stop> {
        let (bad, duplicates) = (batch.reported.len(), batch.duplicates.len());
        let loaded = batch.len() - bad - duplicates;
        self.done.events += loaded as u64;
        self.done.bad += bad as u64;
        self.done.duplicates += duplicates as u64;
        metric::POSTGRES_BATCHES.increment(&["committed"]);
        metric::POSTGRES_EVENTS.add(loaded as u64, &[]);
        tracing::debug!(events = loaded, bad, "committed");
        self.encoder.iter_mut().for_each(Encoder::forget_unsettled);
        self.fact.well();
        for (shard, end) in batch.ends() {
            self.shards.insert(shard.clone(), Some(end));
            self.unsaved.insert(shard, end);
        }
        if self.save_due().is_some_and(|due| due <= moment()) { self.save_all().await } else { Ok(()) }
    }

    /// Tells the stream too: it may forget what is loaded.
    pub(super) async fn save_all(&mut self) -> Result<(), Stop> {
        self.saved_at = moment();
        for (shard, end) in std::mem::take(&mut self.unsaved) {
            self.save(&shard, end).await?;
        }
        Ok(())
    }

    async fn save(&mut self, shard: &ShardId, position: Position) -> Result<(), Stop> {
        let checkpoint = Checkpoint { acknowledged: Some(position), pending: None };
        match self.checkpointer.save(shard, checkpoint).await {
            // The next owner reads the database's row.
            Err(ConsumeError::NotOwner { .. }) => Ok(()),
            saved => Ok(saved?),
        }
    }
}

/// Rows of one table, kept until they are committed.
pub(super) struct Sealed {
    copy: String,
    bytes: Bytes,
    count: u64,
}

/// A shard's checkpoint, before and behind a batch.
pub(super) struct Move {
    shard: ShardId,
    from: Option<Position>,
    to: Position,
}

/// One transaction; the number of rows.
pub(super) async fn commit(
    session: &mut Session,
    stream: &str,
    rows: &[Sealed],
    moves: &[Move],
) -> Result<u64, SessionError> {
    session.begin().await?;
    let written = async {
        for table in rows {
            session.copy(&table.copy, &table.bytes).await?;
        }
        for Move { shard, from, to } in moves {
            session.advance(stream, shard, *from, *to).await?;
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
