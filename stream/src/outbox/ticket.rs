//! What a caller of `append` waits for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit},
    time::Instant,
};

use crate::{
    producer::{AppendError, Appended, Rejected},
    record::{Position, ShardId},
};

/// One append: resolved when each of its records has been taken or given up; once nobody waits any more, when none of them is
/// under way.
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
    /// Records of calls that wait for their answer.
    under_way: usize,
    last: Vec<(ShardId, Position)>,
    rejected: Vec<Rejected>,
    why: Option<String>,
    given_up: bool,
}

impl Ticket {
    pub(super) fn new(records: usize, deadline: Instant, room: OwnedSemaphorePermit) -> Self {
        let state = State {
            taken: vec![false; records],
            left: records,
            under_way: 0,
            last: Vec::new(),
            rejected: Vec::new(),
            why: None,
            given_up: false,
        };
        Self { deadline, state: Mutex::new(state), resolved: Notify::new(), _room: room }
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.deadline || self.state().given_up
    }

    /// One record is part of a call from now on.
    pub(super) fn sent(&self) {
        self.state().under_way += 1;
    }

    /// The record at `index` was sent and is durable.
    pub(super) fn taken(&self, index: usize, place: Option<(ShardId, Position)>) {
        let mut state = self.state();
        state.under_way -= 1;
        state.left -= 1;
        state.taken[index] = true;
        if let Some((shard, position)) = place {
            match state.last.iter_mut().find(|(known, _)| *known == shard) {
                Some((_, last)) => *last = position.max(*last),
                None => state.last.push((shard, position)),
            }
        }
        self.changed(state);
    }

    /// One record will not be sent again.
    pub(super) fn dropped(&self) {
        let mut state = self.state();
        state.left -= 1;
        self.changed(state);
    }

    /// One record was sent and is not known to be taken; it may be tried again.
    pub(super) fn failed(&self, why: &str) {
        self.returned(self.state(), why);
    }

    /// The record at `index` was sent and can never be taken.
    pub(super) fn rejected(&self, index: usize, why: &str) {
        let mut state = self.state();
        state.rejected.push(Rejected { index, why: why.to_owned() });
        self.returned(state, why);
    }

    /// No record of it is sent any more. Returns how many were still to be settled.
    pub(super) fn give_up(&self) -> usize {
        let mut state = self.state();
        state.given_up = true;
        state.left
    }

    /// Waits until it is resolved. For one waiter.
    pub(super) async fn resolved(&self) {
        while !self.state().is_resolved() {
            self.resolved.notified().await;
        }
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
        let mut rejected = std::mem::take(&mut state.rejected);
        rejected.sort_unstable_by_key(|rejected| rejected.index);
        Err(AppendError::Unavailable { stream: stream.to_owned(), missing, rejected, why })
    }

    fn returned(&self, mut state: MutexGuard<'_, State>, why: &str) {
        state.under_way -= 1;
        if state.why.as_deref() != Some(why) {
            state.why = Some(why.to_owned());
        }
        self.changed(state);
    }

    fn changed(&self, state: MutexGuard<'_, State>) {
        if state.is_resolved() {
            drop(state);
            self.resolved.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_resolved(&self) -> bool {
        self.left == 0 || self.given_up && self.under_way == 0
    }
}
