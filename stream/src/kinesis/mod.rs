//! Streams of Amazon Kinesis.
//!
//! * [`producer`]: writes records with `PutRecords`

pub mod producer;
