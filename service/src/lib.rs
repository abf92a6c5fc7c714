//! How a process behaves: configuration, telemetry, health, drain, exit codes.

pub mod clock;
pub mod context;
pub mod drain;
pub mod exit;
pub mod health;
