//! Has a batch enriched by the pool, asking for the schemas that it needs.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use event::schema_key::SchemaKey;
use jiff::Timestamp;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use service::clock;
use stream::{consumer::Delivered, record::Position};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Enriched, Given};
use crate::{
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
        threads: usize,
    ) -> std::io::Result<Self> {
        let pool = Pool::new(threads, generator)?;
        Ok(Self { settings: Mutex::new(settings.into()), live, wanted: wanted.into(), pool, threads })
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

/// Enriches the records of a batch (there is at least one). Those whose schemas stay unknown are set aside.
pub(crate) async fn enrich(engine: Arc<Engine>, records: Vec<Delivered>) -> Option<Enriched> {
    let last = records.last()?.position;
    let arrival = records.iter().map(|record| record.arrival).min()?;
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
    let size = (records.len(), records.iter().map(|record| record.record.size()).sum());
    let begun = clock::now();
    let Worked { done, aside } = work(&engine, records, true).await;
    let mut waiting = Vec::new();
    let mut groups: HashMap<Vec<SchemaKey>, Vec<Delivered>> = HashMap::new();
    for Open { index, record, needs } in aside {
        let before = index.checked_sub(1).map(|before| positions[before]);
        waiting.push((record.position, Place { before, arrival: record.arrival }));
        groups.entry(needs).or_default().push(record);
    }
    let outputs = given(done, &positions);
    Some(Enriched { last, arrival, begun, size, outputs, waiting, groups: groups.into_values().collect() })
}

/// Enriches records that were set aside, as soon as their schemas are known.
pub(crate) async fn settle(engine: Arc<Engine>, records: Vec<Delivered>) -> Given {
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
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
struct Open {
    /// Its place in the batch.
    index: usize,
    record: Delivered,
    /// The schemas that were missing the last time.
    needs: Vec<SchemaKey>,
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

/// Processes records and asks for the schemas they need until all is done or, where that `is_allowed`, set aside.
async fn work(engine: &Arc<Engine>, records: Vec<Delivered>, is_allowed: bool) -> Worked {
    let mut worked = Worked::default();
    let open = |(index, record)| Open { index, record, needs: Vec::new() };
    let mut left: Vec<Open> = records.into_iter().enumerate().map(open).collect();
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
                    open.needs = lookups.into_iter().map(|Lookup::Schema(key)| key).collect();
                    // What was late is not waited for twice, but by now an old version may serve while it is refreshed.
                    let is_late = open.needs.iter().any(|key| late.contains(key));
                    if is_late { &mut worked.aside } else { &mut again }.push(open);
                }
                // The thread is gone: only a panic outside the guard does that.
                None => again.push(open),
            }
        }
        late.extend(wait(&engine.wanted, &again, is_allowed).await);
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
        let data: Vec<_> = part.iter().map(|open| open.record.record.data.clone()).collect();
        let (settings, schemas) = (Arc::clone(&settings), Arc::clone(engine.wanted.client().cache()));
        engine.pool.submit(move |random: &mut StdRng| {
            let mut ids = || next_id(random);
            let outcomes: Vec<_> = data
                .iter()
                .map(|record| process_and_count(record, &schemas, &settings, now, &mut ids))
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
