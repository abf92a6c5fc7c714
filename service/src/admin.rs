//! What the process tells its operator over HTTP: `/health`, `/ready` and `/metrics`.

pub mod server;
mod verdict;

pub use verdict::{UNHEALTHY_AGE, Verdict, verdict};
