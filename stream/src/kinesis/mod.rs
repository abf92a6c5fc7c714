//! Streams of Amazon Kinesis.
//!
//! * [`producer`]: writes records with `PutRecords`
//! * [`aggregated`]: records that hold several
//! * [`lease`]: who reads which shard, and how far
//! * [`worker`]: what a worker does with leases, and when

pub mod aggregated;
pub mod lease;
pub mod producer;
pub mod worker;
