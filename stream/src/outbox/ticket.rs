//! What a caller of `append` waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit},
    time::Instant,
};

use crate::{
    producer::{AppendError, Appended},
    record::{Position, ShardId},
};

/// One append: resolved when each of its records has been taken or given up.
#[derive(Debug)]
pub(super) struct Ticket {
    /// From here on no record of it is sent any more.
    pub deadline: Instant,
    state: Mutex<State>,
    resolved: Notify,
    /// The room its records take up. Free when the last of them is gone.
    _room: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    taken: Vec<bool>,
    left: usize,
    last: Vec<(ShardId, Position)>,
    why: Option<String>,
    given_up: bool,
}

impl Ticket {
    pub(super) fn new(records: usize, deadline: Instant, room: OwnedSemaphorePermit) -> Self {
        let state = State {
            taken: vec![false; records],
            left: records,
            last: Vec::new(),
            why: None,
            given_up: false,
        };
        Self { deadline, state: Mutex::new(state), resolved: Notify::new(), _room: room }
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.deadline || self.state().given_up
    }

    /// The record at `index` is durable.
    pub(super) fn taken(&self, index: usize, place: Option<(ShardId, Position)>) {
        let mut state = self.state();
        state.taken[index] = true;
        if let Some((shard, position)) = place {
            match state.last.iter_mut().find(|(known, _)| *known == shard) {
                Some((_, last)) => *last = position.max(*last),
                None => state.last.push((shard, position)),
            }
        }
        self.settled(state);
    }

    /// One record will not be sent again.
    pub(super) fn dropped(&self) {
        self.settled(self.state());
    }

    /// A try failed; it may be tried again.
    pub(super) fn failed(&self, why: &str) {
        let mut state = self.state();
        if state.why.as_deref() != Some(why) {
            state.why = Some(why.to_owned());
        }
    }

    /// Nobody waits any more. Returns how many of its records were still on their way.
    pub(super) fn give_up(&self) -> usize {
        let mut state = self.state();
        state.given_up = true;
        state.left
    }

    /// Waits until nothing of it is on its way. For one waiter.
    pub(super) async fn resolved(&self) {
        self.resolved.notified().await;
    }

    /// What has become of it.
    pub(super) fn outcome(&self, stream: &str) -> Result<Appended, AppendError> {
        let mut state = self.state();
        let missing: Vec<_> =
            state.taken.iter().enumerate().filter_map(|(index, taken)| (!taken).then_some(index)).collect();
        if missing.is_empty() {
            return Ok(Appended { last: std::mem::take(&mut state.last) });
        }
        let why = state.why.clone().unwrap_or_else(|| "no answer came in time".to_owned());
        Err(AppendError::Unavailable { stream: stream.to_owned(), missing, why })
    }

    fn settled(&self, mut state: MutexGuard<'_, State>) {
        state.left -= 1;
        if state.left == 0 {
            drop(state);
            self.resolved.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
