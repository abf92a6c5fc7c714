//! The only place that asks the time or draws ids: pure code takes both as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use uuid::Uuid;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the clock")]
pub fn now() -> Timestamp {
    // As `Timestamp::now`, which takes three times as long to allow for clocks before 1970.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let known = since.and_then(|since| {
        Timestamp::new(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos() as i32).ok()
    });
    known.unwrap_or_else(Timestamp::now)
}

/// A random version 4 UUID.
pub fn random_id() -> Uuid {
    // The thread's generator, which the system seeds: asking the system each time takes longer than enriching a field.
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// A number between 0 and 1, to spread what would otherwise happen at once.
pub fn jitter() -> f64 {
    // The lower 48 bits of a version 4 UUID are all random.
    (random_id().as_u128() & 0xFFFF_FFFF_FFFF) as f64 / (1_u64 << 48) as f64
}
