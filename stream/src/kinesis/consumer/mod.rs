//! Reads a stream of Kinesis together with other workers, ours or the Java library's, who share a table of leases.
//!
//! * `client`: calls of Kinesis and DynamoDB
//! * `facts`: what has been seen, for metrics
//! * `subscription`: records that are pushed, with a throughput of our own
//! * `run`: carries out what a [`Worker`](super::worker::Worker) wants, and reads the shards it has
//!
//! The name of the application is the name of its table. Where it does not exist it is made, if that is allowed.

mod client;
mod facts;
mod run;
mod subscription;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

pub use self::facts::{Ending, Facts, Observer};
use self::{
    client::Client,
    run::{Message, Told},
};
use super::{
    lease::{shards::Beginning, taking::Limits},
    worker::{SaveError, Tenure, Timing},
};
use crate::{
    aws::Connection,
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Event, Start},
    producer::BoxFuture,
    record::{Position, ShardId},
};

/// A stream of Kinesis and how it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Name of the stream.
    pub stream: String,
    /// Name of the application: of its table, too.
    pub application: String,
    /// Name of this worker among those of the application; two processes never have the same. One that is started again
    /// under its name takes up its shards at once.
    pub worker: String,
    /// How Kinesis is reached.
    pub kinesis: Connection,
    /// How DynamoDB is reached.
    pub dynamodb: Connection,
    /// Where an application begins that has read nothing yet.
    pub beginning: Beginning,
    /// How many shards this worker reads.
    pub limits: Limits,
    /// When it does what.
    pub timing: Timing,
    /// Records of one call: at most 10,000.
    pub call_records: i32,
    /// Time between calls for a shard that has nothing new: each shard answers five calls in a second to all who read it.
    pub idle: Duration,
    /// Whether records are pushed to this application, which is registered at the stream for that, instead.
    pub fan_out: bool,
}

impl Settings {
    /// The stream as it is read usually.
    pub fn new(stream: &str, application: &str, worker: &str, connection: Connection, start: Start) -> Self {
        Self {
            stream: stream.to_owned(),
            application: application.to_owned(),
            worker: worker.to_owned(),
            dynamodb: connection.clone(),
            kinesis: connection,
            beginning: match start {
                Start::Oldest => Beginning::TrimHorizon,
                Start::Newest => Beginning::Latest,
            },
            limits: Limits::default(),
            timing: Timing::default(),
            call_records: 10_000,
            idle: Duration::from_secs(1),
            fan_out: false,
        }
    }
}

/// A consumer cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(String);

/// A consumer.
pub struct KinesisConsumer {
    stream: Arc<str>,
    messages: mpsc::UnboundedSender<Message>,
    told: mpsc::UnboundedReceiver<Told>,
    /// What was told of shards whose records are not wanted at the moment: a batch of each, since its reader goes on only when
    /// that was taken.
    aside: VecDeque<Told>,
    unwanted: HashSet<ShardId>,
    /// How often each of our shards was sought: what was read before is dropped.
    seeks: HashMap<ShardId, u64>,
    tenures: Arc<Mutex<HashMap<ShardId, Tenure>>>,
    observer: Observer,
    /// Closed when all is over.
    over: watch::Receiver<()>,
}

/// Opens a consumer: finds the table or makes it, and begins to take leases. To be called within a runtime.
pub async fn open(settings: Settings) -> Result<KinesisConsumer, OpenError> {
    let observer = Observer::default();
    let client = Client::new(&settings, observer.clone()).await;
    let stream = client.prepare().await.map_err(OpenError)?;
    let fan_out = match settings.fan_out {
        true => Some(client.register(&stream, &settings.application).await.map_err(OpenError)?),
        false => None,
    };
    let (messages, received) = mpsc::unbounded_channel();
    let (tell, told) = mpsc::unbounded_channel();
    let stream: Arc<str> = settings.stream.as_str().into();
    let (running, over) = watch::channel(());
    let run = run::run(settings, client, fan_out, received, tell, observer.clone());
    tokio::spawn(async move {
        run.await;
        drop(running);
    });
    Ok(KinesisConsumer {
        stream,
        messages,
        told,
        aside: VecDeque::new(),
        unwanted: HashSet::new(),
        seeks: HashMap::new(),
        tenures: Arc::default(),
        observer,
        over,
    })
}

impl KinesisConsumer {
    /// Shows what it has seen so far.
    pub fn observer(&self) -> Observer {
        self.observer.clone()
    }

    /// Ends when the consumer has been dropped and its leases are given back, so that others need not wait until they have
    /// expired; after the failover time at the latest.
    pub fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut over = self.over.clone();
        async move { while over.changed().await.is_ok() {} }
    }

    fn tenure(&self, shard: &ShardId) -> Option<Tenure> {
        self.tenures.lock().unwrap_or_else(PoisonError::into_inner).get(shard).copied()
    }

    /// What the role is told; nothing of a shard that it has sought elsewhere since, or lost.
    fn event(&mut self, told: Told) -> Option<Event> {
        let is_current = |shard: &ShardId, tenure: Tenure, seek: u64| {
            self.tenure(shard) == Some(tenure) && self.seeks.get(shard) == Some(&seek)
        };
        match told {
            Told::Assigned { shard, tenure, checkpoint } => {
                self.tenures.lock().unwrap_or_else(PoisonError::into_inner).insert(shard.clone(), tenure);
                self.seeks.insert(shard.clone(), 0);
                self.observer.forget(&shard);
                Some(Event::Assigned { shard, checkpoint })
            }
            Told::Records { shard, tenure, seek, records, .. } => {
                if !is_current(&shard, tenure, seek) {
                    return None;
                }
                self.observer.delivered(&shard, &records);
                Some(Event::Records(Batch { shard, records }))
            }
            Told::Ended { shard, tenure, seek } => {
                is_current(&shard, tenure, seek).then_some(Event::Ended { shard })
            }
            Told::Lost { shard, tenure } => {
                if self.tenure(&shard) != Some(tenure) {
                    return None;
                }
                self.tenures.lock().unwrap_or_else(PoisonError::into_inner).remove(&shard);
                self.seeks.remove(&shard);
                self.unwanted.remove(&shard);
                self.observer.forget(&shard);
                Some(Event::Lost { shard })
            }
        }
    }

    /// The first of what was put aside and is wanted again.
    fn wanted_again(&mut self) -> Option<Told> {
        let is_wanted = |told: &Told| told.of().is_none_or(|shard| !self.unwanted.contains(shard));
        let index = self.aside.iter().position(is_wanted)?;
        self.aside.remove(index)
    }

    fn closed(&self) -> ConsumeError {
        ConsumeError::Closed { stream: self.stream.to_string() }
    }
}

impl Told {
    /// The shard whose records these are, or the end of them.
    fn of(&self) -> Option<&ShardId> {
        match self {
            Self::Records { shard, .. } | Self::Ended { shard, .. } => Some(shard),
            Self::Assigned { .. } | Self::Lost { .. } => None,
        }
    }
}

impl Consumer for KinesisConsumer {
    fn stream(&self) -> &str {
        &self.stream
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        Box::pin(async move {
            loop {
                let told = match self.wanted_again() {
                    Some(told) => told,
                    None => self.told.recv().await.ok_or_else(|| self.closed())?,
                };
                if told.of().is_some_and(|shard| self.unwanted.contains(shard)) {
                    self.aside.push_back(told);
                } else if let Some(event) = self.event(told) {
                    return Ok(event);
                }
            }
        })
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let sought = match (self.tenure(shard), self.seeks.get_mut(shard)) {
            (Some(tenure), Some(seek)) => {
                *seek += 1;
                self.observer.forget(shard);
                let message = Message::Seek { shard: shard.clone(), tenure, seek: *seek, after };
                self.messages.send(message).map_err(|_| self.closed())
            }
            _ => Err(ConsumeError::NotOwner { stream: self.stream.to_string(), shard: shard.clone() }),
        };
        Box::pin(async move { sought })
    }

    fn want(&mut self, shard: &ShardId, wanted: bool) {
        if wanted {
            self.unwanted.remove(shard);
        } else {
            self.unwanted.insert(shard.clone());
        }
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(Saver {
            stream: self.stream.clone(),
            // Does not keep the consumer alive.
            messages: self.messages.downgrade(),
            tenures: self.tenures.clone(),
            observer: self.observer.clone(),
        })
    }
}

struct Saver {
    stream: Arc<str>,
    messages: mpsc::WeakUnboundedSender<Message>,
    tenures: Arc<Mutex<HashMap<ShardId, Tenure>>>,
    observer: Observer,
}

impl Checkpointer for Saver {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let shard = shard.clone();
        let tenure = self.tenures.lock().unwrap_or_else(PoisonError::into_inner).get(&shard).copied();
        Box::pin(async move {
            let not_owner =
                || ConsumeError::NotOwner { stream: self.stream.to_string(), shard: shard.clone() };
            let closed = || ConsumeError::Closed { stream: self.stream.to_string() };
            let tenure = tenure.ok_or_else(not_owner)?;
            let (reply, answer) = oneshot::channel();
            let acknowledged = checkpoint.acknowledged;
            let messages = self.messages.upgrade().ok_or_else(closed)?;
            let message = Message::Save { shard: shard.clone(), tenure, checkpoint, reply };
            messages.send(message).map_err(|_| closed())?;
            match answer.await {
                Ok(Ok(())) => {
                    acknowledged.into_iter().for_each(|to| self.observer.acknowledged(&shard, to));
                    Ok(())
                }
                Ok(Err(SaveError::NotOwner)) => Err(not_owner()),
                Ok(Err(SaveError::Back)) => Err(ConsumeError::Corrupt {
                    stream: self.stream.to_string(),
                    what: format!("{shard}: more has been saved before than is to be saved now"),
                }),
                Err(_) => Err(closed()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;
    use crate::{consumer::Delivered, record::Record};

    #[tokio::test]
    async fn what_is_not_wanted_is_put_aside() {
        let (tell, told) = mpsc::unbounded_channel();
        let mut consumer = KinesisConsumer {
            stream: "raw".into(),
            messages: mpsc::unbounded_channel().0,
            told,
            aside: VecDeque::new(),
            unwanted: HashSet::new(),
            seeks: HashMap::new(),
            tenures: Arc::default(),
            observer: Observer::default(),
            over: watch::channel(()).1,
        };
        let (a, b) = (ShardId::from("a"), ShardId::from("b"));
        let waiting = Arc::new(Semaphore::new(10));
        let records = |shard: &ShardId, position: u64| {
            let record = Record::new("k", "data");
            let arrival = jiff::Timestamp::UNIX_EPOCH;
            let records = vec![Delivered { position: position.into(), arrival, record }];
            let permit = waiting.clone().try_acquire_owned().unwrap();
            Told::Records { shard: shard.clone(), tenure: 1, seek: 0, records, _waiting: permit }
        };
        for shard in [&a, &b] {
            let checkpoint = Checkpoint::default();
            tell.send(Told::Assigned { shard: shard.clone(), tenure: 1, checkpoint }).ok().unwrap();
            assert!(matches!(consumer.next().await, Ok(Event::Assigned { .. })));
        }
        let expect = async |consumer: &mut KinesisConsumer, shard: &ShardId, position: u64| {
            let Ok(Event::Records(batch)) = consumer.next().await else { panic!("records were expected") };
            assert_eq!((&batch.shard, batch.records[0].position), (shard, position.into()));
        };
        consumer.want(&a, false);
        for told in [records(&a, 1), records(&b, 1), records(&b, 2)] {
            tell.send(told).ok().unwrap();
        }
        expect(&mut consumer, &b, 1).await;
        expect(&mut consumer, &b, 2).await;
        assert_eq!(waiting.available_permits(), 9, "what is put aside still counts as waiting");
        consumer.want(&a, true);
        tell.send(records(&a, 2)).ok().unwrap();
        expect(&mut consumer, &a, 1).await;
        expect(&mut consumer, &a, 2).await;
        // What was put aside of a shard that is lost is nobody's.
        consumer.want(&a, false);
        tell.send(records(&a, 3)).ok().unwrap();
        tell.send(Told::Lost { shard: a.clone(), tenure: 1 }).ok().unwrap();
        assert!(matches!(consumer.next().await, Ok(Event::Lost { .. })));
        tell.send(records(&b, 3)).ok().unwrap();
        expect(&mut consumer, &b, 3).await;
        assert_eq!(waiting.available_permits(), 10);
    }
}
