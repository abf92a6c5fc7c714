//! The collector over real sockets, and its tables of cases.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod conformance;
mod golden;
mod https;
mod reference;
mod support;
mod wire;
