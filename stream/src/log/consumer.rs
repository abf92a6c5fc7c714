//! Reading the log under a durable name.

use std::{
    collections::VecDeque,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use tokio::{sync::watch, task::JoinHandle};

use super::{
    checkpoint,
    disk::Disk,
    reading::{Ready, ShardReader},
    segment::Damage,
    stream::Stream,
};
use crate::{
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Delivered, Event, Start},
    producer::BoxFuture,
    record::{Position, ShardId},
};

/// A read that another thread does: it takes the shard's reader along.
type Reading = JoinHandle<(ShardReader, Result<Vec<Delivered>, Damage>)>;

/// Reads all shards of a stream in turn.
pub(super) struct LogConsumer {
    saver: Saver,
    changes: watch::Receiver<u64>,
    /// What has to be told before records.
    announcements: VecDeque<Event>,
    /// Why nothing can be read at all; told by every `next`.
    fault: Option<String>,
    /// First checkpoints that could not be stored yet.
    unregistered: Option<Vec<Checkpoint>>,
    /// None while a read is under way.
    readers: Vec<Option<ShardReader>>,
    /// Whether the records of each shard are wanted at the moment.
    wanted: Vec<bool>,
    /// Where each shard goes on, should its reader get lost.
    next: Vec<u64>,
    reading: Option<(usize, Reading)>,
    /// The shard that is looked at first.
    turn: usize,
    lost: bool,
}

/// Who saves, and where.
#[derive(Clone)]
struct Saver {
    stream: Arc<Stream>,
    disk: Arc<dyn Disk>,
    name: Arc<str>,
    epoch: u64,
    folder: PathBuf,
    /// Held while a file is replaced.
    saving: Arc<Mutex<()>>,
}

impl LogConsumer {
    pub(super) fn open(stream: Arc<Stream>, disk: Arc<dyn Disk>, name: &str, start: Start) -> Self {
        let changes = stream.changes.subscribe();
        let ends = stream.ends();
        let (saver, checkpoints, mut fault, new) = {
            let mut registry = stream.registry();
            let (registered, new) = registry.open(name, start, &ends);
            let saver = Saver {
                stream: stream.clone(),
                disk,
                name: name.into(),
                epoch: registered.epoch,
                folder: stream.checkpoints.join(name),
                saving: registered.saving.clone(),
            };
            (saver, registered.checkpoints.clone(), registered.damage.clone(), new)
        };
        // An earlier owner learns that it is one.
        stream.changed();
        let next: Vec<u64> = checkpoints.iter().map(|checkpoint| after(checkpoint.acknowledged)).collect();
        for ((next, end), shard) in next.iter().zip(&ends).zip(&stream.shards) {
            if *next > end + 1 {
                fault.get_or_insert_with(|| saver.beyond_end(&shard.id, *next - 1, *end));
            }
        }
        // One that begins at the newest record keeps that place from now on, whether it ever saves or not.
        let kept = if new && start == Start::Newest { checkpoints.clone() } else { Vec::new() };
        let unregistered = saver.register(&kept).is_err().then_some(kept);
        let announce = |(shard, checkpoint): (&super::shard::Shard, Checkpoint)| Event::Assigned {
            shard: shard.id.clone(),
            checkpoint,
        };
        let announcements = stream.shards.iter().zip(checkpoints).map(announce).collect();
        let reader = |(shard, next): (usize, &u64)| Some(ShardReader::new(stream.clone(), shard, *next));
        let readers = next.iter().enumerate().map(reader).collect();
        Self {
            saver,
            changes,
            announcements,
            fault,
            readers,
            wanted: vec![true; next.len()],
            next,
            reading: None,
            turn: 0,
            lost: false,
            unregistered,
        }
    }

    /// What can be told now. Never waits, so that `next` can be dropped while it does.
    fn poll(&mut self) -> Result<Option<Event>, ConsumeError> {
        if let Some(what) = &self.fault {
            return Err(self.saver.corrupt(what.clone()));
        }
        if let Some(kept) = &self.unregistered {
            self.saver.register(kept).map_err(|error| self.saver.io(error))?;
            self.unregistered = None;
        }
        let stream = self.saver.stream.clone();
        // Asked before looking for records: what was written before the end is still found.
        let finished = stream.finished.load(Ordering::Acquire);
        if !self.lost && stream.registry().epoch(&self.saver.name) != Some(self.saver.epoch) {
            self.lost = true;
            self.announcements =
                stream.shards.iter().map(|shard| Event::Lost { shard: shard.id.clone() }).collect();
        }
        if let Some(event) = self.announcements.pop_front() {
            return Ok(Some(event));
        }
        let shards = if self.lost { 0 } else { stream.shards.len() };
        for index in (self.turn..self.turn + shards).map(|index| index % shards) {
            let Some(reader) = self.readers[index].as_mut().filter(|_| self.wanted[index]) else { continue };
            match reader.ready() {
                Ready::Nothing => {}
                Ready::Near => {
                    self.turn = index + 1;
                    let read = reader.read();
                    if let Some(event) = self.delivered(index, read)? {
                        return Ok(Some(event));
                    }
                }
                Ready::Far => {
                    self.turn = index + 1;
                    let Some(mut reader) = self.readers[index].take() else { continue };
                    let read = move || {
                        let read = reader.read();
                        (reader, read)
                    };
                    self.reading = Some((index, tokio::task::spawn_blocking(read)));
                    return Ok(None);
                }
            }
        }
        if finished { Err(self.saver.closed()) } else { Ok(None) }
    }

    fn delivered(
        &mut self,
        shard: usize,
        read: Result<Vec<Delivered>, Damage>,
    ) -> Result<Option<Event>, ConsumeError> {
        let records = read.map_err(|damage| self.saver.damaged(damage))?;
        if let Some(reader) = &self.readers[shard] {
            self.next[shard] = reader.next();
        }
        if records.is_empty() {
            return Ok(None);
        }
        Ok(Some(Event::Records(Batch { shard: self.saver.stream.shards[shard].id.clone(), records })))
    }

    /// Waits for the read that is under way; nothing is lost if this is dropped meanwhile.
    async fn finish_reading(&mut self) -> Option<(usize, Result<Vec<Delivered>, Damage>)> {
        let (shard, reading) = self.reading.as_mut()?;
        let (shard, joined) = (*shard, reading.await);
        self.reading = None;
        let (reader, read) = joined.unwrap_or_else(|gone| {
            let path = self.saver.stream.shards[shard].folder.clone();
            let reader = ShardReader::new(self.saver.stream.clone(), shard, self.next[shard]);
            (reader, Err(Damage::Io { path, source: io::Error::other(gone) }))
        });
        self.readers[shard] = Some(reader);
        Some((shard, read))
    }

    async fn next(&mut self) -> Result<Event, ConsumeError> {
        // Reads near the end never wait: let other tasks have their turn.
        tokio::task::consume_budget().await;
        loop {
            if let Some((shard, read)) = self.finish_reading().await
                && let Some(event) = self.delivered(shard, read)?
            {
                return Ok(event);
            }
            self.changes.mark_unchanged();
            match self.poll()? {
                Some(event) => return Ok(event),
                None if self.reading.is_some() => {}
                None if self.changes.changed().await.is_err() => return Err(self.saver.closed()),
                None => {}
            }
        }
    }

    async fn seek(&mut self, shard: &ShardId, position: Option<Position>) -> Result<(), ConsumeError> {
        let stream = self.saver.stream.clone();
        let Some(index) = stream.shard(shard) else {
            return Err(self.saver.not_owner(shard));
        };
        let (next, end) = (after(position), stream.shards[index].extent().next - 1);
        if next > end + 1 {
            return Err(self.saver.corrupt(self.saver.beyond_end(shard, next - 1, end)));
        }
        if let Some((other, read)) = self.finish_reading().await
            && other != index
        {
            // Not ours to throw away: read it again later.
            drop(read);
            let next = self.next[other];
            self.readers[other].iter_mut().for_each(|reader| reader.seek(next));
        }
        self.next[index] = next;
        self.readers[index].iter_mut().for_each(|reader| reader.seek(next));
        Ok(())
    }
}

impl Consumer for LogConsumer {
    fn stream(&self) -> &str {
        &self.saver.stream.config.name
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        Box::pin(self.next())
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let shard = shard.clone();
        Box::pin(async move { self.seek(&shard, after).await })
    }

    fn want(&mut self, shard: &ShardId, wanted: bool) {
        if let Some(index) = self.saver.stream.shard(shard) {
            self.wanted[index] = wanted;
        }
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(self.saver.clone())
    }
}

impl Checkpointer for Saver {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let (saver, shard) = (self.clone(), shard.clone());
        Box::pin(async move {
            let closed = saver.io(io::Error::other("the runtime has ended"));
            // Two syncs: not for a thread that others wait for.
            tokio::task::spawn_blocking(move || saver.save_now(&shard, checkpoint))
                .await
                .unwrap_or(Err(closed))
        })
    }
}

impl Saver {
    /// Makes the consumer's folder and stores its first checkpoints.
    fn register(&self, kept: &[Checkpoint]) -> io::Result<()> {
        self.check_name()?;
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.folder.display()));
        if !self.folder.try_exists().map_err(named)? {
            fs::create_dir_all(&self.folder).map_err(named)?;
            self.disk.sync_folder(&self.stream.checkpoints).map_err(named)?;
        }
        for (shard, checkpoint) in self.stream.shards.iter().zip(kept) {
            checkpoint::save(&*self.disk, &self.folder, shard.id.as_str(), checkpoint).map_err(named)?;
        }
        Ok(())
    }

    fn check_name(&self) -> io::Result<()> {
        if self.name.is_empty() || self.name.starts_with('.') || self.name.contains(['/', '\0']) {
            let what = format!("`{}` cannot be a consumer: it has to be the name of a folder", self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        Ok(())
    }

    fn save_now(&self, shard: &ShardId, checkpoint: Checkpoint) -> Result<(), ConsumeError> {
        let index = self.stream.shard(shard).ok_or_else(|| self.not_owner(shard))?;
        self.check_name().map_err(|error| self.io(error))?;
        let _one_at_a_time = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stream.registry().epoch(&self.name) != Some(self.epoch) {
            return Err(self.not_owner(shard));
        }
        checkpoint::save(&*self.disk, &self.folder, shard.as_str(), &checkpoint)
            .map_err(|error| self.io(error))?;
        // Segments are released only by what is durable.
        if let Some(registered) = self.stream.registry().get_mut(&self.name) {
            registered.checkpoints[index] = checkpoint;
        }
        Ok(())
    }

    fn damaged(&self, damage: Damage) -> ConsumeError {
        match damage {
            Damage::Io { path, source } => {
                self.io(io::Error::new(source.kind(), format!("{}: {source}", path.display())))
            }
            damage => self.corrupt(damage.to_string()),
        }
    }

    fn beyond_end(&self, shard: &ShardId, position: u64, end: u64) -> String {
        let folder = self.folder.display();
        format!(
            "{shard}: consumer `{}` stands at {position}, but the last record is {end}: this is not the log it has read (its checkpoints: {folder})",
            self.name
        )
    }

    fn corrupt(&self, what: String) -> ConsumeError {
        ConsumeError::Corrupt { stream: self.stream.config.name.clone(), what }
    }

    fn io(&self, source: io::Error) -> ConsumeError {
        ConsumeError::Io { stream: self.stream.config.name.clone(), source }
    }

    fn not_owner(&self, shard: &ShardId) -> ConsumeError {
        ConsumeError::NotOwner { stream: self.stream.config.name.clone(), shard: shard.clone() }
    }

    fn closed(&self) -> ConsumeError {
        ConsumeError::Closed { stream: self.stream.config.name.clone() }
    }
}

/// The sequence number after a place.
fn after(position: Option<Position>) -> u64 {
    let sequence = position.map_or(0, |position| position.sequence.to_u64().unwrap_or(u64::MAX - 1));
    sequence.saturating_add(1)
}
