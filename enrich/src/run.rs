//! The enricher as a part of a process: reads raw batches until drain, then finishes what it has.

use std::{collections::HashMap, sync::Arc};

use iglu::client::Client;
use service::context::Context;
use stream::{
    consumer::{ConsumeError, Consumer, Delivered, Event},
    producer::{AppendError, Producer},
    record::ShardId,
};
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinSet},
};

use crate::{
    batch::run::{Engine, generator},
    config::EnrichConfig,
    fact::ShardFacts,
    pool::Pool,
    shard::run::{Shard, Shared},
    wanted::run::Wanted,
};

/// Where outputs go. For exactly-once delivery each stream has the shards of the raw stream.
#[derive(Clone)]
pub struct Outputs {
    /// Enriched events.
    pub good: Arc<dyn Producer>,
    /// Bad rows.
    pub bad: Arc<dyn Producer>,
    /// Failed events, where they are wanted.
    pub failed: Option<Arc<dyn Producer>>,
}

/// Why the enricher ended other than by drain.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The raw stream cannot be read, or progress not saved.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// An output stream is gone.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The process was asked to end while a stream refused; nothing is lost, it will be read again.
    #[error("{shard}: the last batch was not written: {why}")]
    Unwritten {
        /// The raw shard.
        shard: ShardId,
        /// What the stream said.
        why: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(#[source] std::io::Error),
    /// An invariant does not hold.
    #[error("bug: {0}")]
    Bug(&'static str),
}

/// Batches of one shard that wait to be enriched.
const WAITING: usize = 2;

/// Room for partition key and attributes in a record.
const RECORD_OVERHEAD: usize = 256 * 4 + 16;

/// Enriches what `source` delivers into `outputs` until drain is requested; then finishes what it has and saves it.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: EnrichConfig,
    mut source: Box<dyn Consumer>,
    outputs: Outputs,
    iglu: Arc<Client>,
    context: Context,
) -> Result<(), RunError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = config.threads(cores);
    let mut settings = config.settings(outputs.failed.is_some());
    for producer in [Some(&outputs.good), Some(&outputs.bad), outputs.failed.as_ref()].into_iter().flatten() {
        let room = producer.max_record_bytes().saturating_sub(RECORD_OVERHEAD);
        settings.max_record_size = settings.max_record_size.min(room);
    }
    let pool = Pool::new(threads, generator).map_err(RunError::Threads)?;
    let wanted = Arc::new(Wanted::new(iglu, context.health.fact("enrich.schemas")));
    let engine = Arc::new(Engine { settings: Arc::new(settings), wanted, pool, threads });
    let shared = Arc::new(Shared {
        engine,
        outputs,
        checkpointer: source.checkpointer(),
        facts: ShardFacts::new(context.health.fact("enrich")),
        drain: context.drain.clone(),
    });
    let mut shards = Shards { shared, inboxes: HashMap::new(), tasks: JoinSet::new() };
    let ended = shards.feed(source.as_mut(), &context).await;
    // What a shard has in hand it still writes.
    shards.inboxes.clear();
    let finished = shards.finish().await;
    ended.and(finished)
}

/// The shards that are ours.
struct Shards {
    shared: Arc<Shared>,
    inboxes: HashMap<ShardId, (mpsc::Sender<Vec<Delivered>>, AbortHandle)>,
    tasks: JoinSet<Result<(), RunError>>,
}

impl Shards {
    /// Hands events to shards until drain.
    async fn feed(&mut self, source: &mut dyn Consumer, context: &Context) -> Result<(), RunError> {
        loop {
            let event = tokio::select! {
                biased;
                () = context.drain.requested() => return Ok(()),
                Some(ended) = self.tasks.join_next() => {
                    outcome(ended)?;
                    continue;
                }
                event = source.next() => event?,
            };
            match event {
                Event::Assigned { shard, checkpoint } => {
                    self.drop_shard(&shard);
                    let (inbox, batches) = mpsc::channel(WAITING);
                    let work = Shard::new(Arc::clone(&self.shared), shard.clone(), checkpoint).run(batches);
                    let handle = self.tasks.spawn(work);
                    self.inboxes.insert(shard, (inbox, handle));
                }
                Event::Records(batch) => {
                    let Some((inbox, _)) = self.inboxes.get(&batch.shard) else { continue };
                    tokio::select! {
                        biased;
                        // A batch that nobody has begun is read again after the restart.
                        () = context.drain.requested() => return Ok(()),
                        // A shard that ended says why in its result.
                        _ = inbox.send(batch.records) => {}
                    }
                }
                // Closing its inbox lets the shard finish and save.
                Event::Ended { shard } => drop(self.inboxes.remove(&shard)),
                Event::Lost { shard } => self.drop_shard(&shard),
            }
        }
    }

    /// Forgets a shard without finishing it.
    fn drop_shard(&mut self, shard: &ShardId) {
        if let Some((_, task)) = self.inboxes.remove(shard) {
            task.abort();
            self.shared.facts.gone(shard);
        }
    }

    async fn finish(&mut self) -> Result<(), RunError> {
        let mut first = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            first = first.and(outcome(ended));
        }
        first
    }
}

fn outcome(ended: Result<Result<(), RunError>, tokio::task::JoinError>) -> Result<(), RunError> {
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.is_cancelled() => Ok(()),
        Err(_) => Err(RunError::Bug("a shard's task panicked")),
    }
}
