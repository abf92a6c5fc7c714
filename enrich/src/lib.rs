//! Raw record -> enriched event, failed event or bad row.
//!
//! The core is pure: [`process::process`] turns the bytes of one raw record into outputs, or says which schemas must be
//! known first. [`run`] is the shell around it: it reads batches, answers the needs and writes the outputs exactly once
//! where the log can tell what is already there ([`resume`]).
//!
//! * `raw/` record -> requests; `adapters/` request -> raw events; `transform` parameters -> fields
//! * `entities` self-describing data, judged by schemas; `steps/` what is computed from them, [`enrichments`] as far as it is
//!   configured
//! * [`lookup`] what enrichments ask of databases and APIs
//! * `problem` what can be wrong, `render` and `failure_entity` how it is said, [`compatibility`] to whom
//! * `java/` what the original inherits from its platform

pub mod adapters;
mod batch;
pub mod compatibility;
pub mod config;
mod conversion;
mod enrichment;
pub mod enrichments;
mod entities;
mod fact;
mod failure_entity;
mod java;
mod json_path;
mod judge;
pub mod lookup;
mod observed;
pub mod offline;
pub mod output;
mod parameter_table;
mod parameters;
mod pool;
mod problem;
pub mod process;
pub mod querystring;
mod raw;
pub mod rejected;
mod render;
pub mod resume;
pub mod run;
pub mod settings;
mod shard;
mod shards;
mod steps;
mod transform;
mod wanted;
