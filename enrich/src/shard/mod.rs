//! One raw shard: its batches are enriched ahead and written in order.

pub(crate) mod held;
pub(crate) mod run;
