//! Reads, enriches on many threads, writes in order.

use std::{
    collections::HashMap,
    io::{self, BufRead, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use event::schema_key::SchemaKey;
use iglu::client::Client;
use jiff::Timestamp;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use serde_json::Value;
use service::{clock, retry::Backoff};
use tokio::{runtime::Handle, time::Instant};

use super::{Line, write_error, write_outcomes};
use crate::{
    adapters::remote,
    enrichments::{Enrichments, client::Loader, configuration::Configuration},
    lookup::{self, Answered},
    output::{Kind, Lookup, Outcome, Output},
    process::process_with,
    settings::Settings,
    wanted::unanswered,
};

/// What all lines share.
pub struct Offline {
    /// With the enrichments of lines that name none.
    pub settings: Settings,
    /// Knows the schemas.
    pub iglu: Arc<Client>,
    /// Builds the enrichments that lines name.
    pub loader: Loader,
    /// The clock; `None`: the real one.
    pub now: Option<Timestamp>,
    /// What random ids are made from, together with the number of the line; `None`: the system's randomness.
    pub seed: Option<u64>,
    /// How long registries that do not answer are asked again.
    pub patience: Duration,
    /// Threads that enrich.
    pub jobs: usize,
    /// Asks adapters behind HTTP.
    pub remote: remote::client::Client,
    /// Asks services of enrichments.
    pub services: lookup::client::Client,
    /// For what threads must wait for: schemas, assets and answers.
    pub runtime: Handle,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines read.
    pub lines: u64,
    /// Lines that hold no payload; each has an `error` in the output.
    pub unreadable: u64,
    /// Enriched events.
    pub good: u64,
    /// Failed events.
    pub failed: u64,
    /// Bad rows.
    pub bad: u64,
}

/// Why a run ended before its time. What was written until then is whole lines.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A schema that a line needs is not to be had, and nobody says that there is none.
    #[error("line {line}: {schema} is needed: {what}")]
    Unanswered {
        /// Number of the line.
        line: u64,
        /// The schema.
        schema: SchemaKey,
        /// The registry, and what it did instead of answering.
        what: String,
    },
}

/// Lines and bytes of one batch, at most.
const BATCH_LINES: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
/// Batches that wait for a thread, and that wait to be written, for each thread.
const WAITING: usize = 2;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));
/// Longest line in bytes.
const MAX_LINE: usize = 64 << 20;
/// Configurations of lines that are kept built.
const REMEMBERED: usize = 1_000;

/// Lines in a row, the first of which has this number.
struct Batch {
    first: u64,
    lines: Vec<Result<Vec<u8>, &'static str>>,
}

/// What a batch gave.
#[derive(Default)]
struct Done {
    text: Vec<u8>,
    summary: Summary,
    /// Why it ends before its last line.
    unanswered: Option<OfflineError>,
}

/// Why a line gives no outputs.
enum Fault {
    /// It holds no payload.
    Unreadable(String),
    /// A schema that it needs is not to be had.
    Unanswered(SchemaKey, String),
}

impl Offline {
    /// Enriches all lines of `input`. `progress` is told the number of lines done.
    ///
    /// # Errors
    /// [`OfflineError`]. What was written until then is whole lines, and right.
    pub fn run(
        &self,
        input: impl Read,
        mut output: impl Write + Send,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Summary, OfflineError> {
        let jobs = self.jobs.max(1);
        let remembered = Mutex::new(HashMap::new());
        thread::scope(|scope| {
            let (mut inboxes, mut outboxes) = (Vec::new(), Vec::new());
            for number in 0..jobs {
                let (inbox, batches) = sync_channel(WAITING);
                let (done, outbox) = sync_channel(WAITING);
                let worker = Worker { shared: self, remembered: &remembered };
                thread::Builder::new()
                    .name(format!("enrich-{number}"))
                    .spawn_scoped(scope, move || worker.run(&batches, &done))?;
                inboxes.push(inbox);
                outboxes.push(outbox);
            }
            let (output, progress) = (&mut output, &progress);
            let writer = scope.spawn(move || write_in_turn(&outboxes, output, progress));
            let read = read_batches(input, &inboxes);
            drop(inboxes);
            let written = writer.join().map_err(|_| io::Error::other("the writing thread panicked"))?;
            // A reader that could not hand on lines stopped because of the writer.
            let summary = written?;
            read.map(|()| summary).map_err(OfflineError::Io)
        })
    }
}

/// Deals batches out in turn.
fn read_batches(input: impl Read, inboxes: &[SyncSender<Batch>]) -> io::Result<()> {
    let mut input = io::BufReader::with_capacity(1 << 18, input);
    let mut first = 1;
    for inbox in inboxes.iter().cycle() {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < BATCH_LINES && bytes < BATCH_BYTES {
            let Some(line) = read_line(&mut input)? else { break };
            bytes += line.as_ref().map_or(0, Vec::len);
            lines.push(line);
        }
        let count = lines.len() as u64;
        // The other end is gone when writing failed.
        if lines.is_empty() || inbox.send(Batch { first, lines }).is_err() {
            break;
        }
        first += count;
    }
    Ok(())
}

/// The next line without its end; `None`: there is none.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, &'static str>>> {
    let mut line = Vec::new();
    let read = input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() > MAX_LINE {
        input.skip_until(b'\n')?;
        return Ok(Some(Err("longer than 64 MiB")));
    }
    Ok(Some(Ok(line)))
}

/// Writes what the threads have done, each in its turn, until one has no more.
fn write_in_turn(
    outboxes: &[Receiver<Done>],
    output: &mut impl Write,
    progress: &impl Fn(u64),
) -> Result<Summary, OfflineError> {
    let mut total = Summary::default();
    for outbox in outboxes.iter().cycle() {
        let Ok(Done { text, summary, unanswered }) = outbox.recv() else { break };
        output.write_all(&text)?;
        total.add(summary);
        progress(total.lines);
        if let Some(error) = unanswered {
            output.flush()?;
            return Err(error);
        }
    }
    output.flush()?;
    Ok(total)
}

impl Summary {
    /// Takes another run's numbers in.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.unreadable += other.unreadable;
        self.good += other.good;
        self.failed += other.failed;
        self.bad += other.bad;
    }

    fn count(&mut self, outputs: &[Output]) {
        for output in outputs {
            match output.kind {
                Kind::Good => self.good += 1,
                Kind::Failed => self.failed += 1,
                Kind::Bad(_) => self.bad += 1,
            }
        }
    }
}

/// One thread's view.
struct Worker<'s> {
    shared: &'s Offline,
    /// Settings by the configurations that lines name.
    remembered: &'s Mutex<HashMap<String, Arc<Settings>>>,
}

impl Worker<'_> {
    fn run(&self, batches: &Receiver<Batch>, outbox: &SyncSender<Done>) {
        while let Ok(batch) = batches.recv() {
            let done = self.batch(&batch);
            let is_last = done.unanswered.is_some();
            if outbox.send(done).is_err() || is_last {
                return;
            }
        }
    }

    fn batch(&self, batch: &Batch) -> Done {
        let mut done = Done { text: Vec::with_capacity(BATCH_BYTES), ..Done::default() };
        let now = self.shared.now.unwrap_or_else(clock::now);
        for (number, line) in (batch.first..).zip(&batch.lines) {
            match self.line(number, line, now) {
                Ok(outputs) => {
                    done.summary.count(&outputs);
                    write_outcomes(&outputs, &mut done.text);
                }
                Err(Fault::Unreadable(what)) => {
                    done.summary.unreadable += 1;
                    write_error(number, &what, &mut done.text);
                }
                Err(Fault::Unanswered(schema, what)) => {
                    done.unanswered = Some(OfflineError::Unanswered { line: number, schema, what });
                    break;
                }
            }
            done.summary.lines += 1;
        }
        done
    }

    fn line(
        &self,
        number: u64,
        line: &Result<Vec<u8>, &'static str>,
        now: Timestamp,
    ) -> Result<Vec<Output>, Fault> {
        let line = line.as_ref().map_err(|what| Fault::Unreadable((*what).to_owned()))?;
        let line = std::str::from_utf8(line).map_err(|e| Fault::Unreadable(format!("not UTF-8: {e}")))?;
        let Line { record, enrichments } = Line::read(line).map_err(Fault::Unreadable)?;
        let record = Bytes::from(record);
        let own = enrichments.map(|list| self.settings_with(list)).transpose().map_err(Fault::Unreadable)?;
        let settings = own.as_deref().unwrap_or(&self.shared.settings);
        let mut answers = Answered::default();
        loop {
            // Most events bring their ids with them.
            let mut random = None;
            let mut ids = || {
                let Some(seed) = self.shared.seed else { return clock::random_id() };
                let from = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mut bytes = [0; 16];
                random.get_or_insert_with(|| StdRng::seed_from_u64(from)).fill_bytes(&mut bytes);
                uuid::Builder::from_random_bytes(bytes).into_uuid()
            };
            match process_with(&record, self.shared.iglu.cache(), &answers, settings, now, &mut ids) {
                Outcome::Done(outputs) => return Ok(outputs),
                Outcome::Need(lookups) => self.fetch(lookups, &mut answers)?,
            }
        }
    }

    fn fetch(&self, lookups: Vec<Lookup>, answers: &mut Answered) -> Result<(), Fault> {
        for lookup in lookups {
            match lookup {
                Lookup::Schema(key) => {
                    let decided = self.shared.runtime.block_on(self.decide(&key));
                    decided.map_err(|what| Fault::Unanswered(key, what))?;
                }
                Lookup::Remote(call) => {
                    let answer = self.shared.runtime.block_on(self.shared.remote.call(&call));
                    answers.remote.insert(call, answer);
                }
                Lookup::Service(question) => {
                    let answer = self.shared.runtime.block_on(self.shared.services.ask(&question));
                    answers.services.insert(question.key(), answer);
                }
            }
        }
        Ok(())
    }

    /// Asks for a schema until it is decided or patience ends.
    async fn decide(&self, key: &SchemaKey) -> Result<(), String> {
        let end = Instant::now() + self.shared.patience;
        let mut last = None;
        for attempt in 0.. {
            let Some(failure) = self.shared.iglu.attempt(key, last.as_ref()).await else { break };
            let Some((registry, why)) = failure.undecided() else { break };
            let next = Instant::now() + BACKOFF.delay(attempt, clock::jitter());
            if next > end {
                return Err(unanswered(registry, why));
            }
            tokio::time::sleep_until(next).await;
            last = Some(failure);
        }
        Ok(())
    }

    /// Settings with the enrichments of a list. Lines of a file mostly have the same.
    fn settings_with(&self, list: &str) -> Result<Arc<Settings>, String> {
        if let Some(known) = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(list) {
            return Ok(Arc::clone(known));
        }
        let items: Vec<Value> =
            serde_json::from_str(list).map_err(|e| format!("enrichments: no list of configurations: {e}"))?;
        let configurations = items
            .into_iter()
            .enumerate()
            .map(|(n, item)| Configuration::from_json(format!("enrichments[{n}]"), item))
            .collect::<Result<Vec<_>, _>>()?;
        let enrichments: Enrichments = self
            .shared
            .runtime
            .block_on(self.shared.loader.load(&configurations))
            .map_err(|e| e.to_string())?;
        let settings =
            Arc::new(Settings { enrichments: Arc::new(enrichments), ..self.shared.settings.clone() });
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() < REMEMBERED {
            remembered.insert(list.to_owned(), Arc::clone(&settings));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length() {
        let mut input =
            io::Cursor::new([b"a\n\nb".to_vec(), vec![b'x'; MAX_LINE + 5], b"\nc\n".to_vec()].concat());
        let mut next = || read_line(&mut input).unwrap();
        assert_eq!(next(), Some(Ok(b"a".to_vec())));
        assert_eq!(next(), Some(Ok(Vec::new())));
        assert_eq!(next(), Some(Err("longer than 64 MiB")));
        assert_eq!(next(), Some(Ok(b"c".to_vec())));
        assert_eq!(next(), None);
    }
}
