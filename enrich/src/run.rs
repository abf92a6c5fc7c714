//! The enricher as a part of a process: reads raw batches until drain, then finishes what it has.

use std::sync::Arc;

use iglu::client::Client;
use service::context::Context;
use stream::{
    consumer::{ConsumeError, Consumer},
    producer::{AppendError, Producer},
    record::ShardId,
};

use crate::{
    batch::run::{Clients, Engine},
    config::EnrichConfig,
    enrichments::live::Live,
    fact::ShardFacts,
    observed::Observer,
    shard::run::Shared,
    shards::run::Shards,
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

/// Room for partition key and attributes in a record.
const RECORD_OVERHEAD: usize = 256 * 4 + 16;

/// Enriches what `source` delivers into `outputs`, with the enrichments that are `live` at the time, until drain is
/// requested; then finishes what it has and saves it.
///
/// # Errors
/// [`RunError`].
pub async fn run(
    config: EnrichConfig,
    mut source: Box<dyn Consumer>,
    outputs: Outputs,
    iglu: Arc<Client>,
    live: Arc<Live>,
    context: Context,
) -> Result<(), RunError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut settings = config.settings(outputs.failed.is_some());
    for producer in [Some(&outputs.good), Some(&outputs.bad), outputs.failed.as_ref()].into_iter().flatten() {
        let room = producer.max_record_bytes().saturating_sub(RECORD_OVERHEAD);
        settings.max_record_size = settings.max_record_size.min(room);
    }
    let wanted = Wanted::new(iglu, context.health.fact("enrich.schemas"));
    let clients = Clients {
        remote: Arc::new(config.remote_adapters.client()),
        services: Arc::new(config.lookups.client()),
    };
    let engine =
        Engine::new(settings, live, wanted, clients, config.threads(cores)).map_err(RunError::Threads)?;
    let observer = Arc::new(Observer::new(config.statsd(), config.compatibility));
    let reporter = observer.start();
    let mut shards = Shards::new(Shared {
        engine: Arc::new(engine),
        outputs,
        checkpointer: source.checkpointer(),
        facts: ShardFacts::new(context.health.fact("enrich")),
        observer,
        drain: context.drain,
    });
    let fed = shards.feed(source.as_mut()).await;
    let finished = shards.finish().await;
    if let Some(reporter) = reporter {
        reporter.finish().await;
    }
    fed.and(finished)
}
