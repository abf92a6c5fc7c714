//! Has a batch enriched by the pool, fetching the schemas that it needs.

use std::sync::Arc;

use event::schema_key::SchemaKey;
use iglu::client::Client;
use jiff::Timestamp;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use service::clock;
use stream::consumer::Delivered;
use tokio::{sync::oneshot, task::JoinSet};
use uuid::Uuid;

use super::Enriched;
use crate::{
    output::{Lookup, Outcome, Output},
    pool::Pool,
    process::process,
    settings::Settings,
};

/// What all batches share.
pub(crate) struct Engine {
    pub(crate) settings: Arc<Settings>,
    pub(crate) schemas: Arc<Client>,
    pub(crate) pool: Pool<StdRng>,
    pub(crate) threads: usize,
}

/// Records in one job at least: handing over costs as much as enriching a few.
const JOB: usize = 16;

/// A generator of ids for one thread, seeded by the system.
pub(crate) fn generator() -> StdRng {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(clock::random_id().as_bytes());
    seed[16..].copy_from_slice(clock::random_id().as_bytes());
    StdRng::from_seed(seed)
}

/// Enriches the records of a batch (there is at least one), in order.
pub(crate) async fn enrich(engine: Arc<Engine>, records: Vec<Delivered>) -> Option<Enriched> {
    let now = clock::now();
    let last = records.last()?.position;
    let arrival = records.iter().map(|record| record.arrival).min()?;
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
    let mut done: Vec<Option<Vec<Output>>> = vec![None; records.len()];
    let mut open: Vec<(usize, Delivered)> = records.into_iter().enumerate().collect();
    while !open.is_empty() {
        let outcomes = pass(&engine, &open, now).await;
        let mut needs = Vec::new();
        let mut again = Vec::new();
        for ((index, record), outcome) in open.into_iter().zip(outcomes) {
            match outcome {
                Some(Outcome::Done(outputs)) => done[index] = Some(outputs),
                Some(Outcome::Need(lookups)) => {
                    needs.extend(lookups);
                    again.push((index, record));
                }
                // The thread is gone: only a panic outside the guard does that.
                None => again.push((index, record)),
            }
        }
        fetch(&engine.schemas, needs).await;
        open = again;
    }
    let outputs = positions.into_iter().zip(done.into_iter().map(Option::unwrap_or_default)).collect();
    Some(Enriched { last, arrival, outputs })
}

/// One go at each record, by all threads.
async fn pass(engine: &Arc<Engine>, records: &[(usize, Delivered)], now: Timestamp) -> Vec<Option<Outcome>> {
    let size = records.len().div_ceil(engine.threads).max(JOB);
    let mut answers = Vec::new();
    for part in records.chunks(size) {
        let (answer, answered) = oneshot::channel();
        let data: Vec<_> = part.iter().map(|(_, record)| record.record.data.clone()).collect();
        let (settings, schemas) = (Arc::clone(&engine.settings), Arc::clone(engine.schemas.cache()));
        engine.pool.submit(move |random: &mut StdRng| {
            let mut ids = || next_id(random);
            let outcomes: Vec<_> =
                data.iter().map(|record| process(record, &schemas, &settings, now, &mut ids)).collect();
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

/// Asks for every schema once, all at the same time.
async fn fetch(schemas: &Arc<Client>, needs: Vec<Lookup>) {
    let mut keys: Vec<SchemaKey> = Vec::new();
    for Lookup::Schema(key) in needs {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let mut fetches = JoinSet::new();
    for key in keys {
        let schemas = Arc::clone(schemas);
        fetches.spawn(async move { schemas.fetch(&key).await });
    }
    while fetches.join_next().await.is_some() {}
}

fn next_id(random: &mut StdRng) -> Uuid {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
