//! Raw record -> enriched event, failed event or bad row.
//!
//! The core is pure: [`process::process`] turns the bytes of one raw record into outputs, or says which schemas must be
//! known first. [`run`] is the shell around it: it reads batches, answers the needs and writes the outputs exactly once
//! where the log can tell what is already there ([`resume`]).
//!
//! * `raw/` record -> requests; `adapters/` request -> raw events; `transform` parameters -> fields
//! * `entities` self-describing data, judged by schemas; `steps/` what is computed from them
//! * `problem` what can be wrong, `render` and `failure_entity` how it is said, [`compatibility`] to whom
//! * `java/` what the original inherits from its platform

mod adapters;
pub mod compatibility;
mod conversion;
mod enrichment;
mod entities;
mod failure_entity;
mod java;
mod judge;
pub mod output;
mod parameter_table;
mod parameters;
mod problem;
pub mod process;
pub mod querystring;
mod raw;
mod render;
pub mod settings;
mod steps;
mod transform;
