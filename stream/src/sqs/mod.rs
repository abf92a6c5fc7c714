//! Queues of Amazon SQS: as the sink of a collector, or as the buffer of a stream that refuses.
//!
//! * [`producer`]: writes records with `SendMessageBatch`

pub mod producer;
