//! What cannot be, beyond what types say, and what has no effect beside other values.

use std::net::SocketAddr;

use service::config::{
    Checked, Note, Notes,
    sections::{POSITIVE_NUMBER, URL, is_url},
};

use super::settings::{DatabaseKind, IgluServerConfig};

impl Checked for IgluServerConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let server = &self.repo_server;
        notes.unless(!server.interface.trim().is_empty(), "repoServer.interface", "expected an address");
        let shares = |admin: SocketAddr| admin.port() != 0 && admin.port() == server.port;
        let taken = "the server listens on this port already";
        notes.unless(!server.admin_listen.is_some_and(shares), "repoServer.adminListen", taken);
        notes.positive("repoServer.idleTimeout", server.idle_timeout);
        notes.unless(server.max_connections > 0, "repoServer.maxConnections", POSITIVE_NUMBER);
        notes.unless(server.max_payload_size > 0, "repoServer.maxPayloadSize", "expected a size above 0");
        notes.unless(self.max_json_depth > 0, "maxJsonDepth", POSITIVE_NUMBER);
        let database = &self.database;
        if database.kind == DatabaseKind::Postgres {
            for (key, value, what) in [
                ("host", &database.host, "the host of the database, or the folder of its socket"),
                ("dbname", &database.dbname, "the name of the database"),
                ("username", &database.username, "the user of the database"),
            ] {
                let is_set = value.as_deref().is_some_and(|text| !text.trim().is_empty());
                notes.unless(is_set, &format!("database.{key}"), &format!("is required: {what}"));
            }
            notes.unless(self.connections() > 0, "database.pool.maximumPoolSize", POSITIVE_NUMBER);
        }
        if let Some(Err(_)) = self.super_key() {
            notes.say("superApiKey", "expected a UUID");
        }
        let all_urls = self.webhooks.schema_published.iter().all(|hook| is_url(&hook.uri));
        notes.unless(all_urls, "webhooks.schemaPublished", URL);
        notes.into_vec()
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        match self.database.kind {
            DatabaseKind::Postgres => notes.say("database.path", "the database is of type postgres"),
            DatabaseKind::Sqlite | DatabaseKind::Dummy => {
                for key in ["host", "port", "dbname", "username", "password", "pool.maximumPoolSize"] {
                    notes.say(format!("database.{key}"), "the database is not of type postgres");
                }
            }
        }
        notes.into_vec()
    }
}
