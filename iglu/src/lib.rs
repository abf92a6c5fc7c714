//! Schemas: where they come from and what they say about data. Only `client.rs` touches the network and the disk.

pub mod cache;
pub mod check;
pub mod client;
pub mod client_error;
pub mod resolver_config;
pub mod schema;
