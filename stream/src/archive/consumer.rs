//! Files one after the other, as a consumer of their own. It keeps no checkpoints: a destination that has the position itself
//! seeks.

use std::{
    collections::VecDeque,
    future::pending,
    io::{self, BufRead},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
};

use super::{
    file::{Identity, RowReader, identify, open},
    lines::{Line, Lines, MAX_LINE},
};
use crate::{
    clock,
    consumer::{Batch, Checkpoint, Checkpointer, ConsumeError, Consumer, Delivered, Event},
    producer::BoxFuture,
    record::{Position, Record, ShardId},
};

/// Name of the stream.
pub const STREAM: &str = "archive";
/// Lines and bytes of one event, at most (a longer line is one of its own).
const BATCH_LINES: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;
/// Events that are read ahead.
const AHEAD: usize = 4;

/// What is known of the files while they are read. Clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Bytes read of the files themselves, packed as they are.
    pub read: Arc<AtomicU64>,
    names: Arc<Mutex<Vec<(ShardId, PathBuf)>>>,
}

impl Progress {
    /// The file that a shard is.
    pub fn file(&self, shard: &ShardId) -> Option<PathBuf> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().find(|(known, _)| known == shard).map(|(_, file)| file.clone())
    }

    /// Notes the file; whether it is the first with this content.
    fn note(&self, shard: &ShardId, file: &Path) -> bool {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = names.iter().all(|(known, _)| known != shard);
        if is_new {
            names.push((shard.clone(), file.to_owned()));
        }
        is_new
    }
}

/// The lines of files, each file a shard. Blank lines are passed over.
pub struct Archive {
    files: VecDeque<PathBuf>,
    state: State,
    progress: Progress,
    rows: Option<RowReader>,
    /// Called once, when the last file has ended.
    at_end: Option<Box<dyn FnOnce() + Send + Sync>>,
}

enum State {
    /// The next file has to be looked for.
    Between,
    /// It is read for the first time, to know who it is.
    Looking(PathBuf, JoinHandle<io::Result<Identity>>),
    /// It is read.
    Reading(Reading),
}

struct Reading {
    file: PathBuf,
    identity: Identity,
    parts: mpsc::Receiver<io::Result<Vec<Delivered>>>,
}

impl Archive {
    /// Reads these files in this order; `at_end` is called when the last one has been told to have ended.
    pub fn new(
        files: impl IntoIterator<Item = PathBuf>,
        progress: Progress,
        at_end: impl FnOnce() + Send + Sync + 'static,
    ) -> Self {
        let files = files.into_iter().collect();
        Self { files, state: State::Between, progress, rows: None, at_end: Some(Box::new(at_end)) }
    }

    /// Files of rows too, read like this.
    #[must_use]
    pub fn with_rows(self, rows: Option<RowReader>) -> Self {
        Self { rows, ..self }
    }

    /// What can be told next. Whatever is awaited is kept in `state`, so that dropping the future loses nothing.
    async fn next_event(&mut self) -> Result<Event, ConsumeError> {
        loop {
            match &mut self.state {
                State::Between => match self.files.pop_front() {
                    Some(file) => {
                        let (path, rows) = (file.clone(), self.rows);
                        self.state = State::Looking(file, spawn_blocking(move || identify(&path, rows)));
                    }
                    None => {
                        if let Some(at_end) = self.at_end.take() {
                            at_end();
                        }
                        return pending().await;
                    }
                },
                State::Looking(file, looking) => {
                    let identified = looking.await.map_err(io::Error::other).and_then(|done| done);
                    let identity = identified.map_err(|error| failed(file, error))?;
                    let file = std::mem::take(file);
                    let shard = identity.shard.clone();
                    if !self.progress.note(&shard, &file) {
                        tracing::info!(file = %file.display(), "the same as an earlier file: passed over");
                        self.state = State::Between;
                        continue;
                    }
                    let parts = self.read(&file, &identity, 0);
                    self.state = State::Reading(Reading { file, identity, parts });
                    return Ok(Event::Assigned { shard, checkpoint: Checkpoint::default() });
                }
                State::Reading(reading) => match reading.parts.recv().await {
                    Some(Ok(records)) => {
                        let shard = reading.identity.shard.clone();
                        return Ok(Event::Records(Batch { shard, records }));
                    }
                    Some(Err(error)) => return Err(failed(&reading.file, error)),
                    None => {
                        let shard = reading.identity.shard.clone();
                        self.state = State::Between;
                        return Ok(Event::Ended { shard });
                    }
                },
            }
        }
    }

    /// Has a file read behind line number `after`.
    fn read(
        &self,
        file: &Path,
        identity: &Identity,
        after: u64,
    ) -> mpsc::Receiver<io::Result<Vec<Delivered>>> {
        let (parts, receiver) = mpsc::channel(AHEAD);
        let (file, read, rows) = (file.to_owned(), self.progress.read.clone(), self.rows);
        let expected = identity.bytes;
        spawn_blocking(move || {
            let outcome =
                open(&file, rows, read).and_then(|lines| read_parts(lines, expected, after, &parts));
            if let Err(error) = outcome {
                // Whoever has gone needs no error.
                let _ = parts.blocking_send(Err(error));
            }
        });
        receiver
    }
}

impl Consumer for Archive {
    fn stream(&self) -> &str {
        STREAM
    }

    fn next(&mut self) -> BoxFuture<'_, Result<Event, ConsumeError>> {
        Box::pin(self.next_event())
    }

    fn seek(&mut self, shard: &ShardId, after: Option<Position>) -> BoxFuture<'_, Result<(), ConsumeError>> {
        let sought = match &self.state {
            State::Reading(reading) if reading.identity.shard == *shard => {
                let after = after.and_then(|position| position.sequence.to_u64()).unwrap_or(0);
                let (file, identity) = (reading.file.clone(), reading.identity.clone());
                let parts = self.read(&file, &identity, after);
                self.state = State::Reading(Reading { file, identity, parts });
                Ok(())
            }
            _ => Err(ConsumeError::NotOwner { stream: STREAM.to_owned(), shard: shard.clone() }),
        };
        Box::pin(async move { sought })
    }

    fn checkpointer(&self) -> Box<dyn Checkpointer> {
        Box::new(Forgetful)
    }
}

/// The position is the destination's.
struct Forgetful;

impl Checkpointer for Forgetful {
    fn save(&self, _: &ShardId, _: Checkpoint) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(async { Ok(()) })
    }
}

fn failed(file: &Path, error: io::Error) -> ConsumeError {
    let source = io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    ConsumeError::Io { stream: STREAM.to_owned(), source }
}

/// Reads a file to its end, or until nobody wants more. `expected`: how many bytes its lines have, if that is known.
fn read_parts(
    lines: Box<dyn BufRead + Send>,
    expected: Option<u64>,
    after: u64,
    parts: &mpsc::Sender<io::Result<Vec<Delivered>>>,
) -> io::Result<()> {
    let mut lines = Lines::of(lines);
    let (mut records, mut bytes, now) = (Vec::new(), 0, clock::system());
    while let Some(Line { number, bytes: line }) = lines.next_line()? {
        if number <= after {
            continue;
        }
        let Some(line) = line else {
            let what = format!("line {number} has more than {MAX_LINE} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        };
        if line.iter().all(u8::is_ascii_whitespace) && !line.contains(&b'\t') {
            continue;
        }
        bytes += line.len();
        records.push(Delivered {
            position: Position::from(number),
            arrival: now(),
            record: Record::new("", line),
        });
        if records.len() >= BATCH_LINES || bytes >= BATCH_BYTES {
            bytes = 0;
            if parts.blocking_send(Ok(std::mem::take(&mut records))).is_err() {
                return Ok(());
            }
        }
    }
    if expected.is_some_and(|expected| lines.bytes() != expected) {
        let what = "the file has changed while it was read";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    if !records.is_empty() {
        let _ = parts.blocking_send(Ok(records));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tokio::sync::Notify;

    use super::*;

    fn texts(batch: &Batch) -> Vec<(u64, String)> {
        let text = |d: &Delivered| String::from_utf8(d.record.data.to_vec()).unwrap();
        batch.records.iter().map(|d| (d.position.sequence.to_u64().unwrap(), text(d))).collect()
    }

    #[tokio::test]
    async fn files_are_told_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let long: String = (1..=2500).map(|n| format!("line {n}\n")).collect();
        let files =
            [file("a", "one\n\ntwo\n \nthree"), file("copy", &long), file("long", &long), file("empty", "")];
        let progress = Progress::default();
        let ended = Arc::new(Notify::new());
        let told = ended.clone();
        let mut archive = Archive::new(files, progress.clone(), move || told.notify_one());
        let mut seen = Vec::new();
        let mut shards = Vec::new();
        loop {
            let event = tokio::select! {
                biased;
                event = archive.next() => event.unwrap(),
                () = ended.notified() => break,
            };
            match event {
                Event::Assigned { shard, .. } => {
                    seen.push(format!(
                        "file {}",
                        progress.file(&shard).unwrap().file_name().unwrap().display()
                    ));
                    if shards.len() == 1 {
                        archive.seek(&shard, Some(Position::from(2400))).await.unwrap();
                    }
                    shards.push(shard);
                }
                Event::Records(batch) => {
                    let texts = texts(&batch);
                    assert_eq!(Some(&batch.shard), shards.last());
                    if shards.len() == 1 {
                        assert_eq!(texts, [(1, "one".into()), (3, "two".into()), (5, "three".into())]);
                    }
                    seen.push(format!("{} to {}", texts[0].0, texts.last().unwrap().0));
                }
                Event::Ended { .. } => seen.push("end".to_owned()),
                Event::Lost { .. } => unreachable!("files are nobody else's"),
            }
        }
        let expect = ["file a", "1 to 5", "end", "file copy", "2401 to 2500", "end", "file empty", "end"];
        assert_eq!(seen, expect);
        assert!(archive.seek(&shards[0], None).await.is_err(), "it has ended");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let mut archive = Archive::new([PathBuf::from("nowhere/x.gz")], Progress::default(), || ());
        let error = archive.next().await.unwrap_err().to_string();
        assert!(error.contains("nowhere/x.gz"), "{error}");
    }
}
