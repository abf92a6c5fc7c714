//! Tests of the crate, in one executable.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "test code: a panic is the report, and nobody else's"
)]

pub mod any_bytes;
pub mod apache_line;
pub mod compressed;
pub mod current_line;
pub mod enrichments;
pub mod exactly_once;
pub mod golden;
pub mod laws;
pub mod offline_away;
#[path = "../../../tests/support/postgres.rs"]
pub mod postgres;
pub mod registry;
pub mod registry_away;
pub mod remote_adapters;
pub mod samples;
#[path = "../../../tests/support/wait.rs"]
pub mod wait;
pub mod webhooks;
