//! Schemas: where they come from and what they say about data. Only `client.rs` touches the network and the disk.
//!
//! * [`check`]: one call from self-describing data to a verdict, by what the [`cache`] knows
//! * [`client`]: fetches what is missing from the registries of a [`resolver_config`] and the [`built_in`] schemas
//! * [`schema`], [`validator`]: what schemas say about data
//! * [`pattern`]: Java's regular expressions, which schemas and configurations are written in
//! * [`client_error`]: what bad rows say about it
//! * [`lint`], [`difference`], [`gap`]: what authors of schemas are told
//! * [`syntax`]: a schema as far as columns depend on it; [`table`]: Postgres tables, [`redshift`]: tables of Redshift,
//!   [`field`]: columns of the lake
//! * `server`: the registry that people publish to

pub mod built_in;
pub mod cache;
pub mod check;
pub mod client;
pub mod client_error;
pub mod difference;
pub mod field;
mod folder;
pub mod gap;
mod http;
pub mod lint;
pub mod pattern;
pub mod redshift;
pub mod resolver_config;
pub mod sample;
pub mod schema;
pub mod schema_list;
mod search;
#[cfg(feature = "server")]
pub mod server;
pub mod spaced;
pub mod syntax;
pub mod table;
mod until;
pub mod validator;
