//! Streams of Amazon Kinesis.
//!
//! * [`producer`]: writes records with `PutRecords`
//! * [`consumer`]: reads records together with other workers
//! * [`aggregated`]: records that hold several
//! * [`lease`]: who reads which shard, and how far
//! * [`reading`]: which call for a shard comes next
//! * [`shards`]: how many shards a stream has
//! * [`worker`]: what a worker does with leases, and when

pub mod aggregated;
pub mod consumer;
pub mod lease;
pub mod producer;
pub mod reading;
pub mod shards;
pub mod worker;
