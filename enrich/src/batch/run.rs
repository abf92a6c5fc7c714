//! Has a batch enriched by the pool, asking for the schemas that it needs.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use event::schema_key::SchemaKey;
use jiff::Timestamp;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use service::clock;
use stream::{consumer::Delivered, record::Position};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{Enriched, Given};
use crate::{
    adapters::remote::{self, Answers, Call},
    enrichments::live::Live,
    output::{Lookup, Outcome, Output, Tally},
    pool::Pool,
    process::process_and_count,
    settings::Settings,
    shard::held::Place,
    wanted::run::Wanted,
};

/// What all batches share.
pub(crate) struct Engine {
    /// With the enrichments that ran last.
    settings: Mutex<Arc<Settings>>,
    live: Arc<Live>,
    wanted: Arc<Wanted>,
    remote: Arc<remote::client::Client>,
    pool: Pool<StdRng>,
    threads: usize,
}

/// Records in one job at least: handing over costs as much as enriching a few.
const JOB: usize = 16;

impl Engine {
    /// With the enrichments that are `live` in the place of those of the settings.
    pub(crate) fn new(
        settings: Settings,
        live: Arc<Live>,
        wanted: Wanted,
        remote: remote::client::Client,
        threads: usize,
    ) -> std::io::Result<Self> {
        let pool = Pool::new(threads, generator)?;
        let settings = Mutex::new(settings.into());
        Ok(Self { settings, live, wanted: wanted.into(), remote: remote.into(), pool, threads })
    }

    /// The settings with the enrichments that run now.
    fn settings(&self) -> Arc<Settings> {
        let enrichments = self.live.now();
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&settings.enrichments, &enrichments) {
            *settings = Arc::new(Settings { enrichments, ..Settings::clone(&settings) });
        }
        Arc::clone(&settings)
    }
}

/// A generator of ids for one thread, seeded by the system.
fn generator() -> StdRng {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(clock::random_id().as_bytes());
    seed[16..].copy_from_slice(clock::random_id().as_bytes());
    StdRng::from_seed(seed)
}

/// Enriches the records of a batch (there is at least one). Those whose schemas or answers stay unknown are set aside.
pub(crate) async fn enrich(engine: Arc<Engine>, records: Vec<Delivered>) -> Option<Enriched> {
    let last = records.last()?.position;
    let arrival = records.iter().map(|record| record.arrival).min()?;
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
    let size = (records.len(), records.iter().map(|record| record.record.size()).sum());
    let begun = clock::now();
    let open = records.into_iter().enumerate().map(|(index, record)| Open::new(index, record)).collect();
    let Worked { done, aside } = work(&engine, open, true).await;
    let mut waiting = Vec::new();
    let mut alone = Vec::new();
    let mut together: HashMap<Vec<SchemaKey>, Vec<Open>> = HashMap::new();
    for open in aside {
        let before = open.index.checked_sub(1).map(|before| positions[before]);
        waiting.push((open.record.position, Place { before, arrival: open.record.arrival }));
        if open.sent.is_empty() {
            together.entry(open.needs.clone()).or_default().push(open);
        } else {
            alone.push(vec![open]);
        }
    }
    let groups = together.into_values().chain(alone).collect();
    let outputs = given(done, &positions);
    Some(Enriched { last, arrival, begun, size, outputs, waiting, groups })
}

/// Enriches records that were set aside, as soon as their schemas and answers are known.
pub(crate) async fn settle(engine: Arc<Engine>, mut records: Vec<Open>) -> Given {
    let positions: Vec<_> = records.iter().map(|open| open.record.position).collect();
    for (index, open) in records.iter_mut().enumerate() {
        open.index = index;
    }
    let Worked { done, .. } = work(&engine, records, false).await;
    given(done, &positions)
}

/// In the order of the records.
fn given(mut done: Vec<Finished>, positions: &[Position]) -> Given {
    done.sort_unstable_by_key(|finished| finished.index);
    let mut given = Given::default();
    for Finished { index, outputs, tally } in done {
        given.outputs.push((positions[index], outputs));
        given.tally.add(tally);
    }
    given
}

/// A record under work.
#[derive(Debug)]
pub(crate) struct Open {
    /// Its place in the batch.
    index: usize,
    record: Delivered,
    /// The schemas that were missing the last time.
    needs: Vec<SchemaKey>,
    /// What adapters behind HTTP have answered.
    answers: Arc<Answers>,
    /// What they have not answered yet.
    sent: Vec<Sent>,
}

/// A call to an adapter behind HTTP.
#[derive(Debug)]
struct Sent {
    call: Call,
    since: Instant,
    answer: JoinHandle<Result<String, String>>,
}

/// So long a batch waits for an answer; then the record that needs it is set aside.
const GRACE: Duration = Duration::from_secs(1);

impl Open {
    fn new(index: usize, record: Delivered) -> Self {
        Self { index, record, needs: Vec::new(), answers: Arc::default(), sent: Vec::new() }
    }

    /// Notes what is missing, and has what is new of it sent. Whether something was sent before and is not answered.
    fn miss(&mut self, lookups: Vec<Lookup>, remote: &Arc<remote::client::Client>) -> bool {
        self.needs.clear();
        let is_late = !self.sent.is_empty();
        for lookup in lookups {
            match lookup {
                Lookup::Schema(key) => self.needs.push(key),
                Lookup::Remote(call) if self.sent.iter().any(|sent| sent.call == call) => {}
                Lookup::Remote(call) => {
                    let (remote, own) = (Arc::clone(remote), call.clone());
                    let answer = tokio::spawn(async move { remote.call(&own).await });
                    self.sent.push(Sent { call, since: Instant::now(), answer });
                }
            }
        }
        is_late
    }

    /// Waits for the answers, with `in_grace` only while they are wanted since a moment.
    async fn hear(&mut self, in_grace: bool) {
        let mut left = Vec::new();
        for mut sent in std::mem::take(&mut self.sent) {
            let answer = if in_grace {
                timeout_at(sent.since + GRACE, &mut sent.answer).await.ok()
            } else {
                Some((&mut sent.answer).await)
            };
            match answer {
                Some(answer) => {
                    let answer = answer.unwrap_or_else(|bug| Err(bug.to_string()));
                    Arc::make_mut(&mut self.answers).insert(sent.call, answer);
                }
                None => left.push(sent),
            }
        }
        self.sent = left;
    }
}

/// A record that is done.
struct Finished {
    /// Its place in the batch.
    index: usize,
    outputs: Vec<Output>,
    tally: Tally,
}

/// Records after work.
#[derive(Default)]
struct Worked {
    done: Vec<Finished>,
    aside: Vec<Open>,
}

/// Processes records and asks for the schemas and answers they need until all is done or, where that `is_allowed`, set aside.
async fn work(engine: &Arc<Engine>, mut left: Vec<Open>, is_allowed: bool) -> Worked {
    let mut worked = Worked::default();
    let mut late = HashSet::new();
    while !left.is_empty() {
        let now = clock::now();
        let outcomes = pass(engine, &left, now).await;
        let mut again = Vec::new();
        for (mut open, outcome) in left.into_iter().zip(outcomes) {
            match outcome {
                Some((Outcome::Done(outputs), tally)) => {
                    worked.done.push(Finished { index: open.index, outputs, tally });
                }
                Some((Outcome::Need(lookups), _)) => {
                    let is_late = open.miss(lookups, &engine.remote) && is_allowed;
                    // What was late is not waited for twice, but by now an old version may serve while it is refreshed.
                    let is_late = is_late || open.needs.iter().any(|key| late.contains(key));
                    if is_late { &mut worked.aside } else { &mut again }.push(open);
                }
                // The thread is gone: only a panic outside the guard does that.
                None => again.push(open),
            }
        }
        late.extend(wait(&engine.wanted, &again, is_allowed).await);
        for open in &mut again {
            open.hear(is_allowed).await;
        }
        left = again;
    }
    worked
}

/// Waits for the schemas that records need, all at the same time. Those that are not decided in time: only with
/// `in_grace` there can be any.
async fn wait(wanted: &Arc<Wanted>, records: &[Open], in_grace: bool) -> Vec<SchemaKey> {
    let keys: HashSet<&SchemaKey> = records.iter().flat_map(|open| &open.needs).collect();
    let waiters: Vec<_> = keys.into_iter().map(|key| (key, wanted.want(key))).collect();
    let mut late = Vec::new();
    for (key, waiter) in waiters {
        if !waiter.decided(in_grace).await {
            late.push(key.clone());
        }
    }
    late
}

/// One go at each record, by all threads.
async fn pass(engine: &Arc<Engine>, records: &[Open], now: Timestamp) -> Vec<Option<(Outcome, Tally)>> {
    let settings = engine.settings();
    let size = records.len().div_ceil(engine.threads).max(JOB);
    let mut answers = Vec::new();
    for part in records.chunks(size) {
        let (answer, answered) = oneshot::channel();
        let data: Vec<_> =
            part.iter().map(|open| (open.record.record.data.clone(), Arc::clone(&open.answers))).collect();
        let (settings, schemas) = (Arc::clone(&settings), Arc::clone(engine.wanted.client().cache()));
        engine.pool.submit(move |random: &mut StdRng| {
            let mut ids = || next_id(random);
            let outcomes: Vec<_> = data
                .iter()
                .map(|(record, answers)| {
                    process_and_count(record, &schemas, answers, &settings, now, &mut ids)
                })
                .collect();
            // Nobody waits any more when the shard was lost.
            let _ = answer.send(outcomes);
        });
        answers.push((part.len(), answered));
    }
    let mut outcomes = Vec::with_capacity(records.len());
    for (len, answered) in answers {
        match answered.await {
            Ok(part) => outcomes.extend(part.into_iter().map(Some)),
            Err(_) => outcomes.extend(std::iter::repeat_with(|| None).take(len)),
        }
    }
    outcomes
}

fn next_id(random: &mut StdRng) -> Uuid {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
