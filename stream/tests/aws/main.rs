//! Producers over services of Amazon Web Services, which stand-ins on loopback play: real clients, the real protocol, faults
//! by script.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

mod kinesis;
mod overflow;
mod spill;
mod sqs;
mod stories;
mod support;
