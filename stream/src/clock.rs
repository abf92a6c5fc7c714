//! The time a record arrives.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time; tests pass their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the machine.
pub(crate) fn system() -> Clock {
    Arc::new(now)
}

#[expect(clippy::disallowed_methods, reason = "this crate is a shell and knows no other that could be asked")]
fn now() -> Timestamp {
    Timestamp::now()
}
