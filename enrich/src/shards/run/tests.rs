//! A shard whose stream refuses holds up no other.

use std::sync::Mutex;

use iglu::{client::Client, resolver_config::ResolverConfig};
use service::context::Context;
use stream::{
    consumer::Start,
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_cannot_write_holds_up_no_other() {
    let raw = Memory::new("raw", 2);
    let (good, bad) = (Memory::new("enriched", 2), Memory::new("bad", 2));
    let shards = raw.shards().to_vec();
    let append = async |shard: &ShardId, count: usize| {
        // No payloads: each becomes a bad row.
        let records = (0..count).map(|n| Record::new("k", format!("no payload {n}"))).collect();
        raw.producer().append(records, Route::Shard(shard.clone())).await.unwrap();
    };
    // Far more batches than are kept anywhere.
    append(&shards[0], 15_000).await;
    append(&shards[1], 15_000).await;
    let half_shut = Arc::new(HalfShut { inner: bad.producer(), shut: Mutex::new(Some(shards[0].clone())) });
    let outputs = Outputs { good: good.producer(), bad: half_shut.clone(), failed: None };
    let iglu = ResolverConfig { cache_size: 10, cache_ttl: None, repositories: Vec::new() };
    let iglu = Arc::new(Client::new(iglu, service::clock::now));
    let context = Context::default();
    let source = raw.consumer("enrich", Start::Oldest);
    let running = tokio::spawn(run(EnrichConfig::default(), source, outputs, iglu, context.clone()));

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
