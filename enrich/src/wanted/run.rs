//! Asks registries for the schemas that batches want, until each is decided: one task for each, however many wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use event::schema_key::SchemaKey;
use iglu::client::Client;
use service::{clock, health::Fact, metric, retry::Backoff};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout_at},
};

use super::{Undecided, unanswered};

/// A batch waits so long for a schema that nobody wanted before; then the records that need it are set aside.
const GRACE: Duration = Duration::from_secs(1);

/// Schemas asked for at the same time.
const AT_ONCE: usize = 64;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(20));

/// What is being asked for.
pub(crate) struct Wanted {
    client: Arc<Client>,
    permits: Semaphore,
    tasks: Mutex<HashMap<SchemaKey, Task>>,
    undecided: Mutex<Undecided>,
    fact: Fact,
}

/// The task that asks for a schema. It drops its sender at the end.
struct Task {
    since: Instant,
    alive: watch::Sender<()>,
}

/// One who waits for a schema.
pub(crate) struct Waiter {
    since: Instant,
    alive: watch::Receiver<()>,
}

impl Wanted {
    pub(crate) fn new(client: Arc<Client>, fact: Fact) -> Self {
        fact.well();
        let permits = Semaphore::new(AT_ONCE);
        Self { client, permits, tasks: Mutex::default(), undecided: Mutex::default(), fact }
    }

    /// The client, for what it knows.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Has a schema asked for. The registries are asked as long as somebody waits.
    pub(crate) fn want(self: &Arc<Self>, key: &SchemaKey) -> Waiter {
        let mut tasks = self.tasks();
        if let Some(task) = tasks.get(key) {
            return Waiter { since: task.since, alive: task.alive.subscribe() };
        }
        let (sender, alive) = watch::channel(());
        let since = Instant::now();
        tasks.insert(key.clone(), Task { since, alive: sender.clone() });
        drop(tasks);
        tokio::spawn(Arc::clone(self).ask(key.clone(), sender));
        Waiter { since, alive }
    }

    async fn ask(self: Arc<Self>, key: SchemaKey, alive: watch::Sender<()>) {
        let mut last = None;
        for attempt in 0.. {
            let failure = match self.permits.acquire().await {
                Ok(_permit) => self.client.attempt(&key, last.as_ref()).await,
                Err(_) => return,
            };
            let Some(failure) = failure else { break };
            if let Some((registry, why)) = failure.undecided() {
                let what = unanswered(registry, why);
                let mut undecided = self.undecided();
                if undecided.failed(&key, &what, clock::now()) {
                    tracing::warn!(schema = %key, what, "what needs the schema waits for it");
                }
                self.state(&undecided);
            }
            tokio::select! {
                () = sleep(BACKOFF.delay(attempt, clock::jitter())) => {}
                () = alive.closed() => {}
            }
            if self.is_forsaken(&key, &alive) {
                return;
            }
            last = Some(failure);
        }
        self.tasks().remove(&key);
        self.over(&key);
    }

    /// Whether nobody waits any more; then the next who comes starts anew.
    fn is_forsaken(&self, key: &SchemaKey, alive: &watch::Sender<()>) -> bool {
        let mut tasks = self.tasks();
        let is_forsaken = alive.receiver_count() == 0;
        if is_forsaken {
            tasks.remove(key);
            self.over(key);
        }
        is_forsaken
    }

    fn over(&self, key: &SchemaKey) {
        let mut undecided = self.undecided();
        if undecided.over(key) {
            tracing::info!(schema = %key, "no longer waited for");
            self.state(&undecided);
        }
    }

    fn state(&self, undecided: &Undecided) {
        metric::ENRICH_UNDECIDED_SCHEMAS.set(undecided.len() as f64, &[]);
        match undecided.summary() {
            Some(summary) => self.fact.trouble(summary),
            None => self.fact.well(),
        }
    }

    fn tasks(&self) -> MutexGuard<'_, HashMap<SchemaKey, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn undecided(&self) -> MutexGuard<'_, Undecided> {
        self.undecided.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Waits until the schema is decided, with `in_grace` only while it is wanted since a moment. Whether it is decided.
    pub(crate) async fn decided(mut self, in_grace: bool) -> bool {
        // The task sends nothing: the only change is its end.
        let end = self.alive.changed();
        if in_grace {
            return timeout_at(self.since + GRACE, end).await.is_ok();
        }
        let _ = end.await;
        true
    }
}
