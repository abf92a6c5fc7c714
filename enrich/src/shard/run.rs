//! Enriches and writes the batches of one shard until there are no more, or it is lost. See `resume.rs` for what is
//! written when. Records whose schema no registry decides about wait beside the batches: later ones are written, within
//! bounds, and the checkpoint stays before the first that waits (`held.rs`).

use std::{io::ErrorKind, sync::Arc, time::Duration};

use jiff::Timestamp;
use service::{clock, drain::Drain, retry::Backoff};
use stream::{
    consumer::{Checkpoint, Checkpointer, ConsumeError, Delivered, Pending},
    producer::{AppendError, Producer, Route},
    record::{Position, Record, ShardId},
};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::{
    batch::{
        Enriched, Given, Records,
        run::{Engine, enrich, settle},
    },
    fact::ShardFacts,
    observed::{BatchWritten, Observer},
    resume::{Note, Origin, Written},
    run::{Outputs, RunError},
    shard::held::Held,
};

/// Batches enriched ahead of the one that is being written.
const AHEAD: usize = 3;
/// Batches written together, at most.
const TOGETHER: usize = 8;
/// Records and bytes of one append, at most.
const APPEND_RECORDS: usize = 2_000;
const APPEND_BYTES: usize = 4 << 20;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));

/// What all shards share.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) outputs: Outputs,
    pub(crate) checkpointer: Box<dyn Checkpointer>,
    pub(crate) facts: ShardFacts,
    pub(crate) observer: Arc<Observer>,
    pub(crate) drain: Drain,
}

/// One shard at work.
pub(crate) struct Shard {
    shared: Arc<Shared>,
    name: ShardId,
    /// The last acknowledged raw record, as it was saved.
    saved: Option<Position>,
    /// Its sequence number, where it is one of 64 bits.
    acknowledged: Option<u64>,
    /// What the next checkpoint says: it stays behind while outputs of raw records beyond the checkpoint are written.
    note: Note,
    /// Where the output streams stand.
    known: Note,
    written: Written,
    /// What waits for schemas, and how far the rest is.
    held: Held,
    /// The work on what waits.
    settling: JoinSet<Given>,
    route: Route,
}

/// Why a shard stops.
enum Stop {
    /// It is not ours any more; nothing is lost.
    Lost,
    Failed(RunError),
}

impl Shard {
    pub(crate) fn new(shared: Arc<Shared>, name: ShardId, checkpoint: Checkpoint) -> Self {
        let note = checkpoint.pending.map(|pending| Note::from_bytes(&pending.note)).unwrap_or_default();
        let acknowledged = checkpoint.acknowledged.and_then(|position| position.sequence.to_u64());
        let held = Held::new(checkpoint.acknowledged);
        let route = Route::Shard(name.clone());
        Self {
            shared,
            name,
            saved: checkpoint.acknowledged,
            acknowledged,
            known: note.clone(),
            note,
            written: Written::default(),
            held,
            settling: JoinSet::new(),
            route,
        }
    }

    /// Works until `inbox` is closed and all is written.
    pub(crate) async fn run(mut self, inbox: mpsc::Receiver<Vec<Delivered>>) -> Result<(), RunError> {
        let (ahead, ready) = mpsc::channel(AHEAD);
        let engine = Arc::clone(&self.shared.engine);
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let (_, written) = tokio::join!(enrich_ahead(inbox, ahead, engine), async move {
            self.learn().await?;
            self.write_all(ready).await
        });
        shared.facts.gone(&name);
        match written {
            Ok(()) | Err(Stop::Lost) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Reads back what was written beyond the checkpoint.
    async fn learn(&mut self) -> Result<(), Stop> {
        for number in 0..STREAMS {
            if !self.learn_stream(number).await? {
                // This engine cannot tell: at least once, and each record where its key leads.
                self.route = Route::ByKey;
            }
        }
        if !self.written.is_empty() {
            tracing::info!(shard = %self.name, "some outputs were written before the last end: they are not repeated");
        }
        self.shared.facts.well(&self.name);
        Ok(())
    }

    /// Takes note of what stands in a stream after the last known position; `false`: it cannot be told.
    async fn learn_stream(&mut self, number: usize) -> Result<bool, Stop> {
        let Some(producer) = self.producer(number) else { return Ok(true) };
        let mut attempt = 0;
        loop {
            match producer.read_after(&self.name, self.known.at[number]).await {
                Ok(None) => return Ok(false),
                Ok(Some(found)) => {
                    for delivered in found {
                        self.known.at[number] = Some(delivered.position);
                        if let Some(origin) = Origin::from_bytes(&delivered.record.attributes) {
                            self.written.add(origin, self.acknowledged);
                        }
                    }
                    return Ok(true);
                }
                // The stream has other shards than the raw one.
                Err(AppendError::Interrupted { source, .. }) if source.kind() == ErrorKind::InvalidInput => {
                    return Ok(false);
                }
                Err(error) => self.refused(error, &mut attempt).await?,
            }
        }
    }

    async fn write_all(
        &mut self,
        mut ready: mpsc::Receiver<JoinHandle<Option<Enriched>>>,
    ) -> Result<(), Stop> {
        let mut next = None;
        let mut is_open = true;
        loop {
            let takes_more = is_open && self.held.has_room();
            let first: JoinHandle<Option<Enriched>> = match next.take() {
                Some(handle) => handle,
                None => tokio::select! {
                    Some(settled) = self.settling.join_next() => {
                        let bug = |_| Stop::Failed(RunError::Bug("what waited was not enriched to its end"));
                        self.write_settled(settled.map_err(bug)?).await?;
                        continue;
                    }
                    handle = ready.recv(), if takes_more => {
                        is_open = handle.is_some();
                        let Some(handle) = handle else { continue };
                        handle
                    }
                    // What waits is not acknowledged: it is read again after the restart.
                    () = self.shared.drain.requested(), if !takes_more && !self.held.is_empty() => {
                        tracing::info!(shard = %self.name, records = self.held.len(), "left waiting for schemas");
                        return Ok(());
                    }
                    else => return Ok(()),
                },
            };
            let mut batches = vec![first.await];
            while batches.len() < TOGETHER {
                match ready.try_recv() {
                    Ok(handle) if handle.is_finished() => batches.push(handle.await),
                    Ok(handle) => {
                        next = Some(handle);
                        break;
                    }
                    Err(_) => break,
                }
            }
            let mut whole = Vec::with_capacity(batches.len());
            for batch in batches {
                let bug = |_| Stop::Failed(RunError::Bug("a batch was not enriched to its end"));
                whole.extend(batch.map_err(bug)?);
            }
            self.write(whole).await?;
        }
    }

    /// Writes batches; what waits for schemas is set to work on its own.
    async fn write(&mut self, batches: Vec<Enriched>) -> Result<(), Stop> {
        let Some(arrival) = batches.iter().map(|batch| batch.arrival).min() else { return Ok(()) };
        let oldest = self.held.oldest().map_or(arrival, |oldest| oldest.min(arrival));
        self.shared.facts.oldest(&self.name, Some(oldest));
        let mut records = Records::default();
        let begun = batches.iter().map(|batch| batch.begun).min();
        for batch in batches {
            self.shared.observer.begun(batch.arrival, batch.begun);
            self.held.take_up(batch.last, batch.size, batch.waiting);
            records.add(batch.outputs, &self.written);
            for group in batch.groups {
                self.settling.spawn(settle(Arc::clone(&self.shared.engine), group));
            }
        }
        self.put(records, begun).await
    }

    /// Writes what came out of records that waited.
    async fn write_settled(&mut self, given: Given) -> Result<(), Stop> {
        let mut records = Records::default();
        for (position, _) in &given.outputs {
            self.held.settle(*position);
        }
        records.add(given, &self.written);
        self.put(records, None).await
    }

    /// Writes to all streams, then saves how far it got. `begun`: when the first batch was begun, unless it waited.
    async fn put(&mut self, records: Records, begun: Option<Timestamp>) -> Result<(), Stop> {
        let written = BatchWritten::of(&records, begun);
        self.append(BAD, records.bad).await?;
        self.append(FAILED, records.failed).await?;
        self.append(GOOD, records.good).await?;
        self.acknowledge().await?;
        self.shared.facts.waiting(&self.name, self.held.len());
        self.shared.facts.oldest(&self.name, self.held.oldest());
        written.emit(&self.shared.observer, &self.name, clock::now());
        Ok(())
    }

    /// Saves how far everything is written, if that is further than before.
    async fn acknowledge(&mut self) -> Result<(), Stop> {
        let Some(last) = self.held.acknowledged().filter(|last| self.saved.is_none_or(|saved| saved < *last))
        else {
            return Ok(());
        };
        if let Some(sequence) = last.sequence.to_u64() {
            self.acknowledged = Some(sequence);
            self.written.acknowledge(sequence);
        }
        // While a record waits, outputs of later ones are written: the note stays before them.
        if self.written.is_empty() && self.held.is_empty() {
            self.note = self.known.clone();
        }
        let pending = Pending { up_to: last, note: self.note.to_bytes() };
        self.save(Checkpoint { acknowledged: Some(last), pending: Some(pending) }).await?;
        self.saved = Some(last);
        Ok(())
    }

    async fn append(&mut self, number: usize, records: Vec<Record>) -> Result<(), Stop> {
        let Some(producer) = self.producer(number) else { return Ok(()) };
        let mut rest = records.into_iter().peekable();
        while rest.peek().is_some() {
            let mut bytes = 0;
            let mut group = Vec::new();
            while let Some(record) = rest.next_if(|record| {
                group.is_empty() || (group.len() < APPEND_RECORDS && bytes + record.size() <= APPEND_BYTES)
            }) {
                bytes += record.size();
                group.push(record);
            }
            self.append_group(number, &producer, group).await?;
        }
        Ok(())
    }

    /// Appends until the stream takes it.
    async fn append_group(
        &mut self,
        number: usize,
        producer: &Arc<dyn Producer>,
        mut group: Vec<Record>,
    ) -> Result<(), Stop> {
        let mut attempt = 0;
        while !group.is_empty() {
            match producer.append(group.clone(), self.route.clone()).await {
                Ok(appended) => {
                    let last = appended.last.into_iter().find(|(shard, _)| *shard == self.name);
                    if let (Route::Shard(_), Some((_, position))) = (&self.route, last) {
                        self.known.at[number] = Some(position);
                    }
                    if attempt > 0 {
                        self.shared.facts.well(&self.name);
                    }
                    return Ok(());
                }
                Err(error) => {
                    let unknown =
                        matches!(error, AppendError::Interrupted { .. } | AppendError::Unavailable { .. });
                    if let AppendError::Unavailable { missing, .. } = &error {
                        // All others are there.
                        group = missing.iter().filter_map(|index| group.get(*index).cloned()).collect();
                    }
                    self.refused(error, &mut attempt).await?;
                    if unknown && self.learn_stream(number).await? {
                        // Some of it may be there.
                        group.retain(|record| {
                            !Origin::from_bytes(&record.attributes)
                                .is_some_and(|origin| self.written.has(origin))
                        });
                    }
                }
            }
        }
        self.shared.facts.well(&self.name);
        Ok(())
    }

    async fn save(&mut self, checkpoint: Checkpoint) -> Result<(), Stop> {
        let mut attempt = 0;
        loop {
            match self.shared.checkpointer.save(&self.name, checkpoint.clone()).await {
                Ok(()) => {
                    if attempt > 0 {
                        self.shared.facts.well(&self.name);
                    }
                    return Ok(());
                }
                Err(ConsumeError::NotOwner { .. }) => return Err(Stop::Lost),
                Err(error @ ConsumeError::Io { .. }) => self.wait(error.to_string(), &mut attempt).await?,
                Err(error) => return Err(Stop::Failed(error.into())),
            }
        }
    }

    /// Waits before the next attempt, or gives up on what can never succeed.
    async fn refused(&self, error: AppendError, attempt: &mut u32) -> Result<(), Stop> {
        match error {
            AppendError::Full { .. } | AppendError::Unavailable { .. } | AppendError::Interrupted { .. } => {
                self.wait(error.to_string(), attempt).await
            }
            AppendError::TooLarge { .. } | AppendError::Closed { .. } => Err(Stop::Failed(error.into())),
        }
    }

    async fn wait(&self, why: String, attempt: &mut u32) -> Result<(), Stop> {
        if *attempt == 0 {
            tracing::warn!(shard = %self.name, why, "not taken: trying again until it is");
        }
        self.shared.facts.trouble(&self.name, why.clone());
        if self.shared.drain.is_requested() {
            return Err(Stop::Failed(RunError::Unwritten { shard: self.name.clone(), why }));
        }
        let delay = BACKOFF.delay(*attempt, clock::jitter());
        *attempt += 1;
        tokio::select! {
            () = sleep(delay) => {}
            () = self.shared.drain.requested() => {}
        }
        Ok(())
    }

    fn producer(&self, number: usize) -> Option<Arc<dyn Producer>> {
        let outputs = &self.shared.outputs;
        match number {
            BAD => Some(Arc::clone(&outputs.bad)),
            FAILED => outputs.failed.clone(),
            _ => Some(Arc::clone(&outputs.good)),
        }
    }
}

/// The streams in the order they are written in; indexes of [`Note::at`].
const BAD: usize = 0;
const FAILED: usize = 1;
const GOOD: usize = 2;
const STREAMS: usize = 3;

/// Starts every batch as it comes, while the writer is not too far behind.
async fn enrich_ahead(
    mut inbox: mpsc::Receiver<Vec<Delivered>>,
    ahead: mpsc::Sender<JoinHandle<Option<Enriched>>>,
    engine: Arc<Engine>,
) {
    while let Some(records) = inbox.recv().await {
        let Ok(place) = ahead.reserve().await else { return };
        place.send(tokio::spawn(enrich(Arc::clone(&engine), records)));
    }
}
