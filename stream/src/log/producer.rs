//! Appending to the log.

use std::{io, sync::Arc};

use super::{
    frame::{MAX_BODY_BYTES, record_bytes},
    queue::{Queue, Receipt},
    reading::ShardReader,
    stream::Stream,
    ticket::Failure,
};
use crate::{
    consumer::Delivered,
    health::HealthWatch,
    producer::{AppendError, Appended, BoxFuture, Producer, Route, shard_of},
    record::{Position, Record, ShardId},
};

/// A batch by key above this is written as several groups.
const SPLIT_BYTES: usize = 4 << 20;

/// Appends to one stream of the log. An append that is no longer waited for is written all the same.
pub(super) struct LogProducer {
    pub(super) stream: Arc<Stream>,
    pub(super) queue: Arc<Queue>,
    pub(super) max_record_bytes: usize,
}

impl LogProducer {
    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        let max = self.max_record_bytes;
        if let Some((index, record)) = batch.iter().enumerate().find(|(_, record)| record.size() > max) {
            return Err(AppendError::TooLarge { index, size: record.size(), max });
        }
        if batch.is_empty() {
            return Ok(Appended { last: Vec::new() });
        }
        let bytes = batch.iter().map(record_bytes).sum();
        match route {
            Route::Shard(shard) => {
                let index = self.shard(&shard)?;
                if bytes > MAX_BODY_BYTES {
                    return Err(too_large(&batch));
                }
                let receipt = self.submit(batch, |_| index, bytes)?;
                self.wait([receipt]).await
            }
            Route::ByKey if bytes <= SPLIT_BYTES => {
                let receipt = self.submit_by_key(batch, bytes)?;
                self.wait([receipt]).await
            }
            Route::ByKey => {
                let mut receipts = Vec::new();
                for (batch, bytes) in split(batch) {
                    receipts.push(self.submit_by_key(batch, bytes)?);
                }
                self.wait(receipts).await
            }
        }
    }

    fn submit_by_key(&self, batch: Vec<Record>, bytes: usize) -> Result<Receipt, AppendError> {
        match self.stream.shards.len() {
            1 => self.submit(batch, |_| 0, bytes),
            shards => self.submit(batch, |record| shard_of(&record.key, shards), bytes),
        }
    }

    fn submit(
        &self,
        batch: Vec<Record>,
        shard: impl Fn(&Record) -> usize,
        bytes: usize,
    ) -> Result<Receipt, AppendError> {
        let closed = || AppendError::Closed { stream: self.stream.config.name.clone() };
        let records = batch.iter().map(|record| (shard(record) as u32, record));
        self.queue.submit(self.stream.index, records, bytes).ok_or_else(closed)
    }

    async fn wait(&self, receipts: impl IntoIterator<Item = Receipt>) -> Result<Appended, AppendError> {
        let (mut last, mut failure) = (Vec::<(ShardId, Position)>::new(), None);
        for receipt in receipts {
            let outcome = receipt.ticket.wait().await;
            for (shard, index) in receipt.ends.iter() {
                let written = outcome.iter().find(|(other, _)| *other == shard).map(|(_, written)| written);
                match written {
                    Some(Ok(first)) => {
                        let (id, place) = (
                            &self.stream.shards[shard as usize].id,
                            Position::from(first + u64::from(index)),
                        );
                        match last.iter_mut().find(|(other, _)| other == id) {
                            Some((_, known)) => *known = place,
                            None => last.push((id.clone(), place)),
                        }
                    }
                    Some(Err(error)) => failure = Some(error.clone()),
                    None => failure = Some(Failure::io(&io::Error::other("the writer has stopped"))),
                }
            }
        }
        match failure {
            None => Ok(Appended { last }),
            Some(Failure::Full(why)) if last.is_empty() => {
                Err(AppendError::Full { stream: self.stream.config.name.clone(), why: why.to_string() })
            }
            // A part of the batch is durable, or may be.
            Some(failure) => Err(self.interrupted(failure.to_io())),
        }
    }

    fn shard(&self, shard: &ShardId) -> Result<usize, AppendError> {
        let unknown = || AppendError::unknown_shard(&self.stream.config.name, shard);
        self.stream.shard(shard).ok_or_else(unknown)
    }

    fn interrupted(&self, source: io::Error) -> AppendError {
        AppendError::Interrupted { stream: self.stream.config.name.clone(), source }
    }

    async fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> Result<Option<Vec<Delivered>>, AppendError> {
        let index = self.shard(shard)?;
        let next =
            after.map_or(0, |position| position.sequence.to_u64().map_or(u64::MAX, |n| n.saturating_add(1)));
        let mut reader = ShardReader::new(self.stream.clone(), index, next);
        let read_all = move || {
            let mut all = Vec::new();
            loop {
                let some =
                    reader.read().map_err(|damage| io::Error::new(io::ErrorKind::InvalidData, damage))?;
                if some.is_empty() {
                    return Ok(all);
                }
                all.extend(some);
            }
        };
        let read =
            tokio::task::spawn_blocking(read_all).await.unwrap_or_else(|gone| Err(io::Error::other(gone)));
        read.map(Some).map_err(|error| self.interrupted(error))
    }
}

impl Producer for LogProducer {
    fn stream(&self) -> &str {
        &self.stream.config.name
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn max_record_bytes(&self) -> usize {
        self.max_record_bytes
    }

    fn health(&self) -> HealthWatch {
        self.stream.health.watch()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        let shard = shard.clone();
        Box::pin(async move { self.read_after(&shard, after).await })
    }
}

/// The record with which a batch for one frame grows too large.
fn too_large(batch: &[Record]) -> AppendError {
    let (mut size, mut index) = (0, 0);
    for (at, record) in batch.iter().enumerate() {
        size += record_bytes(record);
        index = at;
        if size > MAX_BODY_BYTES {
            break;
        }
    }
    AppendError::TooLarge { index, size, max: MAX_BODY_BYTES }
}

/// Batches of about [`SPLIT_BYTES`], with their sizes.
fn split(batch: Vec<Record>) -> Vec<(Vec<Record>, usize)> {
    let mut batches: Vec<(Vec<Record>, usize)> = Vec::new();
    for record in batch {
        let bytes = record_bytes(&record);
        match batches.last_mut() {
            Some((records, sum)) if *sum + bytes <= SPLIT_BYTES => {
                records.push(record);
                *sum += bytes;
            }
            _ => batches.push((vec![record], bytes)),
        }
    }
    batches
}
