//! `remoteAdapters`: adapters behind HTTP (`spec/enrichments-and-adapters.md` 3.9).

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{Notes, sections::POSITIVE_NUMBER};

use crate::adapters::remote::{
    RemoteAdapter,
    client::{Client, Settings},
};

/// `remoteAdapters`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RemoteAdapters {
    /// Time to connect to one.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub connection_timeout: Duration,
    /// Time for a request with its answer. Without one the request becomes a bad row.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub read_timeout: Duration,
    /// Requests at the same time, to all of them.
    pub max_connections: usize,
    /// The services, and the paths (/<vendor>/<version>) whose requests they read. Built-in adapters come first.
    #[schemars(example = serde_json::json!([{"vendor": "com.acme", "version": "v1", "url": "https://adapter.acme.com"}]))]
    pub configs: Vec<RemoteAdapter>,
}

impl Default for RemoteAdapters {
    fn default() -> Self {
        let Settings { connection_timeout, read_timeout, max_connections } = Settings::default();
        Self { connection_timeout, read_timeout, max_connections, configs: Vec::new() }
    }
}

impl RemoteAdapters {
    /// Asks them.
    pub fn client(&self) -> Client {
        let Self { connection_timeout, read_timeout, max_connections, .. } = *self;
        Client::new(Settings { connection_timeout, read_timeout, max_connections })
    }

    pub(super) fn problems(&self, notes: &mut Notes) {
        notes.positive("remoteAdapters.connectionTimeout", self.connection_timeout);
        notes.positive("remoteAdapters.readTimeout", self.read_timeout);
        notes.unless(self.max_connections > 0, "remoteAdapters.maxConnections", POSITIVE_NUMBER);
        for (index, adapter) in self.configs.iter().enumerate() {
            let key = |name: &str| format!("remoteAdapters.configs.{index}.{name}");
            let is_segment = |text: &str| !text.is_empty() && !text.contains(['/', '?']);
            for (name, text) in [("vendor", &adapter.vendor), ("version", &adapter.version)] {
                notes.unless(is_segment(text), &key(name), "expected a segment of a path");
            }
            let is_http = adapter.url.starts_with("http://") || adapter.url.starts_with("https://");
            notes.unless(is_http, &key("url"), "expected an address that begins with http:// or https://");
        }
    }
}
