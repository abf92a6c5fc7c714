//! Enriched events as Parquet: what rows hold, what is refused, and that the same lines are the same bytes.
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

mod casting;
mod crashes;
mod evolution;
mod lines;
mod site;
#[path = "../support/steps.rs"]
mod steps;
