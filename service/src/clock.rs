//! The only place that asks the time or draws ids: pure code takes both as arguments.

use jiff::Timestamp;
use uuid::Uuid;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A random version 4 UUID.
#[expect(clippy::disallowed_methods, reason = "the one place that draws ids")]
pub fn random_id() -> Uuid {
    Uuid::new_v4()
}
