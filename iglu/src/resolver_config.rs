//! The resolver configuration: `iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-*` (`spec/iglu.md` 3.1).

use std::{path::PathBuf, time::Duration};

use event::schema_key::SchemaKey;
use serde_json::{Map, Value};

/// The name of the registry that is always there.
pub const BUILT_IN_NAME: &str = "Iglu Client Embedded";

/// The class path under which the original finds the schemas that it carries with it.
const BUILT_IN_PATH: &str = "/iglu-client-embedded";

/// Where schemas come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverConfig {
    /// Schemas kept at most; 0: none.
    pub cache_size: usize,
    /// How long a schema stays fresh; `None`: for ever.
    pub cache_ttl: Option<Duration>,
    /// The registries.
    pub repositories: Vec<Repository>,
}

/// One registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Unique, shown in errors.
    pub name: String,
    /// Lower is asked first.
    pub priority: i32,
    /// Vendors it is preferred for.
    pub vendor_prefixes: Vec<String>,
    /// How to reach it.
    pub connection: Connection,
}

/// How a registry is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// An Iglu server or static registry.
    Http {
        /// Without trailing slash.
        uri: String,
        /// Sent as header `apikey`.
        apikey: Option<String>,
    },
    /// A folder with `schemas/vendor/name/format/version`, or its `schemas` folder.
    Folder(PathBuf),
    /// The schemas compiled into the executable.
    BuiltIn,
}

/// Why a configuration is refused: key and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}")]
pub struct ResolverConfigError {
    /// Path of the key, for example `data.repositories[0].connection`.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl ResolverConfig {
    /// Reads the self-describing JSON. Numbers may be given as text, as substitutions from the environment are.
    ///
    /// # Errors
    /// The first key that is wrong.
    pub fn from_json(json: &Value) -> Result<Self, ResolverConfigError> {
        let key: SchemaKey = match json.get("schema").and_then(Value::as_str).map(str::parse) {
            Some(Ok(key)) => key,
            Some(Err(_)) | None => {
                return Err(wrong(
                    "schema",
                    "must be iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-*",
                ));
            }
        };
        let is_config = key.vendor == "com.snowplowanalytics.iglu"
            && key.name == "resolver-config"
            && key.format == "jsonschema"
            && (key.version.model, key.version.revision) == (1, 0);
        if !is_config {
            let criterion = "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-*";
            return Err(wrong("schema", &format!("Schema {key} does not match criterion {criterion}")));
        }
        let Some(Value::Object(data)) = json.get("data") else {
            return Err(wrong("data", "must be an object"));
        };
        let cache_size = integer(data, "cacheSize", "data")?
            .ok_or_else(|| wrong("data.cacheSize", "is missing: how many schemas to keep"))?;
        let cache_ttl = integer(data, "cacheTtl", "data")?
            .map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)));
        let Some(Value::Array(list)) = data.get("repositories") else {
            return Err(wrong("data.repositories", "must be an array of registries"));
        };
        let repositories: Vec<Repository> =
            list.iter().enumerate().map(|(place, item)| repository(item, place)).collect::<Result<_, _>>()?;
        for (place, repository) in repositories.iter().enumerate() {
            let same = repositories.iter().filter(|other| other.name == repository.name).count();
            if same > 1 || repository.name == BUILT_IN_NAME && repository.connection != Connection::BuiltIn {
                let what = format!(
                    "Repository names must be unique, {} encountered {} times",
                    repository.name,
                    same.max(2)
                );
                return Err(wrong(&format!("data.repositories[{place}].name"), &what));
            }
        }
        Ok(Self { cache_size: usize::try_from(cache_size).unwrap_or(0), cache_ttl, repositories })
    }

    /// The registries and the built-in one.
    pub(crate) fn with_built_in(self) -> Vec<Repository> {
        let mut repositories = self.repositories;
        if !repositories.iter().any(|repository| repository.connection == Connection::BuiltIn) {
            repositories.push(Repository {
                name: BUILT_IN_NAME.into(),
                priority: 0,
                vendor_prefixes: vec![],
                connection: Connection::BuiltIn,
            });
        }
        repositories
    }
}

fn repository(json: &Value, place: usize) -> Result<Repository, ResolverConfigError> {
    let path = format!("data.repositories[{place}]");
    let Value::Object(map) = json else { return Err(wrong(&path, "must be an object")) };
    let name = match map.get("name") {
        Some(Value::String(name)) => name.clone(),
        _ => return Err(wrong(&format!("{path}.name"), "must be a text")),
    };
    let priority = integer(map, "priority", &path)?
        .and_then(|priority| i32::try_from(priority).ok())
        .ok_or_else(|| wrong(&format!("{path}.priority"), "must be an integer: lower is asked first"))?;
    let prefixes = || wrong(&format!("{path}.vendorPrefixes"), "must be an array of texts");
    let vendor_prefixes = match map.get("vendorPrefixes") {
        Some(Value::Array(list)) => list
            .iter()
            .map(|prefix| prefix.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(prefixes)?,
        _ => return Err(prefixes()),
    };
    let connection = connection(map.get("connection"), &format!("{path}.connection"))?;
    Ok(Repository { name, priority, vendor_prefixes, connection })
}

fn connection(json: Option<&Value>, path: &str) -> Result<Connection, ResolverConfigError> {
    let member = |kind: &str, name: &str| json.and_then(|json| json.get(kind)?.get(name));
    if let Some(Value::String(folder)) = member("embedded", "path") {
        return Ok(if folder == BUILT_IN_PATH {
            Connection::BuiltIn
        } else {
            Connection::Folder(folder.into())
        });
    }
    let Some(Value::String(uri)) = member("http", "uri") else {
        return Err(wrong(path, "must be { http { uri, apikey? } } or { embedded { path } }"));
    };
    if !["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme) && uri.len() > scheme.len()) {
        return Err(wrong(&format!("{path}.http.uri"), "must begin with http:// or https://"));
    }
    let apikey = match member("http", "apikey") {
        None | Some(Value::Null) => None,
        Some(Value::String(apikey)) => Some(apikey.clone()),
        Some(_) => return Err(wrong(&format!("{path}.http.apikey"), "must be a text")),
    };
    Ok(Connection::Http { uri: uri.trim_end_matches('/').to_owned(), apikey })
}

fn integer(map: &Map<String, Value>, name: &str, path: &str) -> Result<Option<i64>, ResolverConfigError> {
    let number = match map.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(&format!("{path}.{name}"), "must be an integer"))
}

fn wrong(key: &str, what: &str) -> ResolverConfigError {
    ResolverConfigError { key: key.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(data: Value) -> Result<ResolverConfig, String> {
        let schema = "iglu:com.snowplowanalytics.iglu/resolver-config/jsonschema/1-0-3";
        ResolverConfig::from_json(&json!({"schema": schema, "data": data})).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_configuration() {
        let read = config(json!({
            "cacheSize": "500", "cacheTtl": -5,
            "repositories": [
                {"name": "a", "priority": 1, "vendorPrefixes": ["com.acme"], "connection": {"http": {"uri": "http://a/api/", "apikey": "k"}}},
                {"name": "b", "priority": 0, "vendorPrefixes": [], "connection": {"embedded": {"path": "/schemas"}}},
            ],
        }));
        let read = read.unwrap();
        assert_eq!((read.cache_size, read.cache_ttl), (500, Some(Duration::ZERO)));
        let http = Connection::Http { uri: "http://a/api".into(), apikey: Some("k".into()) };
        assert_eq!(read.repositories[0].connection, http);
        assert_eq!(read.repositories[1].connection, Connection::Folder("/schemas".into()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let repository = |change: Value| {
            let mut all = json!({"name": "a", "priority": 0, "vendorPrefixes": [], "connection": {"http": {"uri": "http://a"}}});
            all.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            json!({"cacheSize": 1, "repositories": [all]})
        };
        let check = |data: Value, expect: &str| {
            let error = config(data).unwrap_err();
            assert!(error.starts_with(expect), "{error}");
        };
        check(json!([]), "data: must be an object");
        check(json!({"repositories": []}), "data.cacheSize: is missing");
        check(json!({"cacheSize": "x", "repositories": []}), "data.cacheSize: must be an integer");
        check(json!({"cacheSize": 1}), "data.repositories: must be an array");
        check(repository(json!({"name": 5})), "data.repositories[0].name: must be a text");
        check(repository(json!({"priority": 1.5})), "data.repositories[0].priority: must be an integer");
        check(repository(json!({"vendorPrefixes": [1]})), "data.repositories[0].vendorPrefixes: must be");
        check(repository(json!({"connection": {}})), "data.repositories[0].connection: must be {");
        check(
            repository(json!({"connection": {"http": {"uri": "ftp://x"}}})),
            "data.repositories[0].connection.http.uri: must begin",
        );
        check(
            repository(json!({"name": BUILT_IN_NAME})),
            "data.repositories[0].name: Repository names must be unique",
        );
    }
}
