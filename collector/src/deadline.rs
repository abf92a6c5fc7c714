//! When a client has been waited for too long (`spec/collector.md` 2.8).

use std::time::{Duration, Instant};

use crate::config::Networking;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The first byte of a request.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
}

/// The end of the waiting. Heads and bodies must come whole within their time: single bytes now and then do not extend it.
#[derive(Clone, Debug)]
pub struct Deadline {
    limits: [Duration; 3],
    waiting: Waiting,
    heads: u64,
    since: Instant,
}

impl Deadline {
    /// For a connection that has just been opened.
    pub fn new(config: &Networking, now: Instant) -> Self {
        let limits = [config.idle_timeout, config.header_read_timeout, config.body_read_timeout];
        Self { limits, waiting: Waiting::Request, heads: 0, since: now }
    }

    /// When the current waiting ends. `heads` counts the requests so far, `came` says that bytes came since the last turn.
    pub fn turn(&mut self, waiting: Waiting, heads: u64, came: bool, now: Instant) -> Instant {
        if waiting != self.waiting || heads != self.heads || (came && waiting == Waiting::Request) {
            (self.waiting, self.heads, self.since) = (waiting, heads, now);
        }
        self.since + self.limits[waiting as usize]
    }

    /// The shortest of the limits.
    pub fn shortest(&self) -> Duration {
        self.limits.into_iter().min().unwrap_or_default()
    }
}
