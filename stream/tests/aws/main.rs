//! Producers and consumers over services of Amazon Web Services, which stand-ins on loopback play: real clients, the real
//! protocol, faults by script.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

mod kinesis;
mod overflow;
mod reading;
mod spill;
mod sqs;
mod stories;
mod support;

// The suite that every engine passes names them as parts of its crate.
use stream::{consumer, producer, record};

#[expect(dead_code, reason = "some of its laws are of what Kinesis lacks")]
#[path = "../../src/tests/conformance/mod.rs"]
mod conformance;
