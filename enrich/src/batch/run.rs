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
    adapters::remote,
    enrichments::live::Live,
    lookup::{self, Answer, Answered},
    output::{Lookup, Outcome, Output, Tally},
    pool::Pool,
    process::process_and_count,
    settings::Settings,
    shard::held::Place,
    wanted::run::Wanted,
};

/// Who is asked beside registries.
#[derive(Clone)]
pub(crate) struct Clients {
    /// Adapters behind HTTP.
    pub(crate) remote: Arc<remote::client::Client>,
    /// Services of enrichments.
    pub(crate) services: Arc<lookup::client::Client>,
}

/// What all batches share.
pub(crate) struct Engine {
    /// With the enrichments that ran last.
    settings: Mutex<Arc<Settings>>,
    live: Arc<Live>,
    wanted: Arc<Wanted>,
    clients: Clients,
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
        clients: Clients,
        threads: usize,
    ) -> std::io::Result<Self> {
        let pool = Pool::new(threads, generator)?;
        let settings = Mutex::new(settings.into());
        Ok(Self { settings, live, wanted: wanted.into(), clients, pool, threads })
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
    /// What adapters behind HTTP and services have answered.
    answers: Arc<Answered>,
    /// What they have not answered yet.
    sent: Vec<Sent>,
}

/// Something that an adapter behind HTTP or a service was asked.
#[derive(Debug)]
struct Sent {
    lookup: Lookup,
    since: Instant,
    reply: JoinHandle<Reply>,
}

/// What came back.
#[derive(Debug)]
enum Reply {
    Remote(Result<String, String>),
    Service(Answer),
}

/// So long a batch waits for an answer; then the record that needs it is set aside.
const GRACE: Duration = Duration::from_secs(1);

impl Clients {
    async fn ask(&self, lookup: &Lookup) -> Reply {
        match lookup {
            Lookup::Remote(call) => Reply::Remote(self.remote.call(call).await),
            Lookup::Service(question) => Reply::Service(self.services.ask(question).await),
            Lookup::Schema(_) => Reply::Remote(Err("bug: registries are asked for schemas".to_owned())),
        }
    }
}

impl Open {
    fn new(index: usize, record: Delivered) -> Self {
        Self { index, record, needs: Vec::new(), answers: Arc::default(), sent: Vec::new() }
    }

    /// Notes what is missing, and has what is new of it sent. Whether something was sent before and is not answered.
    fn miss(&mut self, lookups: Vec<Lookup>, clients: &Clients) -> bool {
        self.needs.clear();
        let is_late = !self.sent.is_empty();
        for lookup in lookups {
            match lookup {
                Lookup::Schema(key) => self.needs.push(key),
                lookup if self.sent.iter().any(|sent| sent.lookup == lookup) => {}
                lookup => {
                    let (clients, own) = (clients.clone(), lookup.clone());
                    let reply = tokio::spawn(async move { clients.ask(&own).await });
                    self.sent.push(Sent { lookup, since: Instant::now(), reply });
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
                timeout_at(sent.since + GRACE, &mut sent.reply).await.ok()
            } else {
                Some((&mut sent.reply).await)
            };
            let Some(reply) = answer else {
                left.push(sent);
                continue;
            };
            let answers = Arc::make_mut(&mut self.answers);
            match (sent.lookup, reply) {
                (Lookup::Remote(call), Ok(Reply::Remote(answer))) => {
                    answers.remote.insert(call, answer);
                }
                (Lookup::Remote(call), Err(bug)) => {
                    answers.remote.insert(call, Err(bug.to_string()));
                }
                (Lookup::Service(question), Ok(Reply::Service(answer))) => {
                    answers.services.insert(question.key(), answer);
                }
                (Lookup::Service(question), Err(bug)) => {
                    answers.services.insert(question.key(), Err(bug.to_string().into()));
                }
                // Nobody replies to another question than he was asked.
                (Lookup::Remote(_) | Lookup::Service(_) | Lookup::Schema(_), _) => {}
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
                    let is_late = open.miss(lookups, &engine.clients) && is_allowed;
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
