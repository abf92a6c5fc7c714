//! Records as lines on standard output, standard error (of Base64, `spec/collector.md` 7.4) or in a file (as they are).
//!
//! All producers of an output share one thread that writes: lines never mix, and appends that come while it writes share
//! the next write. An append returns when the system has taken its lines: they survive the process if whoever reads them
//! does. After an output refused in the middle of a line, the rest of that line is what is written next.

mod file;

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    os::fd::AsFd,
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD, STANDARD_NO_PAD},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    consumer::Delivered,
    health::{Health, HealthState, HealthWatch},
    producer::{AppendError, Appended, BoxFuture, Producer, Route},
    record::{Position, Record, ShardId},
};

/// Largest record, as the original's default of `maxBytes`.
pub const MAX_RECORD_BYTES: usize = 1_000_000_000;
/// Appends that wait for the thread, at most; further ones wait for room.
const WAITING: usize = 1024;
/// Bytes that are gathered for one write, unless a single append has more.
const GATHERED_BYTES: usize = 1 << 20;
/// Pause before writing again where the other side of a pipe that does not block has not read.
const PAUSE: Duration = Duration::from_millis(1);

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Without `=`, as the current line of the original writes.
    #[default]
    Without,
    /// With `=`, as the Apache line writes (`golden/collector`).
    With,
}

/// Where lines are written. Clones are the same output.
#[derive(Clone, Debug)]
pub struct Output {
    appends: mpsc::Sender<Waiting>,
    health: Arc<HealthState>,
}

/// Lines that wait to be written, and who waits for them.
struct Waiting {
    lines: Vec<u8>,
    done: oneshot::Sender<Result<(), Arc<io::Error>>>,
}

impl Output {
    /// Standard output.
    ///
    /// # Errors
    /// If the process has none, or no thread can be started.
    pub fn stdout() -> io::Result<Self> {
        // Past the buffer of the standard library: how much was written is known exactly.
        Self::new("stdout", File::from(io::stdout().as_fd().try_clone_to_owned()?))
    }

    /// Standard error. Log lines go there too, whole lines between whole lines.
    ///
    /// # Errors
    /// As [`Self::stdout`].
    pub fn stderr() -> io::Result<Self> {
        // Under the lock of the standard library, and it has no buffer.
        Self::new("stderr", io::stderr())
    }

    /// Anything that can be written, called `name` in messages.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(name: &str, to: impl Write + Send + 'static) -> io::Result<Self> {
        let (appends, waiting) = mpsc::channel(WAITING);
        let health = Arc::new(HealthState::new(Health::Well));
        let writer = Writer { name: name.to_owned(), to, torn: Vec::new(), health: health.clone() };
        thread::Builder::new().name(format!("lines-{name}")).spawn(move || writer.run(waiting))?;
        Ok(Self { appends, health })
    }

    /// A file, to which lines are added. They are synced before an append returns.
    ///
    /// # Errors
    /// If it cannot be written, or no thread be started.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::new(&path.display().to_string(), file::Synced::open(path)?)
    }

    /// A stream of this output whose records are texts: they are written as they are.
    pub fn texts(&self, stream: &str) -> Arc<dyn Producer> {
        Arc::new(Lines { output: self.clone(), stream: stream.to_owned(), alphabet: None })
    }

    /// A stream of this output.
    pub fn producer(&self, stream: &str, padding: Padding) -> Arc<dyn Producer> {
        let alphabet = match padding {
            Padding::Without => STANDARD_NO_PAD,
            Padding::With => STANDARD,
        };
        Arc::new(Lines { output: self.clone(), stream: stream.to_owned(), alphabet: Some(alphabet) })
    }
}

/// One stream of an output.
struct Lines {
    output: Output,
    stream: String,
    /// Of Base64; `None`: records are written as they are.
    alphabet: Option<GeneralPurpose>,
}

impl Lines {
    async fn append(&self, batch: Vec<Record>, route: Route) -> Result<Appended, AppendError> {
        if let Some((index, record)) =
            batch.iter().enumerate().find(|(_, record)| record.size() > MAX_RECORD_BYTES)
        {
            return Err(AppendError::TooLarge { index, size: record.size(), max: MAX_RECORD_BYTES });
        }
        if let Route::Shard(shard) = &route {
            return Err(AppendError::unknown_shard(&self.stream, shard));
        }
        let bytes: usize = batch.iter().map(|record| record.data.len().div_ceil(3) * 4 + 1).sum();
        let mut lines = Vec::with_capacity(bytes);
        for record in &batch {
            match &self.alphabet {
                Some(alphabet) => lines.extend_from_slice(alphabet.encode(&record.data).as_bytes()),
                None => lines.extend_from_slice(&record.data),
            }
            lines.push(b'\n');
        }
        let (done, outcome) = oneshot::channel();
        let closed = || AppendError::Closed { stream: self.stream.clone() };
        self.output.appends.send(Waiting { lines, done }).await.map_err(|_| closed())?;
        match outcome.await.map_err(|_| closed())? {
            Ok(()) => Ok(Appended { last: Vec::new() }),
            Err(error) => Err(AppendError::Interrupted {
                stream: self.stream.clone(),
                source: io::Error::new(error.kind(), error),
            }),
        }
    }
}

impl Producer for Lines {
    fn stream(&self) -> &str {
        &self.stream
    }

    /// There is no place to be told: `Appended` is empty. Keys and attributes are not written.
    fn append(&self, batch: Vec<Record>, route: Route) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(self.append(batch, route))
    }

    fn max_record_bytes(&self) -> usize {
        MAX_RECORD_BYTES
    }

    fn health(&self) -> HealthWatch {
        self.output.health.watch()
    }

    fn read_after(
        &self,
        shard: &ShardId,
        _: Option<Position>,
    ) -> BoxFuture<'_, Result<Option<Vec<Delivered>>, AppendError>> {
        let unknown = AppendError::unknown_shard(&self.stream, shard);
        Box::pin(async { Err(unknown) })
    }
}

struct Writer<W> {
    name: String,
    to: W,
    /// What is missing of a line that was begun.
    torn: Vec<u8>,
    health: Arc<HealthState>,
}

impl<W: Write> Writer<W> {
    /// Writes until nobody can append any more.
    fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let (mut lines, mut callers) = (Vec::new(), Vec::new());
        while let Some(first) = waiting.blocking_recv() {
            let mut next = Some(first);
            while let Some(Waiting { lines: more, done }) = next {
                if lines.is_empty() {
                    lines = more;
                } else {
                    lines.extend_from_slice(&more);
                }
                callers.push(done);
                next = if lines.len() < GATHERED_BYTES { waiting.try_recv().ok() } else { None };
            }
            let outcome = self.write(&lines).map_err(Arc::new);
            for caller in callers.drain(..) {
                // One that has gone needs no answer.
                let _ = caller.send(outcome.clone());
            }
            lines.clear();
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let torn = std::mem::take(&mut self.torn);
        let mut outcome = self.put(&torn);
        if let Err((written, _)) = outcome {
            self.torn = torn[written..].to_vec();
        } else {
            outcome = self.put(lines);
            if let Err((written, _)) = outcome
                && written > 0
                && lines[written - 1] != b'\n'
            {
                let end = memchr::memchr(b'\n', &lines[written..]).map_or(lines.len(), |at| written + at + 1);
                self.torn = lines[written..end].to_vec();
            }
        }
        match outcome {
            Ok(()) => {
                self.health.state(Health::Well);
                Ok(())
            }
            Err((_, error)) => {
                let what = match error.kind() {
                    ErrorKind::BrokenPipe => format!("nobody reads {} any more", self.name),
                    _ => format!("{} does not take lines: {error}", self.name),
                };
                self.health.state(Health::refusing(&*what));
                Err(io::Error::new(error.kind(), what))
            }
        }
    }

    /// Writes all, or says how much was written and why not more.
    fn put(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let mut written = 0;
        while written < bytes.len() {
            match self.to.write(&bytes[written..]) {
                Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(error) => return Err((written, error)),
            }
        }
        self.to.flush().map_err(|error| (written, error))
    }
}

#[cfg(test)]
mod tests;
