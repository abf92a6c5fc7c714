//! How records are sent, and what is known of it.

use std::time::Duration;

use super::entry::Counts;
use crate::{backoff::Backoff, health::Health};

/// How records are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Calls under way at once; at least 1.
    pub calls: usize,
    /// How long a call that is not full waits for more records while others are under way.
    pub linger: Duration,
    /// Whether the order of records with one key is kept. Then only one of them is under way at a time, and a key can have
    /// no more records a second than the service answers calls one after the other.
    pub ordered: bool,
    /// How long records of an append are sent before it fails with what is missing; an answer that is still to come then is
    /// waited for.
    pub deadline: Duration,
    /// How often a record is sent before it is given up, if not as often as the deadline allows.
    pub tries: Option<u32>,
    /// Delays between tries.
    pub backoff: Backoff,
    /// How often the service is asked for the stream or queue while it is not known to take records.
    pub check_interval: Duration,
    /// Bytes that may wait or be under way; at most 4 GiB - 1. An append that finds no room waits for it, unless the service is
    /// not taking records: then it is refused at once.
    pub waiting_bytes: usize,
    /// The same in records; at least 1.
    pub waiting_records: usize,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            calls: 8,
            linger: Duration::from_millis(5),
            ordered: true,
            deadline: Duration::from_secs(10),
            tries: None,
            backoff: Backoff::default(),
            check_interval: Duration::from_secs(1),
            waiting_bytes: 64 << 20,
            waiting_records: 100_000,
        }
    }
}

/// What one call may hold, by the rules of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Records of a call.
    pub call_records: usize,
    /// Bytes of a call, as the carrier weighs records.
    pub call_bytes: usize,
    /// Largest record: key, attributes and data together.
    pub record_bytes: usize,
}

/// What is known at a moment, for metrics and people who look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Name of the stream or queue.
    pub stream: String,
    /// What has happened since the start.
    pub counts: Counts,
    /// Records that wait or are under way.
    pub waiting_records: usize,
    /// The room they take, in bytes; a small record takes more than its size.
    pub waiting_bytes: usize,
    /// Calls under way.
    pub calls_in_flight: usize,
    /// Whether records are taken.
    pub health: Health,
}
