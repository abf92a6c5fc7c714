//! What every role is given besides its configuration.

use crate::{drain::Drain, health::Health};

/// Shared by all roles of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// When to finish.
    pub drain: Drain,
    /// Where to state facts.
    pub health: Health,
}
