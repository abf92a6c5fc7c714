//! Streams -> S3 or a local folder, streams -> Postgres.
//!
//! * [`lake`]: the loader to files; [`parquet`]: its columns; [`postgres`]: the loader to Postgres
//! * [`line`], [`entity`]: an enriched line, and the self-describing data in it; [`family`]: which versions of a schema there are

pub mod entity;
pub mod family;
pub mod lake;
pub mod line;
pub mod parquet;
mod partition_key;
pub mod postgres;
