//! The service that records go to, as far as an outbox needs to know it.

use std::future::Future;

use super::entry::Entry;
use crate::record::{Position, Record, ShardId};

/// Takes records to a service, many in one call.
pub trait Carrier: Send + Sync + 'static {
    /// Name of the stream or queue.
    fn stream(&self) -> &str;

    /// What a record weighs in a call, in bytes.
    fn weight(&self, record: &Record) -> usize;

    /// Makes one call. Answers with one outcome per record, in their order, or with why the call failed as a whole; then
    /// whether some of them were taken may be unknown. Ends by itself within a time.
    fn send(&self, entries: &[Entry]) -> impl Future<Output = Result<Vec<Outcome>, Failure>> + Send;

    /// Asks whether the stream or queue is there and takes records. Ends by itself within a time.
    fn check(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What became of one record of a call.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is durable, at this place if the service tells places.
    Taken(Option<(ShardId, Position)>),
    /// It was not taken.
    Refused(Failure),
}

/// Why a call or a record failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What follows from it.
    pub kind: Kind,
    /// The service's code, or a word for what happened before it could answer.
    pub code: String,
    /// For people: what failed, where, and what would help. One line without a full stop, without anything of a record.
    pub text: String,
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Too much at once: later.
    Throttled,
    /// The content of the call or record is not allowed: the same again fails again.
    Rejected,
    /// Anything else: may pass.
    Passing,
}
