use std::sync::Arc;

use super::Memory;
use crate::{
    conformance::{self, Engine, numbered_batch},
    consumer::{Consumer, Start},
    producer::{AppendError, Producer, Route},
    record::ShardId,
};

impl Engine for Memory {
    fn producer(&self) -> Arc<dyn Producer> {
        self.producer()
    }

    fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer> {
        self.consumer(name, start)
    }

    fn shards(&self) -> Vec<ShardId> {
        self.shards().to_vec()
    }

    async fn close(&self) {
        self.close();
    }

    async fn restart(&mut self) {}
}

conformance::suite!(|shards, max| Memory::new("raw", shards).with_max_record_bytes(max));

#[tokio::test]
async fn refuses_and_accepts_again() {
    let memory = Memory::new("raw", 1);
    let producer = memory.producer();
    memory.refuse("a test says so");
    match producer.append(numbered_batch("k", 0..3), Route::ByKey).await {
        Err(AppendError::Full { stream, why }) => assert_eq!((&*stream, &*why), ("raw", "a test says so")),
        other => panic!("{other:?}"),
    }
    memory.accept();
    producer.append(numbered_batch("k", 3..4), Route::ByKey).await.unwrap();
    assert_eq!(memory.records().iter().map(conformance::number).collect::<Vec<_>>(), [3]);
    assert_eq!(memory.checkpoint("nobody", &memory.shards()[0]), None);
}
