//! Tests of the crate, in one executable.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "test code: a panic is the report, and nobody else's"
)]

pub mod bad_row;
pub mod enriched;
pub mod json;
pub mod laws;
pub mod names;
pub mod payload;
pub mod samples;
pub mod sdk;
pub mod texts;
