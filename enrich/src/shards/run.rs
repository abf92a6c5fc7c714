//! Hands what the source delivers to the shards. One that takes no more at the moment (because a stream refuses, or too many
//! of its records wait for schemas) holds up no other: the source is told to leave it alone, and what comes for it all the
//! same is kept, within bounds.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use stream::{
    consumer::{Checkpoint, Consumer, Delivered, Event},
    record::ShardId,
};
use tokio::{
    sync::mpsc::{self, OwnedPermit},
    task::{AbortHandle, JoinError, JoinSet},
};

use crate::{
    run::RunError,
    shard::run::{Shard, Shared},
};

type Records = Vec<Delivered>;

/// Batches of one shard that wait to be enriched.
const WAITING: usize = 2;

/// Batches kept for all shards that take no more; beyond it the source is not asked.
const KEPT: usize = 16;

/// The shards.
pub(crate) struct Shards {
    shared: Arc<Shared>,
    inboxes: HashMap<ShardId, Inbox>,
    tasks: JoinSet<Result<(), RunError>>,
    /// Waits for room in inboxes; none for a shard that has ended.
    rooms: JoinSet<(ShardId, u64, Option<OwnedPermit<Records>>)>,
    /// Shards that were assigned so far.
    assigned: u64,
}

/// The way to a shard.
struct Inbox {
    /// Tells apart a shard that was lost and assigned again.
    number: u64,
    sender: mpsc::Sender<Records>,
    task: AbortHandle,
    /// Where the next batch goes; none while that is waited for.
    room: Option<OwnedPermit<Records>>,
    /// What the source was told last.
    is_wanted: bool,
    /// What came without being wanted.
    kept: VecDeque<Records>,
    /// No more comes.
    is_over: bool,
}

impl Shards {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            inboxes: HashMap::new(),
            tasks: JoinSet::new(),
            rooms: JoinSet::new(),
            assigned: 0,
        }
    }

    /// Hands events to shards until drain.
    pub(crate) async fn feed(&mut self, source: &mut dyn Consumer) -> Result<(), RunError> {
        let drain = self.shared.drain.clone();
        loop {
            let may_ask = self.inboxes.values().map(|inbox| inbox.kept.len()).sum::<usize>() < KEPT;
            tokio::select! {
                biased;
                // What nobody has begun is read again after the restart.
                () = drain.requested() => return Ok(()),
                Some(ended) = self.tasks.join_next() => outcome(ended)?,
                Some(room) = self.rooms.join_next() => {
                    // One that was aborted is of a shard that is gone.
                    if let Ok((shard, number, room)) = room {
                        self.has_room(source, &shard, number, room);
                    }
                }
                event = source.next(), if may_ask => self.take(source, event?),
            }
        }
    }

    /// Has every shard write what it has in hand, and waits for that.
    pub(crate) async fn finish(&mut self) -> Result<(), RunError> {
        self.inboxes.clear();
        self.rooms.shutdown().await;
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            first = first.and(outcome(ended));
        }
        first
    }

    fn take(&mut self, source: &mut dyn Consumer, event: Event) {
        match event {
            Event::Assigned { shard, checkpoint } => {
                source.want(&shard, true);
                self.begin(shard, checkpoint);
            }
            Event::Records(batch) => {
                let Some(inbox) = self.inboxes.get_mut(&batch.shard) else { return };
                inbox.kept.push_back(batch.records);
                self.hand_over(source, &batch.shard);
            }
            Event::Ended { shard } => {
                let Some(inbox) = self.inboxes.get_mut(&shard) else { return };
                inbox.is_over = true;
                self.hand_over(source, &shard);
            }
            Event::Lost { shard } => self.drop_shard(&shard),
        }
    }

    fn begin(&mut self, shard: ShardId, checkpoint: Checkpoint) {
        self.drop_shard(&shard);
        let (sender, batches) = mpsc::channel(WAITING);
        let work = Shard::new(Arc::clone(&self.shared), shard.clone(), checkpoint).run(batches);
        let task = self.tasks.spawn(work);
        let room = sender.clone().try_reserve_owned().ok();
        self.assigned += 1;
        let (number, kept) = (self.assigned, VecDeque::new());
        let inbox = Inbox { number, sender, task, room, is_wanted: true, kept, is_over: false };
        self.inboxes.insert(shard, inbox);
    }

    /// A shard takes a batch again, unless it has ended: then what is kept for it is nobody's.
    fn has_room(
        &mut self,
        source: &mut dyn Consumer,
        shard: &ShardId,
        number: u64,
        room: Option<OwnedPermit<Records>>,
    ) {
        let Some(inbox) = self.inboxes.get_mut(shard).filter(|inbox| inbox.number == number) else { return };
        if room.is_none() {
            self.inboxes.remove(shard);
            return;
        }
        inbox.room = room;
        self.hand_over(source, shard);
    }

    /// Gives a shard as much as it takes of what is kept for it.
    fn hand_over(&mut self, source: &mut dyn Consumer, shard: &ShardId) {
        let Some(inbox) = self.inboxes.get_mut(shard) else { return };
        while let Some(batch) = inbox.kept.pop_front() {
            let Some(room) = inbox.room.take() else {
                inbox.kept.push_front(batch);
                break;
            };
            room.send(batch);
            inbox.room = inbox.sender.clone().try_reserve_owned().ok();
            if inbox.room.is_none() {
                let (sender, shard, number) = (inbox.sender.clone(), shard.clone(), inbox.number);
                self.rooms.spawn(async move { (shard, number, sender.reserve_owned().await.ok()) });
            }
        }
        if inbox.is_wanted != inbox.room.is_some() {
            inbox.is_wanted = inbox.room.is_some();
            source.want(shard, inbox.is_wanted);
        }
        if inbox.is_over && inbox.kept.is_empty() {
            // Closing its inbox lets the shard finish and save.
            self.inboxes.remove(shard);
        }
    }

    /// Forgets a shard without finishing it.
    fn drop_shard(&mut self, shard: &ShardId) {
        if let Some(inbox) = self.inboxes.remove(shard) {
            inbox.task.abort();
            self.shared.facts.gone(shard);
        }
    }
}

fn outcome(ended: Result<Result<(), RunError>, JoinError>) -> Result<(), RunError> {
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.is_cancelled() => Ok(()),
        Err(_) => Err(RunError::Bug("a shard's task panicked")),
    }
}

#[cfg(test)]
mod tests;
