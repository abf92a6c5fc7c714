//! Carries out what a worker wants, and reads the shards it has.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, sleep_until},
};

use super::{Observer, Settings, client::Client, subscription::Subscription};
use crate::{
    consumer::{Checkpoint, Delivered, Pending},
    kinesis::{
        lease::{
            HashRange, Lease, Progress,
            shards::{Child, Shard},
        },
        reading::{Call, From, Reader, Trouble},
        worker::{Action, Outcome, SaveError, Tenure, Ticket, Worker},
    },
    record::{Position, ShardId},
};

/// Calls of DynamoDB at a time.
const CALLS: usize = 20;

/// Batches of a shard that wait for the role: one, while the next is being read.
const WAITING_BATCHES: usize = 1;

/// What is told to the role.
pub(super) enum Told {
    Assigned {
        shard: ShardId,
        tenure: Tenure,
        checkpoint: Checkpoint,
    },
    Records {
        shard: ShardId,
        tenure: Tenure,
        seek: u64,
        records: Vec<Delivered>,
        _waiting: OwnedSemaphorePermit,
    },
    Ended {
        shard: ShardId,
        tenure: Tenure,
        seek: u64,
    },
    Lost {
        shard: ShardId,
        tenure: Tenure,
    },
}

/// What the role wants, and answers.
pub(super) enum Message {
    Save { shard: ShardId, tenure: Tenure, checkpoint: Checkpoint, reply: Reply },
    Seek { shard: ShardId, tenure: Tenure, seek: u64, after: Option<Position> },
    Delivered { shard: ShardId, tenure: Tenure, last: Option<Position>, children: Vec<Child> },
    Missing { shard: ShardId, tenure: Tenure },
    Scanned(Option<Vec<Lease>>),
    Listed(Option<Vec<Shard>>),
    Looked(Ticket, Option<Option<Box<Lease>>>),
    Written(Ticket, Outcome),
}

type Reply = oneshot::Sender<Result<(), SaveError>>;

/// Runs until the consumer is dropped, and then until its leases are given back.
pub(super) async fn run(
    settings: Settings,
    client: Client,
    fan_out: Option<String>,
    mut received: mpsc::UnboundedReceiver<Message>,
    tell: mpsc::UnboundedSender<Told>,
    observer: Observer,
) {
    let origin = Instant::now();
    let seed = RandomState::new().hash_one(&settings.worker);
    let Settings { worker, beginning, limits, timing, .. } = &settings;
    let worker = Worker::new(worker, *beginning, *limits, *timing, Duration::ZERO, seed);
    let (answer, mut answers) = mpsc::unbounded_channel();
    let mut running = Running {
        worker,
        client: Arc::new(client),
        settings,
        fan_out,
        calls: Arc::new(Semaphore::new(CALLS)),
        answer,
        tasks: JoinSet::new(),
        readers: HashMap::new(),
        replies: HashMap::new(),
        saves: 0,
        tell,
        observer,
    };
    loop {
        let now = origin.elapsed();
        for action in running.worker.turn(now) {
            running.carry_out(action);
        }
        running.count();
        if running.worker.has_stopped() {
            return;
        }
        let wake = sleep_until(origin + running.worker.wake().min(now + Duration::from_secs(60)));
        tokio::select! {
            Some(message) = answers.recv() => running.receive(origin.elapsed(), message),
            message = received.recv(), if !running.is_stopping() => match message {
                Some(message) => running.receive(origin.elapsed(), message),
                None => running.stop(),
            },
            () = wake => {}
            Some(_) = running.tasks.join_next() => {}
        }
    }
}

struct Running {
    worker: Worker,
    client: Arc<Client>,
    settings: Settings,
    /// The consumer that is registered at the stream.
    fan_out: Option<String>,
    calls: Arc<Semaphore>,
    answer: mpsc::UnboundedSender<Message>,
    tasks: JoinSet<()>,
    readers: HashMap<ShardId, Reading>,
    replies: HashMap<Ticket, Reply>,
    saves: Ticket,
    tell: mpsc::UnboundedSender<Told>,
    observer: Observer,
}

/// The reading of a shard.
struct Reading {
    tenure: Tenure,
    range: Option<HashRange>,
    task: AbortHandle,
}

impl Running {
    fn is_stopping(&self) -> bool {
        self.worker.is_stopping()
    }

    fn stop(&mut self) {
        self.readers.drain().for_each(|(_, reading)| reading.task.abort());
        self.worker.stop();
    }

    fn count(&self) {
        let (leases, taken) = (self.worker.leases().count(), self.worker.taken());
        self.observer.note(|facts| {
            facts.leases = leases;
            (facts.free_leases, facts.stolen_leases) = (taken.free, taken.stolen);
            facts.behind.retain(|shard, _| self.readers.contains_key(shard));
        });
    }

    fn receive(&mut self, now: Duration, message: Message) {
        match message {
            Message::Save { shard, tenure, checkpoint, reply } => {
                self.saves += 1;
                self.replies.insert(self.saves, reply);
                self.worker.save(self.saves, &shard, tenure, checkpoint);
            }
            Message::Seek { shard, tenure, seek, after } => {
                if let Some(reading) = self.readers.get(&shard).filter(|reading| reading.tenure == tenure) {
                    let progress = after.map_or(Progress::TrimHorizon, Progress::At);
                    let range = reading.range;
                    self.read(shard, tenure, seek, progress, range);
                }
            }
            Message::Delivered { shard, tenure, last, children } => {
                self.readers.remove(&shard);
                self.worker.delivered(&shard, tenure, last, children);
            }
            Message::Missing { shard, tenure } => self.worker.missing(now, &shard, tenure),
            Message::Scanned(leases) => self.worker.scanned(now, leases),
            Message::Listed(shards) => self.worker.listed(now, shards),
            Message::Looked(ticket, found) => self.worker.looked(now, ticket, found),
            Message::Written(ticket, outcome) => self.worker.written(now, ticket, outcome),
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::Scan => self.call(async |client| Message::Scanned(client.scan().await)),
            Action::List(listing) => {
                self.call(async move |client| Message::Listed(client.list(listing).await))
            }
            Action::Look(ticket, shard) => {
                self.call(async move |client| Message::Looked(ticket, client.look(&shard).await));
            }
            Action::Write(ticket, write) => {
                self.call(async move |client| Message::Written(ticket, client.write(&write).await));
            }
            Action::Begin(tenure, lease) => {
                let checkpoint = checkpoint(&lease);
                let shard = lease.shard.clone();
                tracing::info!(stream = self.settings.stream, %shard, "reading a shard");
                // Nobody to tell: it is about to stop.
                let _gone = self.tell.send(Told::Assigned { shard: shard.clone(), tenure, checkpoint });
                self.read(shard, tenure, 0, lease.progress, lease.range);
            }
            Action::Quit(tenure, shard) => {
                if let Some(reading) = self.readers.remove(&shard) {
                    reading.task.abort();
                }
                if !self.is_stopping() {
                    tracing::info!(stream = self.settings.stream, %shard, "this shard is not read here any more");
                    self.observer.note(|facts| facts.lost_leases += 1);
                }
                let _gone = self.tell.send(Told::Lost { shard, tenure });
            }
            Action::Saved(ticket, result) => {
                if let Some(reply) = self.replies.remove(&ticket) {
                    // Who asked may not wait for the answer any more.
                    let _gone = reply.send(result);
                }
            }
        }
    }

    fn call<F>(&mut self, call: impl FnOnce(Arc<Client>) -> F + Send + 'static)
    where
        F: Future<Output = Message> + Send + 'static,
    {
        let (client, calls, answer) = (self.client.clone(), self.calls.clone(), self.answer.clone());
        self.tasks.spawn(async move {
            // Never closed.
            let _turn = calls.acquire_owned().await;
            let _gone = answer.send(call(client).await);
        });
    }

    fn read(
        &mut self,
        shard: ShardId,
        tenure: Tenure,
        seek: u64,
        progress: Progress,
        range: Option<HashRange>,
    ) {
        let Settings { stream, beginning, idle, .. } = &self.settings;
        let reader = Reader::new(progress, *beginning, range, *idle);
        let shard_reader = ShardReader {
            stream: stream.clone(),
            shard: shard.clone(),
            tenure,
            seek,
            client: self.client.clone(),
            fan_out: self.fan_out.clone(),
            tell: self.tell.clone(),
            answer: self.answer.clone(),
            observer: self.observer.clone(),
        };
        let task = self.tasks.spawn(shard_reader.run(reader));
        if let Some(before) = self.readers.insert(shard, Reading { tenure, range, task }) {
            before.task.abort();
        }
    }
}

struct ShardReader {
    stream: String,
    shard: ShardId,
    tenure: Tenure,
    seek: u64,
    client: Arc<Client>,
    fan_out: Option<String>,
    tell: mpsc::UnboundedSender<Told>,
    answer: mpsc::UnboundedSender<Message>,
    observer: Observer,
}

impl ShardReader {
    async fn run(self, mut reader: Reader) {
        let waiting = Arc::new(Semaphore::new(WAITING_BATCHES));
        let mut subscription = None;
        loop {
            if subscription.is_none() {
                sleep(reader.wait()).await;
            }
            let answer = match (reader.call(), &mut subscription) {
                (Call::Iterator(from), _) => {
                    let answer = self.begin(from, &mut subscription).await;
                    self.miss(answer.as_ref().err());
                    reader.iterated(answer);
                    continue;
                }
                (Call::Records(iterator), None) => self.client.records(&self.shard, iterator).await,
                (Call::Records(_), Some(subscribed)) => match subscribed.next(&self.shard).await {
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) => {
                        subscription = None;
                        reader.ended();
                        continue;
                    }
                    Err(trouble) => {
                        subscription = None;
                        Err(trouble)
                    }
                },
            };
            self.miss(answer.as_ref().err());
            if let Ok(answer) = &answer {
                self.observer.note(|facts| {
                    facts.behind.insert(self.shard.clone(), answer.behind);
                });
            }
            let brought = reader.read(answer);
            let (shard, tenure, seek) = (self.shard.clone(), self.tenure, self.seek);
            if let Some(after) = brought.gap_after {
                tracing::error!(
                    stream = self.stream, %shard, %after,
                    "records after this one may have been deleted before they were read: the stream keeps them for too short a time"
                );
            }
            if !brought.records.is_empty() {
                let Ok(permit) = waiting.clone().acquire_owned().await else { return };
                let records = brought.records;
                let told = Told::Records { shard: shard.clone(), tenure, seek, records, _waiting: permit };
                if self.tell.send(told).is_err() {
                    return;
                }
            }
            if let Some((last, children)) = brought.end {
                let _gone = self.tell.send(Told::Ended { shard: shard.clone(), tenure, seek });
                let _gone = self.answer.send(Message::Delivered { shard, tenure, last, children });
                return;
            }
        }
    }

    /// An iterator; or a subscription, which needs none.
    async fn begin(&self, from: From, subscription: &mut Option<Subscription>) -> Result<String, Trouble> {
        match &self.fan_out {
            None => self.client.iterator(&self.shard, from).await,
            Some(consumer) => {
                *subscription = Some(self.client.subscribe(consumer, &self.shard, from).await?);
                Ok(String::new())
            }
        }
    }

    /// Has it looked into whether the shard is still there.
    fn miss(&self, trouble: Option<&Trouble>) {
        if trouble == Some(&Trouble::Missing) {
            let (shard, tenure) = (self.shard.clone(), self.tenure);
            let _gone = self.answer.send(Message::Missing { shard, tenure });
        }
    }
}

/// What the role is told of a lease.
fn checkpoint(lease: &Lease) -> Checkpoint {
    let pending = lease.pending.as_ref().and_then(|pending| {
        Some(Pending { up_to: pending.up_to.position()?, note: pending.state.clone().unwrap_or_default() })
    });
    Checkpoint { acknowledged: lease.progress.position(), pending }
}
