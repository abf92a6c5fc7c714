//! What the process tells its operator over HTTP: `/health`, `/ready` and `/metrics`; and how it is asked.

pub mod client;
pub mod server;
mod verdict;

use std::time::Duration;

pub use verdict::{UNHEALTHY_AGE, Verdict, verdict};

/// How a process is asked for its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Work taken up longer ago and still not finished means trouble.
    pub unhealthy_age: Duration,
    /// Whether health is told under every path and to every method, as probes of the original's roles expect, and not under
    /// `/health` alone. `/ready` and `/metrics` are what they are.
    pub every_path: bool,
}

impl Default for Probe {
    fn default() -> Self {
        Self { unhealthy_age: UNHEALTHY_AGE, every_path: false }
    }
}
