//! Enriched events as Parquet: one column for each atomic field and for each model of an entity
//! (`spec/loaders-and-leases.md` 4, of which 4.10 is this mode). Pure: the same lines, schemas and stamp are the same bytes.
//!
//! * [`gather`]: the lines of an open batch by partition, kept in [`pieces`]
//! * [`schemas`]: what the entities of a batch look like
//! * [`rows`]: lines -> rows; `atomic`, `builder`, `members`: the columns they come to lie in; [`refusal`]: what is no row
//! * [`file`](mod@file): rows -> the bytes of a file; [`read`]: a file -> lines

mod atomic;
mod builder;
pub mod file;
pub mod gather;
mod members;
pub mod pieces;
pub mod read;
pub mod refusal;
pub mod rows;
pub mod schemas;

use serde::{Deserialize, Serialize};

/// How files are written. A declared batch keeps it, whatever the configuration says later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// How pages are compressed.
    pub compression: Compression,
    /// Bytes after which a row group is closed.
    pub row_group_bytes: u64,
}

/// How pages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// zstd, level 3.
    #[default]
    Zstd,
    /// For readers that know nothing newer.
    Snappy,
}

impl Default for Options {
    fn default() -> Self {
        Self { compression: Compression::Zstd, row_group_bytes: 128 << 20 }
    }
}
