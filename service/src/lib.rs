//! How a process behaves: configuration, telemetry, health, drain, exit codes.
//!
//! * [`config`]: HOCON into structs, with lines in errors; reference configurations
//! * [`telemetry`], [`metric`]: logs to stderr, the one table of metrics
//! * [`statsd`]: the original's metrics over UDP; [`slots`]: a table that is read without a lock
//! * [`health`], [`admin`]: facts, and the server that shows them
//! * [`supervise`], [`drain`], [`exit`]: signals, the orderly end, exit codes; systemd is told of it
//! * [`tls`]: certificates of servers, taken anew without restart
//! * [`clock`], [`timer`], [`retry`]: the only place that asks the time; a cheap end of waiting; backoff as a function

// Macros of this crate write its paths as other crates do.
extern crate self as service;

pub mod admin;
pub mod clock;
pub mod config;
pub mod context;
pub mod drain;
pub mod exit;
pub mod health;
pub mod metric;
pub mod retry;
pub mod slots;
pub mod statsd;
pub mod supervise;
mod systemd;
pub mod telemetry;
pub mod timer;
pub mod tls;
