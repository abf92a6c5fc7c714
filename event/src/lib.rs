//! What flows through the pipeline: collector payload, enriched event, bad row. Pure: no runtime, no files, no clock.

pub mod atomic;
pub mod bad_row;
pub mod enriched;
pub mod java_uuid;
pub mod json;
pub mod number;
pub mod payload;
pub mod scala_map;
pub mod schema_key;
pub mod self_describing;
pub mod shredded_name;
pub mod timestamp;
pub mod utf8;
