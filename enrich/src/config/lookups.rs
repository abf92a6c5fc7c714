//! `lookups`: how services are asked that enrichments ask.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{Notes, sections::POSITIVE_NUMBER};

use crate::lookup::client::{Client, Settings};

/// `lookups`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lookups {
    /// Requests to one API at the same time.
    pub max_requests: usize,
    /// Connections to one database.
    pub max_connections: usize,
    /// Time to connect to a database.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub connection_timeout: Duration,
    /// Time for a query with its answer, and for a request for exchange rates. (That of an API is in its configuration.)
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub query_timeout: Duration,
    /// Where exchange rates are asked for.
    pub exchange_rates: String,
}

impl Default for Lookups {
    fn default() -> Self {
        let Settings { max_requests, max_connections, connection_timeout, query_timeout, exchange_rates } =
            Settings::default();
        Self { max_requests, max_connections, connection_timeout, query_timeout, exchange_rates }
    }
}

impl Lookups {
    /// Asks them.
    pub fn client(&self) -> Client {
        let Self { max_requests, max_connections, connection_timeout, query_timeout, exchange_rates } =
            self.clone();
        Client::new(Settings {
            max_requests,
            max_connections,
            connection_timeout,
            query_timeout,
            exchange_rates,
        })
    }

    pub(super) fn problems(&self, notes: &mut Notes) {
        notes.unless(self.max_requests > 0, "lookups.maxRequests", POSITIVE_NUMBER);
        notes.unless(self.max_connections > 0, "lookups.maxConnections", POSITIVE_NUMBER);
        notes.positive("lookups.connectionTimeout", self.connection_timeout);
        notes.positive("lookups.queryTimeout", self.query_timeout);
        let rates = &self.exchange_rates;
        let is_http = rates.starts_with("http://") || rates.starts_with("https://");
        notes.unless(
            is_http,
            "lookups.exchangeRates",
            "expected an address that begins with http:// or https://",
        );
    }
}
