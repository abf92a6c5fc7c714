//! How records move: producers and consumers that know only bytes, keys, shards and sequence numbers.
//!
//! * [`record`]: what is moved and where it stands
//! * [`producer`], [`consumer`]: the two traits every engine implements
//! * [`health`]: whether a stream takes records
//! * [`memory`]: the engine of tests, [`log`]: the embedded log on disk
//! * [`fallback`]: a producer whose records go elsewhere where its stream can never take them
//! * [`spill`]: a producer that keeps on the disk what another one does not take
//! * [`stdout`]: lines on standard output or in a file
//! * [`archive`]: files of lines, to be read
//! * [`nowhere`]: a producer that counts and keeps nothing
//! * `outbox`, `kinesis`, `sqs`: producers over services of Amazon Web Services (feature `aws`)
//! * [`overflow`]: a stream with a buffer for when it refuses
//! * [`backoff`]: how long to wait before something is tried again
//! * [`clock`]: when records arrive
//! * `conformance`: the suite every engine passes

pub mod archive;
#[cfg(feature = "aws")]
pub mod aws;
pub mod backoff;
pub mod clock;
pub mod consumer;
pub mod fallback;
pub mod health;
#[cfg(feature = "aws")]
pub mod kinesis;
pub mod log;
pub mod memory;
pub mod nowhere;
#[cfg(feature = "aws")]
pub mod outbox;
pub mod overflow;
pub mod producer;
pub mod record;
pub mod spill;
#[cfg(feature = "aws")]
pub mod sqs;
pub mod stdout;

#[cfg(test)]
#[path = "tests/conformance/mod.rs"]
mod conformance;
