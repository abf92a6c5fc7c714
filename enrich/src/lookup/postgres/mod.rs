//! Databases that speak PostgreSQL's protocol: queries with parameters of Java's kinds, and rows as JSON.

mod cell;
pub(crate) mod client;
mod parameter;
mod placeholders;
mod tls;

pub(crate) use self::parameter::Kind;
pub use self::parameter::Parameter;
pub(crate) use self::placeholders::Query;

/// A database and the query that it is asked.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_encrypted: bool,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) database: String,
    pub(crate) query: Query,
}
