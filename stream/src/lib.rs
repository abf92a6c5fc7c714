//! How records move: producers and consumers that know only bytes, keys, shards and sequence numbers.
//!
//! * [`record`]: what is moved and where it stands
//! * [`producer`], [`consumer`]: the two traits every engine implements
//! * [`health`]: whether a stream takes records
//! * [`memory`]: the engine of tests, [`log`]: the embedded log on disk
//! * [`stdout`]: lines on standard output
//! * [`clock`]: when records arrive
//! * `conformance`: the suite every engine passes

pub mod clock;
pub mod consumer;
pub mod health;
pub mod log;
pub mod memory;
pub mod producer;
pub mod record;
pub mod stdout;

#[cfg(test)]
#[path = "tests/conformance/mod.rs"]
mod conformance;
