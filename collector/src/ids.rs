//! Random ids: network user ids of new visitors, and partition keys.

use uuid::Uuid;

/// Draws version 4 UUIDs.
pub trait Ids {
    /// The next one.
    fn next(&mut self) -> Uuid;
}
