//! The embedded log: streams as files, for a pipeline without a broker.
//!
//! ```text
//! <folder>/lock                                                 one writer; holds its process id
//! <folder>/<stream>/<shard>/<first sequence number>.seg         segments: a header and frames
//! <checkpoints>/<stream>/<consumer>/<shard>                     progress of a consumer
//! ```
//!
//! Formats, byte by byte: [`frame`], segments in `segment.rs`, checkpoints in `checkpoint.rs`. A shard is `shardId-000000000000`
//! and so on, sequence numbers begin at 1 and have no gaps.
//!
//! # What holds
//!
//! * [`Producer::append`] returns after `fdatasync`. Appends that arrive together share a frame, a write and a sync; one that
//!   is alone is written at once, others wait at most [`LogConfig::group_window`] for company.
//! * The records of a batch that go to one shard are one frame: after a crash all are there or none
//!   ([`Route::Shard`](crate::producer::Route::Shard): up to [`frame::MAX_BODY_BYTES`], and
//!   [`TooLarge`](crate::producer::AppendError::TooLarge) above; a batch by key above 4 MiB is written in several).
//! * An append that is refused with `Full` or `TooLarge` leaves nothing behind. After `Interrupted` the batch, or a part of
//!   it, may turn up; it is never acknowledged later.
//! * A torn frame at the end is cut when the log is opened. Damage with whole frames behind it is refused, naming file and
//!   offset: by [`Log::open`] in the last segment of a shard, by consumers in the others.
//! * After a failed sync the segment is given up at its last durable frame and another one is begun.
//! * Consumers see what is durable, in order, from their checkpoint on. They hold no lock and are woken by the writer.
//!   A `Bytes` they get is a slice of what was read at once (256 KiB or one frame): who keeps a record for long copies it.
//! * Segments go by age and size, oldest first, whole, and not before every registered consumer has acknowledged them.
//!   Registered is who has left a checkpoint or was opened since the log was; [`Log::forget`] ends it.
//!   When the size limit is reached and a consumer is behind, producers get `Full`, unless the stream was told to
//!   [drop](WhenFull::Drop). A full disk, or the limit of the log as a whole, also takes what all consumers (at least one)
//!   have acknowledged, before it refuses.
//! * Everything goes on by itself once there is room again: the same handles, no restart.
//! * A stream that refused is asked every second whether it would take the same again, so that its
//!   [health](Producer::health) is true even when nobody appends any more.
//! * Other processes read the folder with [`Reader`]; the writer does not notice.

pub mod frame;
mod herald;

mod checkpoint;
mod config;
mod consumer;
mod disk;
mod facts;
mod inspect;
mod lock;
mod observer;
mod opening;
mod producer;
mod queue;
mod reading;
mod registry;
mod retention;
mod segment;
mod shard;
mod stream;
mod tap;
mod ticket;
mod writer;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

pub use self::{
    config::{LogConfig, StreamConfig, WhenFull},
    facts::{ConsumerFacts, ShardFacts, StreamFacts},
    inspect::{Finding, check},
    observer::{Done, Observer},
    segment::Damage,
    tap::Reader,
};
use self::{
    herald::Herald,
    lock::{Lock, LockError},
    queue::Queue,
    registry::Registry,
    retention::Retention,
    stream::Stream,
    writer::Writer,
};
use crate::{
    consumer::{Consumer, Start},
    producer::Producer,
    record::ShardId,
};

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or this one, has it open.
    #[error("{folder} is in use{}", pid.map(|pid| format!(" by process {pid}")).unwrap_or_default(), folder = folder.display())]
    Held {
        /// The folder.
        folder: PathBuf,
        /// Who has it, where that is known.
        pid: Option<u32>,
    },
    /// What is stored is damaged, with records behind the damage.
    #[error("stream `{stream}` is damaged: {damage}")]
    Corrupt {
        /// Name of the stream.
        stream: String,
        /// Where and what.
        damage: Damage,
    },
    /// A file or folder cannot be made, read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The configuration asks for something impossible.
    #[error("{what}")]
    Config {
        /// What it is.
        what: String,
    },
}

/// An open log: the only writer of its folder. Dropping it writes what was handed over and stops.
pub struct Log {
    streams: Vec<Arc<Stream>>,
    queue: Arc<Queue>,
    config: LogConfig,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Opens the log, making what is missing, and starts its writer.
    pub fn open(mut config: LogConfig) -> Result<Self, OpenError> {
        if let Some(what) = config.fault() {
            return Err(OpenError::Config { what });
        }
        config.group_window = config.group_window.min(std::time::Duration::from_millis(2));
        config.group_bytes = config.group_bytes.clamp(1, frame::MAX_BODY_BYTES);
        make_folder(&config.folder)?;
        let lock = Lock::take(&config.folder).map_err(|error| match error {
            LockError::Held(pid) => OpenError::Held { folder: config.folder.clone(), pid },
            LockError::Io(source) => OpenError::Io { path: config.folder.join("lock"), source },
        })?;
        let mut streams = Vec::with_capacity(config.streams.len());
        for index in 0..config.streams.len() {
            streams.push(Arc::new(open_stream(&config, index)?));
        }
        let queue = Arc::new(Queue::new(streams.len(), config.group_window, config.group_bytes));
        let writer = start_writer(&config, &streams, &queue, lock)?;
        Ok(Self { streams, queue, config, writer: Mutex::new(Some(writer)) })
    }

    /// A producer of a stream; many callers share it.
    ///
    /// # Panics
    /// If the configuration has no such stream.
    pub fn producer(&self, stream: &str) -> Arc<dyn Producer> {
        Arc::new(producer::LogProducer {
            stream: self.stream(stream),
            queue: self.queue.clone(),
            max_record_bytes: self.config.max_record_bytes,
        })
    }

    /// The consumer of this name, which goes on after its checkpoint, or else where `start` says. One that was opened
    /// before under the same name loses its shards. A damaged or impossible checkpoint is told by the first `next`.
    ///
    /// # Panics
    /// If the configuration has no such stream.
    pub fn consumer(&self, stream: &str, name: &str, start: Start) -> Box<dyn Consumer> {
        let stream = self.stream(stream);
        Box::new(consumer::LogConsumer::open(stream, self.config.disk.clone(), name, start))
    }

    /// Forgets a consumer and its checkpoints: it holds no records back any more. False if it was not registered.
    ///
    /// # Panics
    /// If the configuration has no such stream.
    pub fn forget(&self, stream: &str, consumer: &str) -> io::Result<bool> {
        let stream = self.stream(stream);
        let known = stream.registry().remove(consumer);
        if known {
            stream.changed();
            match fs::remove_dir_all(stream.checkpoints.join(consumer)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(known)
    }

    /// Removes now what has become too old; the writer does so by itself every ten seconds.
    pub async fn trim(&self) {
        if let Some(ticket) = self.queue.submit_chore() {
            ticket.wait().await;
        }
    }

    /// All streams at this moment.
    pub fn facts(&self) -> Vec<StreamFacts> {
        self.streams.iter().map(|stream| facts::of(stream)).collect()
    }

    /// Names of a stream's shards.
    ///
    /// # Panics
    /// If the configuration has no such stream.
    pub fn shards(&self, stream: &str) -> Vec<ShardId> {
        self.stream(stream).shards.iter().map(|shard| shard.id.clone()).collect()
    }

    /// Takes no more appends, writes what was handed over, stops the writer and releases the folder. Consumers get the
    /// rest and then `Closed`.
    pub async fn close(&self) {
        self.queue.close();
        if let Some(writer) = self.take_writer() {
            let stopped = tokio::task::spawn_blocking(move || writer.join()).await;
            if !matches!(stopped, Ok(Ok(()))) {
                tracing::error!("the writer of the log has panicked");
            }
        }
    }

    fn stream(&self, name: &str) -> Arc<Stream> {
        let found = self.streams.iter().find(|stream| stream.config.name == name);
        found.unwrap_or_else(|| panic!("the log was opened without a stream `{name}`")).clone()
    }

    fn take_writer(&self) -> Option<JoinHandle<()>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(Err(_)) = self.take_writer().map(JoinHandle::join) {
            tracing::error!("the writer of the log has panicked");
        }
    }
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    fs::create_dir_all(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

fn open_stream(config: &LogConfig, index: usize) -> Result<Stream, OpenError> {
    let stream = config.streams[index].clone();
    let (folder, checkpoints) = (config.folder.join(&stream.name), config.checkpoints.join(&stream.name));
    make_folder(&folder)?;
    make_folder(&checkpoints)?;
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { path, source }
    };
    for parent in [&config.folder, &config.checkpoints] {
        config.disk.sync_folder(parent).map_err(io(parent))?;
    }
    let count = opening::existing_shards(&folder).map_err(io(&folder))?.max(stream.shards);
    let ids: Vec<ShardId> = (0..count).map(ShardId::numbered).collect();
    let mut shards = Vec::with_capacity(ids.len());
    for id in &ids {
        let shard = opening::open(id.clone(), &folder.join(id.as_str()), &config.disk);
        shards.push(shard.map_err(|damage| match damage {
            Damage::Io { path, source } => OpenError::Io { path, source },
            damage => OpenError::Corrupt { stream: stream.name.clone(), damage },
        })?);
    }
    let registry = Registry::load(&checkpoints, &ids).map_err(io(&checkpoints))?;
    Ok(Stream::new(stream, index, shards, checkpoints, registry))
}

fn start_writer(
    config: &LogConfig,
    streams: &[Arc<Stream>],
    queue: &Arc<Queue>,
    lock: Lock,
) -> Result<JoinHandle<()>, OpenError> {
    /// Ids of segments found on opening count from 0 in every shard.
    const FIRST_ID: u64 = 1 << 32;
    let shards: usize = streams.iter().map(|stream| stream.shards.len()).sum();
    let share = |limit: Option<u64>, shards: usize| limit.map_or(u64::MAX, |limit| limit / 8 / shards as u64);
    // The newest segments cannot be removed: they must not fill the limit.
    let segment_bytes = |stream: &Arc<Stream>| {
        let own = share(stream.config.retention_bytes, stream.shards.len());
        config.segment_bytes.min(own).min(share(config.max_bytes, shards)).max(4096)
    };
    let retention =
        Retention { streams: streams.to_vec(), disk: config.disk.clone(), max_bytes: config.max_bytes };
    let writer = Writer {
        queue: queue.clone(),
        herald: Herald::start(),
        retention,
        disk: config.disk.clone(),
        clock: config.clock.clone(),
        observer: config.observer.clone(),
        open: streams.iter().map(|stream| stream.shards.iter().map(|_| None).collect()).collect(),
        refused: vec![None; streams.len()],
        segment_bytes: streams.iter().map(segment_bytes).collect(),
        next_id: FIRST_ID,
    };
    let run = move || {
        let _until_everything_is_written = lock;
        writer.run();
    };
    let started = thread::Builder::new().name("log-writer".into()).spawn(run);
    started.map_err(|source| OpenError::Io { path: config.folder.clone(), source })
}

#[cfg(test)]
pub(crate) mod tests;
