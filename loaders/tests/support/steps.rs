//! A consumer that stops for ever at a step of saving, as a crash would.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use stream::{
    consumer::{Checkpoint, Checkpointer, ConsumeError, Consumer, Event},
    producer::BoxFuture,
    record::{Position, ShardId},
};
use tokio::sync::Notify;

/// Counts the steps of saving (before and after each save) and stops for ever at one of them, as a crash would.
#[derive(Clone)]
pub(crate) struct Steps {
    left: Arc<AtomicU32>,
    pub(crate) crashed: Arc<Notify>,
    pub(crate) saved: Arc<Notify>,
}

impl Steps {
    pub(crate) fn crash_at(step: u32) -> Self {
        Self { left: Arc::new(AtomicU32::new(step)), crashed: Arc::default(), saved: Arc::default() }
    }

    async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.crashed.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) struct Stepped<T>(pub(crate) T, pub(crate) Steps);

impl Consumer for Stepped<Box<dyn Consumer>> {
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
        Box::new(Stepped(self.0.checkpointer(), self.1.clone()))
    }
}

impl Checkpointer for Stepped<Box<dyn Checkpointer>> {
    fn save(&self, shard: &ShardId, checkpoint: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let shard = shard.clone();
        Box::pin(async move {
            self.1.step().await;
            self.0.save(&shard, checkpoint).await?;
            self.1.step().await;
            self.1.saved.notify_one();
            Ok(())
        })
    }
}
