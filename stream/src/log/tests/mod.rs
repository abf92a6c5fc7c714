//! The log as a whole.

mod checkpoints;
mod conformance;
mod crash;
mod faults;
pub(crate) mod faulty;
mod full;
mod observed;
mod opening;
mod random;
mod retention;
mod tap;
mod writing;

use std::{
    fs,
    ops::Range,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tempfile::TempDir;

use self::faulty::FaultyDisk;
use super::{Log, LogConfig, StreamConfig};
use crate::{
    conformance::{number, numbered_batch},
    consumer::{Checkpoint, Consumer, Start},
    producer::{AppendError, Appended, Route},
    record::ShardId,
};

/// A folder for a log with the stream `raw`, a disk that can fail and a clock that stands.
struct Place {
    _folder: TempDir,
    disk: FaultyDisk,
    seconds: Arc<AtomicI64>,
    config: LogConfig,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (disk, seconds) = (FaultyDisk::default(), Arc::new(AtomicI64::new(1_750_000_000)));
        let stream = StreamConfig { retention_age: None, retention_bytes: None, ..StreamConfig::new("raw") };
        let (log, checkpoints) = (folder.path().join("log"), folder.path().join("checkpoints"));
        let mut config = LogConfig::new(log, checkpoints, vec![stream]);
        let now = seconds.clone();
        config.clock = Arc::new(move || Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap());
        config.disk = Arc::new(disk.clone());
        Self { _folder: folder, disk, seconds, config }
    }

    fn with(mut self, change: impl FnOnce(&mut LogConfig)) -> Self {
        change(&mut self.config);
        self
    }

    fn open(&self) -> Log {
        Log::open(self.config.clone()).unwrap()
    }

    fn later(&self, by: Duration) {
        self.seconds.fetch_add(by.as_secs() as i64, Ordering::Relaxed);
    }

    /// The segment files, oldest first.
    fn segments(&self) -> Vec<PathBuf> {
        let folder = self.config.folder.join("raw").join(shard().as_str());
        let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.collect();
        files.sort();
        files
    }
}

fn shard() -> ShardId {
    ShardId::numbered(0)
}

/// Appends one record for each number, together.
async fn append(log: &Log, numbers: Range<usize>) -> Result<Appended, AppendError> {
    log.producer("raw").append(numbered_batch("k", numbers), Route::ByKey).await
}

/// Everything that a new reader finds.
async fn everything(log: &Log) -> Vec<usize> {
    log.producer("raw").read_after(&shard(), None).await.unwrap().unwrap().iter().map(number).collect()
}

/// Opens a consumer and acknowledges up to a sequence number.
async fn acknowledge(log: &Log, consumer: &str, sequence: u64) -> Box<dyn Consumer> {
    let consumer = log.consumer("raw", consumer, Start::Oldest);
    let checkpoint = Checkpoint { acknowledged: Some(sequence.into()), pending: None };
    consumer.checkpointer().save(&shard(), checkpoint).await.unwrap();
    consumer
}
