//! What a queue holds, by which rules, and what it counts.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{carrier::Failure, ticket::Ticket};
use crate::{backoff::Backoff, record::Record};

/// A record on its way.
#[derive(Debug)]
pub struct Entry {
    pub(super) record: Record,
    pub(super) ticket: Arc<Ticket>,
    /// Its index in the batch of the ticket.
    pub(super) index: usize,
    /// What it weighs in a call.
    pub(super) weight: usize,
    /// When it may first have been sent.
    pub(super) since: Instant,
    /// How often it was sent and not taken.
    pub(super) tries: u32,
    /// Largest call it may be part of: calls that were rejected are cut in halves to find the record that is to blame.
    pub(super) together: usize,
}

impl Entry {
    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

/// What a call may hold, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Records of one call.
    pub records: usize,
    /// Bytes of one call. A heavier record goes alone.
    pub bytes: usize,
    /// Calls under way at once.
    pub calls: usize,
    /// How long a call waits for more records while others are under way.
    pub linger: Duration,
    /// How often a record is sent before it is given up, if not as often as time allows.
    pub tries: Option<u32>,
    /// Delays between tries.
    pub backoff: Backoff,
    /// Whether records of one key are never under way together.
    pub ordered: bool,
}

/// Numbers that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records taken by the service.
    pub taken_records: u64,
    /// Their data, in bytes.
    pub taken_bytes: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls that failed as a whole.
    pub failed_calls: u64,
    /// Times that a record was sent and not taken.
    pub refused_records: u64,
    /// Of those, because of too much at once.
    pub throttled_records: u64,
    /// Records given up: too many tries, too late, or never allowed.
    pub given_up_records: u64,
}

/// What a call has brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) sent: usize,
    pub(super) taken: usize,
    /// The call failed as a whole, or nothing of many records was taken.
    pub(super) refusing: bool,
    /// What went wrong: a failure per code, with the number of records it met.
    pub(super) failures: Vec<(Failure, usize)>,
}
