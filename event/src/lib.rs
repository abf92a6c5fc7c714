//! What flows through the pipeline: collector payload, enriched event, bad row. Pure: no runtime, no files, no clock.

pub mod atomic;
pub mod bad_row;
pub mod enriched;
pub mod json;
pub mod payload;
pub mod schema_key;
pub mod self_describing;
