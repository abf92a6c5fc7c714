//! Configuration of the role, with the keys of the original (`spec/iglu.md` 2.2).

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ::iglu::server::settings::{self, Line, Settings, Webhook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::{Ignored, Secret};
use uuid::Uuid;

/// The whole file: `piste iglu-server --config`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IgluServerConfig {
    /// Ours. The line of the original that is spoken where the two disagree: "0.14", or "0.11", where validating needs no key
    /// and bodies are limited neither in size (but to 10 MiB) nor in depth.
    #[schemars(with = "String")]
    pub(crate) compatibility: Compatibility,
    /// HTTP.
    pub(crate) repo_server: RepoServer,
    /// Where schemas are kept.
    pub(crate) database: Database,
    /// Whether /api/debug is there.
    pub(crate) debug: bool,
    /// Whether versions may be overwritten, and deleted by keys that may do everything.
    pub(crate) patches_allowed: bool,
    /// Who is told.
    pub(crate) webhooks: Webhooks,
    /// Ours. What happens to a version that has not grown enough for what changes in it, for example the ADDITION where old
    /// data are not valid any more: off, warn (the publisher is told) or enforce (it is refused).
    #[schemars(with = "String")]
    pub(crate) version_check: VersionCheck,
    /// The documents of the API.
    pub(crate) swagger: Swagger,
    /// A UUID that may do everything and is in no table, best from the environment.
    #[schemars(with = "String", example = &"${IGLU_SUPER_API_KEY}")]
    pub(crate) super_api_key: Option<Secret>,
    /// How long it goes on serving after it is asked to end, so that a load balancer can let it go.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub(crate) pre_termination_period: Duration,
    /// Whether /api/meta/health says 503 meanwhile.
    pub(crate) pre_termination_unhealthy: bool,
    /// Levels that a body may have.
    pub(crate) max_json_depth: usize,
    /// The original's licence.
    #[schemars(with = "String", extend("x-without-effect" = "piste has another licence"), example = serde_json::json!({"accept": true}))]
    pub(crate) license: Ignored,
}

/// Lines of the original.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Compatibility {
    /// The Apache line.
    #[serde(rename = "0.11")]
    Apache,
    /// The current line.
    #[default]
    #[serde(rename = "0.14")]
    Current,
}

/// `versionCheck`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VersionCheck {
    /// As the original.
    #[default]
    Off,
    /// Tell.
    Warn,
    /// Refuse.
    Enforce,
}

/// `repoServer`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RepoServer {
    /// The address to listen on.
    pub(crate) interface: String,
    /// The port.
    pub(crate) port: u16,
    /// Ours. Where /health, /ready and /metrics of the process are served, beside the server's own port; unset: nowhere.
    #[schemars(with = "String", example = &"0.0.0.0:8000")]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// A connection that is silent for so long is closed.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub(crate) idle_timeout: Duration,
    /// Open connections; more wait.
    pub(crate) max_connections: usize,
    /// Threads of the original.
    #[schemars(with = "String", extend("x-without-effect" = "requests wait in no thread"), example = serde_json::json!({"type": "fixed", "size": 4}))]
    pub(crate) thread_pool: Ignored,
    /// Whether browsers are told to come back over HTTPS only; for servers behind a proxy that speaks TLS.
    pub(crate) hsts: Hsts,
    /// Bytes: a body of so many is refused, and larger ones.
    #[serde(with = "service::config::size")]
    #[schemars(with = "String")]
    pub(crate) max_payload_size: u64,
    /// Ours. Unknown keys that one address may try in a minute before it has to wait; 0: any number.
    pub(crate) max_failed_keys: u32,
}

/// `repoServer.hsts`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hsts {
    /// Whether.
    pub(crate) enable: bool,
    /// For how long.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub(crate) max_age: Duration,
}

/// `database`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Database {
    /// postgres, dummy (in memory, with the original's well-known key) or, ours, sqlite.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    pub(crate) kind: DatabaseKind,
    /// Ours. The file of an sqlite database; it is made where it is not there.
    #[schemars(with = "String")]
    pub(crate) path: PathBuf,
    /// The host of a postgres database, or the folder of its socket.
    #[schemars(example = &"localhost")]
    pub(crate) host: Option<String>,
    /// Its port.
    pub(crate) port: u16,
    /// Its name.
    #[schemars(example = &"igludb")]
    pub(crate) dbname: Option<String>,
    /// The user.
    #[schemars(example = &"iglu")]
    pub(crate) username: Option<String>,
    /// The user's password, best from the environment.
    #[schemars(with = "String", example = &"${IGLU_DB_PASSWORD}")]
    pub(crate) password: Option<Secret>,
    /// Ours. How connections are encrypted: disable, prefer (when the server offers it), require, verify-ca or verify-full.
    pub(crate) ssl_mode: String,
    /// Ours. A file of the authorities that vouch for the server; without it those of the system.
    #[schemars(with = "String", example = &"/etc/ssl/rds.pem")]
    pub(crate) ssl_root_cert: Option<PathBuf>,
    /// Java's driver.
    #[schemars(with = "String", extend("x-without-effect" = "there is one driver"), example = &"org.postgresql.Driver")]
    pub(crate) driver: Ignored,
    /// Connections at once, in old files.
    #[schemars(example = 5)]
    pub(crate) max_pool_size: Option<usize>,
    /// Connections.
    pub(crate) pool: Pool,
    /// Whether the process ends where the database does not answer at the start.
    pub(crate) enable_startup_checks: bool,
}

/// Kinds of storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DatabaseKind {
    /// In a file.
    #[default]
    Sqlite,
    /// The original's.
    Postgres,
    /// In memory.
    Dummy,
}

/// `database.pool`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Pool {
    /// hikari or nopool.
    #[serde(rename = "type")]
    #[schemars(with = "String", extend("x-without-effect" = "connections are made when they are needed, and kept"), example = &"hikari")]
    pub(crate) kind: Ignored,
    /// Connections at once.
    pub(crate) maximum_pool_size: usize,
    /// How long a connection may take.
    #[schemars(with = "String", extend("x-without-effect" = "ten seconds"), example = 5000)]
    pub(crate) connection_timeout: Ignored,
    /// How long a connection lives.
    #[schemars(with = "String", extend("x-without-effect" = "as long as it works"), example = 1_800_000)]
    pub(crate) max_lifetime: Ignored,
    /// Connections that are kept open.
    #[schemars(with = "String", extend("x-without-effect" = "connections are made when they are needed, and kept"), example = 1)]
    pub(crate) minimum_idle: Ignored,
    /// Threads that connect.
    #[schemars(with = "String", extend("x-without-effect" = "no thread waits for the database"), example = serde_json::json!({"type": "fixed", "size": 4}))]
    pub(crate) connection_pool: Ignored,
    /// Threads that ask.
    #[schemars(with = "String", extend("x-without-effect" = "no thread waits for the database"), example = &"cached")]
    pub(crate) transaction_pool: Ignored,
    /// Threads of a pool that is none.
    #[schemars(with = "String", extend("x-without-effect" = "no thread waits for the database"), example = &"cached")]
    pub(crate) thread_pool: Ignored,
}

/// `webhooks`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Webhooks {
    /// Told of every schema that is published, each by { uri = "http://...", vendorPrefixes = [...], usePost = true }. Without
    /// vendorPrefixes it is told of all.
    pub(crate) schema_published: Vec<Hook>,
}

/// One of `webhooks.schemaPublished`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) vendor_prefixes: Vec<String>,
    #[serde(default)]
    pub(crate) use_post: bool,
}

/// `swagger`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Swagger {
    /// Stands in front of the paths in them, where a proxy serves the API below another path.
    pub(crate) base_url: String,
}

impl IgluServerConfig {
    /// What stands at the top of the reference configuration.
    pub(crate) const ABOUT: &str = "Every key of the Iglu server, each with its default, or with an example in a comment where \
        it has none. Keys of the original keep its names and defaults; those marked with \"Ours\" are not in it. The whole may \
        also be nested under a top-level iglu section. Environment variables are read with ${?NAME}. Keys that nothing reads \
        are reported at start and ignored.";

    /// The key that may do everything, where it is one.
    pub(crate) fn super_key(&self) -> Option<Result<Uuid, uuid::Error>> {
        self.super_api_key.as_ref().map(|key| key.expose().trim().parse())
    }

    /// Connections to a postgres database.
    pub(crate) fn connections(&self) -> usize {
        self.database.max_pool_size.unwrap_or(self.database.pool.maximum_pool_size)
    }

    /// What the core of the server is told.
    pub(crate) fn settings(&self) -> Settings {
        let hooks = self.webhooks.schema_published.iter().cloned();
        let Hsts { enable, max_age } = self.repo_server.hsts;
        Settings {
            line: match self.compatibility {
                Compatibility::Apache => Line::Apache,
                Compatibility::Current => Line::Current,
            },
            debug: self.debug,
            patches_allowed: self.patches_allowed,
            version_check: match self.version_check {
                VersionCheck::Off => settings::VersionCheck::Off,
                VersionCheck::Warn => settings::VersionCheck::Warn,
                VersionCheck::Enforce => settings::VersionCheck::Enforce,
            },
            swagger_base: self.swagger.base_url.clone(),
            super_key: self.super_key().and_then(Result::ok),
            max_json_depth: self.max_json_depth,
            max_payload: usize::try_from(self.repo_server.max_payload_size).unwrap_or(usize::MAX),
            hsts: enable.then_some(max_age),
            failed_keys: Some(self.repo_server.max_failed_keys).filter(|limit| *limit > 0),
            webhooks: hooks
                .map(|Hook { uri, vendor_prefixes, use_post }| Webhook { uri, vendor_prefixes, use_post })
                .collect(),
        }
    }
}

impl Default for IgluServerConfig {
    fn default() -> Self {
        Self {
            compatibility: Compatibility::default(),
            repo_server: RepoServer::default(),
            database: Database::default(),
            debug: false,
            patches_allowed: false,
            webhooks: Webhooks::default(),
            version_check: VersionCheck::default(),
            swagger: Swagger::default(),
            super_api_key: None,
            pre_termination_period: Duration::from_secs(1),
            pre_termination_unhealthy: false,
            max_json_depth: 40,
            license: Ignored,
        }
    }
}

impl Default for RepoServer {
    fn default() -> Self {
        Self {
            interface: "0.0.0.0".into(),
            port: 8080,
            admin_listen: None,
            idle_timeout: Duration::from_secs(60),
            max_connections: 1024,
            thread_pool: Ignored,
            hsts: Hsts::default(),
            max_payload_size: 100_000,
            max_failed_keys: 60,
        }
    }
}

impl Default for Hsts {
    fn default() -> Self {
        Self { enable: false, max_age: Duration::from_secs(365 * 24 * 3600) }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            kind: DatabaseKind::default(),
            path: "piste-data/iglu.sqlite".into(),
            host: None,
            port: 5432,
            dbname: None,
            username: None,
            password: None,
            ssl_mode: "prefer".into(),
            ssl_root_cert: None,
            driver: Ignored,
            max_pool_size: None,
            pool: Pool::default(),
            enable_startup_checks: true,
        }
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            kind: Ignored,
            maximum_pool_size: 5,
            connection_timeout: Ignored,
            max_lifetime: Ignored,
            minimum_idle: Ignored,
            connection_pool: Ignored,
            transaction_pool: Ignored,
            thread_pool: Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::PathBuf};

    use service::config::{Sources, load, reference};

    use super::*;
    use crate::iglu_server::examined;

    const REFERENCE: &str = include_str!("../../deploy/reference/iglu-server.hocon");

    #[test]
    fn the_reference_is_rendered_from_the_structs() {
        let rendered = reference::render::<IgluServerConfig>(None, IgluServerConfig::ABOUT);
        if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/reference/iglu-server.hocon");
            fs::write(path, &rendered).unwrap();
        } else {
            assert!(rendered == REFERENCE, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
        }
    }

    #[test]
    fn the_reference_lists_every_key_and_yields_the_defaults() {
        assert_eq!(reference::differences::<IgluServerConfig>(REFERENCE, Some("iglu")), Vec::<String>::new());
        let read = load::<IgluServerConfig>(&Sources::of_text("t", REFERENCE), Some("iglu")).unwrap();
        assert_eq!(format!("{:#?}", read.config), format!("{:#?}", IgluServerConfig::default()));
    }

    #[test]
    fn files_of_the_original_are_read() {
        let text = r#"iglu {
            repoServer { interface = "0.0.0.0", port = 80, idleTimeout = "30 seconds", threadPool = "cached"
              hsts { enable = true, maxAge = "1 days" } }
            database { type = "postgres", host = "db", dbname = "igludb", username = "iglu", password = "p"
              driver = "org.postgresql.Driver"
              pool { type = "hikari", maximumPoolSize = 7, connectionTimeout = 5000, connectionPool { type = "fixed", size = 4 } } }
            webhooks { schemaPublished = [{ uri = "http://hook/", vendorPrefixes = ["com.acme"] }] }
            superApiKey = "48b267d7-cd2b-4f22-bae4-0f002008b5ad"
            license { accept = false }
        }"#;
        let found = examined(&Sources::of_text("t", text));
        assert_eq!(found.errors, []);
        assert_eq!(found.unknown, []);
        let config = found.config.unwrap();
        let settings = config.settings();
        assert_eq!(config.connections(), 7);
        assert_eq!(settings.hsts, Some(Duration::from_secs(86_400)));
        assert_eq!(settings.super_key, Some(::iglu::server::settings::DUMMY_KEY));
        assert_eq!(settings.webhooks[0].vendor_prefixes, ["com.acme"]);
        assert!(!settings.webhooks[0].use_post);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let text = "database.type = postgres\nsuperApiKey = key\nmaxJsonDepth = 0";
        let found = examined(&Sources::of_text("t", text));
        let keys: Vec<&str> = found.errors.iter().map(|error| error.key.as_str()).collect();
        assert_eq!(keys.len(), 5, "{keys:?}");
        for key in ["database.host", "database.dbname", "database.username", "superApiKey", "maxJsonDepth"] {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
    }
}
