//! The Postgres loader on a real server.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code: a panic is the report")]

#[path = "../../../tests/support/wait.rs"]
mod wait;

#[path = "../../../tests/support/postgres.rs"]
#[expect(unreachable_pub, dead_code, reason = "shared with the stories")]
mod postgres;

mod crashes;
mod golden;
mod migrations;
mod proxy;
mod settings;
mod site;
