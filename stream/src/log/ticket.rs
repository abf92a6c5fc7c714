//! How the callers of one group learn what became of it: one shared outcome, no channel a record.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Why a frame is not durable; cheap to give to every caller of its group.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// No room, in words.
    Full(Arc<str>),
    /// Writing failed.
    Io(Option<i32>, io::ErrorKind, Arc<str>),
}

impl Failure {
    pub(super) fn io(error: &io::Error) -> Self {
        Self::Io(error.raw_os_error(), error.kind(), error.to_string().into())
    }

    /// The error again, as close to the first one as can be.
    pub(super) fn to_io(&self) -> io::Error {
        match self {
            Self::Full(why) => io::Error::new(io::ErrorKind::StorageFull, &**why),
            Self::Io(Some(code), _, _) => io::Error::from_raw_os_error(*code),
            Self::Io(None, kind, text) => io::Error::new(*kind, &**text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Full(why) | Self::Io(_, _, why)) = self;
        f.write_str(why)
    }
}

/// Per shard that took part: its index, and the first sequence number of the frame or why there is none.
pub(super) type Outcome = Vec<(u32, Result<u64, Failure>)>;

/// The outcome of a group, once there is one.
#[derive(Debug)]
pub(super) struct Ticket {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Vec<Waker>),
    Done(Arc<Outcome>),
}

impl Default for Ticket {
    fn default() -> Self {
        Self { state: Mutex::new(State::Waiting(Vec::new())) }
    }
}

impl Ticket {
    /// From now on there is an outcome. Whoever waits for it has still to be woken.
    #[must_use = "they wait until they are woken"]
    pub(super) fn complete(&self, outcome: Outcome) -> Vec<Waker> {
        match std::mem::replace(&mut *self.state(), State::Done(Arc::new(outcome))) {
            State::Waiting(wakers) => wakers,
            State::Done(_) => Vec::new(),
        }
    }

    /// Tells everybody who still waits that there will be no outcome.
    pub(super) fn abandon(&self) {
        let waiting = matches!(*self.state(), State::Waiting(_));
        if waiting {
            self.complete(Outcome::new()).into_iter().for_each(Waker::wake);
        }
    }

    pub(super) fn wait(self: Arc<Self>) -> Wait {
        Wait { ticket: self, slot: None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the outcome. Dropping it gives up waiting, not writing.
pub(super) struct Wait {
    ticket: Arc<Ticket>,
    /// Where our waker is.
    slot: Option<usize>,
}

impl Future for Wait {
    type Output = Arc<Outcome>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match &mut *this.ticket.state() {
            State::Done(outcome) => return Poll::Ready(outcome.clone()),
            State::Waiting(wakers) => match this.slot {
                Some(slot) => wakers[slot].clone_from(context.waker()),
                None => {
                    this.slot = Some(wakers.len());
                    wakers.push(context.waker().clone());
                }
            },
        }
        Poll::Pending
    }
}
