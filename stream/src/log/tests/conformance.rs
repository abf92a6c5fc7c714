use std::sync::Arc;

use tempfile::TempDir;

use crate::{
    conformance::{self, Engine},
    consumer::{Consumer, Start},
    log::{Log, LogConfig, StreamConfig},
    producer::Producer,
    record::ShardId,
};

struct Opened {
    log: Option<Log>,
    config: LogConfig,
    _folder: TempDir,
}

fn make(shards: u32, max_record_bytes: usize) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let stream = StreamConfig { shards, ..StreamConfig::new("raw") };
    let (log, checkpoints) = (folder.path().join("log"), folder.path().join("checkpoints"));
    let mut config = LogConfig::new(log, checkpoints, vec![stream]);
    config.max_record_bytes = max_record_bytes;
    // Small, so that every law crosses borders of segments.
    config.segment_bytes = 4096;
    Opened { log: Some(Log::open(config.clone()).unwrap()), config, _folder: folder }
}

impl Opened {
    fn log(&self) -> &Log {
        self.log.as_ref().unwrap()
    }
}

impl Engine for Opened {
    fn producer(&self) -> Arc<dyn Producer> {
        self.log().producer("raw")
    }

    fn consumer(&self, name: &str, start: Start) -> Box<dyn Consumer> {
        self.log().consumer("raw", name, start)
    }

    fn shards(&self) -> Vec<ShardId> {
        self.log().shards("raw")
    }

    async fn close(&self) {
        self.log().close().await;
    }

    async fn restart(&mut self) {
        self.log.take().unwrap().close().await;
        self.log = Some(Log::open(self.config.clone()).unwrap());
    }
}

conformance::suite!(make);
