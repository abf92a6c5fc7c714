//! Streams that refuse: a shard holds up no other, and what was taken is not sent again.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use iglu::{client::Client, resolver_config::ResolverConfig};
use service::context::Context;
use stream::{
    consumer::{Checkpointer, ConsumeError, Start},
    health::HealthWatch,
    memory::Memory,
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record},
};

use super::*;
use crate::{
    config::EnrichConfig,
    run::{Outputs, run},
};

/// A stream that takes nothing for its first shard until it is told to.
struct HalfShut {
    inner: Arc<dyn Producer>,
    shut: Mutex<Option<ShardId>>,
}

impl Producer for HalfShut {
    fn stream(&self) -> &str {
        self.inner.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        let is_shut =
            matches!((&route, &*self.shut.lock().unwrap()), (Route::Shard(to), Some(shut)) if to == shut);
        Box::pin(async move {
            if is_shut {
                return Err(AppendError::Full { stream: "bad".into(), why: "a test".into() });
            }
            self.inner.append(batch, route).await
        })
    }

    fn max_record_bytes(&self) -> usize {
        self.inner.max_record_bytes()
    }

    fn health(&self) -> HealthWatch {
        self.inner.health()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        after: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        self.inner.read_after(shard, after)
    }
}

/// A stream elsewhere, that cannot be read back and takes only a part of what it is first given.
struct Elsewhere {
    inner: Arc<dyn Producer>,
    refuses: AtomicBool,
}

impl Producer for Elsewhere {
    fn stream(&self) -> &str {
        self.inner.stream()
    }

    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        assert_eq!(route, Route::ByKey, "no service knows our shards");
        Box::pin(async move {
            if !self.refuses.swap(false, Ordering::SeqCst) {
                return self.inner.append(batch, route).await;
            }
            let missing: Vec<usize> = (0..batch.len()).filter(|index| index % 3 == 0).collect();
            let taken = batch.into_iter().enumerate().filter(|(index, _)| index % 3 != 0);
            self.inner.append(taken.map(|(_, record)| record).collect(), route).await?;
            Err(AppendError::Unavailable {
                stream: "bad".into(),
                missing,
                rejected: Vec::new(),
                why: "a test".into(),
            })
        })
    }

    fn max_record_bytes(&self) -> usize {
        self.inner.max_record_bytes()
    }

    fn health(&self) -> HealthWatch {
        self.inner.health()
    }

    fn read_after(
        &self,
        _: &ShardId,
        _: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        Box::pin(async { Ok(None) })
    }
}

/// A consumer whose first shard turns out to be somebody else's as soon as progress is saved, without a word before.
struct Taken(Box<dyn Consumer>);

impl Consumer for Taken {
    fn stream(&self) -> &str {
        self.0.stream()
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        self.0.next()
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        self.0.seek(shard, after)
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(TakenSaver(self.0.checkpointer()))
    }
}

struct TakenSaver(Box<dyn Checkpointer>);

impl Checkpointer for TakenSaver {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        if *shard == ShardId::numbered(0) {
            let (stream, shard) = ("raw".into(), shard.clone());
            return Box::pin(async { Err(ConsumeError::NotOwner { stream, shard }) });
        }
        self.0.save(shard, checkpoint)
    }
}

fn iglu() -> Arc<Client> {
    let nowhere = ResolverConfig { cache_size: 10, cache_ttl: None, repositories: Vec::new() };
    Arc::new(Client::new(nowhere, service::clock::now))
}

/// Records that are no payloads: each becomes a bad row.
fn no_payloads(count: usize) -> Vec<Record> {
    (0..count).map(|n| Record::new("k", format!("no payload {n}"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stream_elsewhere_has_taken_is_not_sent_again() {
    let raw = Memory::new("raw", 1);
    raw.producer().append(no_payloads(100), Route::ByKey).await.unwrap();
    let (good, bad) = (Memory::new("enriched", 3), Memory::new("bad", 3));
    let elsewhere = |inner, refuses| Arc::new(Elsewhere { inner, refuses: AtomicBool::new(refuses) });
    let outputs = Outputs {
        good: elsewhere(good.producer(), false),
        bad: elsewhere(bad.producer(), true),
        failed: None,
    };
    let context = Context::default();
    let source = raw.consumer("enrich", Start::Oldest);
    let running =
        tokio::spawn(run(EnrichConfig::default(), source, outputs, iglu(), Arc::default(), context.clone()));
    let shard = &raw.shards()[0];
    while raw.checkpoint("enrich", shard).and_then(|saved| saved.acknowledged) != Some(100.into()) {
        tokio::task::yield_now().await;
    }
    context.drain.request();
    running.await.unwrap().unwrap();
    let rows: HashSet<Vec<u8>> = bad.records().iter().map(|row| row.record.data.to_vec()).collect();
    assert_eq!((bad.records().len(), rows.len()), (100, 100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_cannot_write_holds_up_no_other() {
    let raw = Memory::new("raw", 2);
    let (good, bad) = (Memory::new("enriched", 2), Memory::new("bad", 2));
    let shards = raw.shards().to_vec();
    let append = async |shard: &ShardId, count: usize| {
        raw.producer().append(no_payloads(count), Route::Shard(shard.clone())).await.unwrap();
    };
    // Far more batches than are kept anywhere.
    append(&shards[0], 15_000).await;
    append(&shards[1], 15_000).await;
    let half_shut = Arc::new(HalfShut { inner: bad.producer(), shut: Mutex::new(Some(shards[0].clone())) });
    let outputs = Outputs { good: good.producer(), bad: half_shut.clone(), failed: None };
    let context = Context::default();
    let source = raw.consumer("enrich", Start::Oldest);
    let running =
        tokio::spawn(run(EnrichConfig::default(), source, outputs, iglu(), Arc::default(), context.clone()));

    let acknowledged = |shard: &ShardId| raw.checkpoint("enrich", shard).and_then(|saved| saved.acknowledged);
    let until = async |shard: &ShardId, position: u64| {
        while acknowledged(shard) != Some(position.into()) {
            tokio::task::yield_now().await;
        }
    };
    until(&shards[1], 15_000).await;
    append(&shards[1], 5_000).await;
    until(&shards[1], 20_000).await;
    assert_eq!(acknowledged(&shards[0]), None);
    *half_shut.shut.lock().unwrap() = None;
    until(&shards[0], 15_000).await;
    context.drain.request();
    running.await.unwrap().unwrap();
    assert_eq!(bad.records().len(), 35_000, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_for_a_shard_that_is_gone_holds_up_no_other() {
    let raw = Memory::new("raw", 2);
    let shards = raw.shards().to_vec();
    for shard in &shards {
        raw.producer().append(no_payloads(20_000), Route::Shard(shard.clone())).await.unwrap();
    }
    let (good, bad) = (Memory::new("enriched", 2), Memory::new("bad", 2));
    let outputs = Outputs { good: good.producer(), bad: bad.producer(), failed: None };
    let context = Context::default();
    // It goes on delivering what is not wanted.
    let source = Box::new(Taken(raw.consumer("enrich", Start::Oldest)));
    let running =
        tokio::spawn(run(EnrichConfig::default(), source, outputs, iglu(), Arc::default(), context.clone()));
    while raw.checkpoint("enrich", &shards[1]).and_then(|saved| saved.acknowledged) != Some(20_000.into()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.checkpoint("enrich", &shards[0]).unwrap().acknowledged, None);
    context.drain.request();
    running.await.unwrap().unwrap();
}
