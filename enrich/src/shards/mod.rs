//! All shards that are ours.

pub(crate) mod run;
