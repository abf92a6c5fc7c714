//! One timer per connection for everything it may wait for.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Networking;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The first byte of a request.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

/// When the waiting ends.
///
/// The timer is not moved with every request: it is set to the shortest of the limits, and what it finds when it fires says
/// if a limit has passed or how long to sleep on.
pub(super) struct Deadline {
    limits: [Duration; 3],
    waiting: Waiting,
    heads: u64,
    since: Instant,
    timer: Pin<Box<Sleep>>,
    registered: bool,
}

/// How long a client that was answered before it had sent all may go on sending.
const LINGER: Duration = Duration::from_secs(2);

impl Deadline {
    pub(super) fn new(config: &Networking) -> Self {
        let limits = [config.idle_timeout.0, config.header_read_timeout.0, config.body_read_timeout.0];
        let now = Instant::now();
        let shortest = limits.iter().min().copied().unwrap_or_default();
        Self {
            limits,
            waiting: Waiting::Request,
            heads: 0,
            since: now,
            timer: Box::pin(sleep_until(now + shortest)),
            registered: false,
        }
    }

    /// Ready when a connection has waited too long. `heads` counts the requests so far, `came` says that bytes just came.
    pub(super) fn poll_passed(&mut self, cx: &mut Context<'_>, waiting: Waiting, heads: u64, came: bool) -> Poll<()> {
        if waiting != self.waiting || heads != self.heads || (came && waiting == Waiting::Request) {
            (self.waiting, self.heads, self.since) = (waiting, heads, Instant::now());
        }
        let deadline = self.since + self.limits[waiting as usize];
        if deadline < self.timer.deadline() {
            self.set(deadline);
        }
        while !self.registered || self.timer.is_elapsed() {
            if self.timer.as_mut().poll(cx).is_pending() {
                self.registered = true;
                break;
            }
            let now = Instant::now();
            if deadline <= now {
                // The next question is about something else, or about nothing any more.
                self.set(now + self.limits[waiting as usize]);
                return Poll::Ready(());
            }
            self.set(deadline.min(now + self.shortest()));
        }
        Poll::Pending
    }

    /// Begins the time that [`Self::poll_lingered`] waits for.
    pub(super) fn linger(&mut self) {
        self.set(Instant::now() + LINGER);
    }

    /// Ready when it has passed.
    pub(super) fn poll_lingered(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().poll(cx)
    }

    fn set(&mut self, at: Instant) {
        self.timer.as_mut().reset(at);
        self.registered = false;
    }

    fn shortest(&self) -> Duration {
        self.limits.iter().min().copied().unwrap_or_default()
    }
}
