//! Streams -> S3 or a local folder, streams -> Postgres.

pub mod lake;
pub mod parquet;
mod partition_key;
pub mod postgres;
