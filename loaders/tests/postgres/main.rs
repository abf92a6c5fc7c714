//! The Postgres loader on a real server.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    missing_docs,
    reason = "test code: a panic is the report"
)]

#[path = "../../../tests/support/wait.rs"]
#[allow(dead_code, reason = "shared with the stories")]
mod wait;

#[path = "../../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "shared with the stories")]
mod postgres;

mod crashes;
mod golden;
mod json;
mod migrations;
mod preview;
mod proxy;
mod settings;
mod site;
mod strict;
mod weather;
