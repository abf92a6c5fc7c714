//! A registry behind HTTP, as the tools ask it (`spec/iglu.md` 5).

use std::{fmt, str::FromStr, time::Duration};

use ::iglu::lint::self_of;
use event::schema_key::SchemaKey;
use reqwest::{Client, Method, Url, redirect::Policy};
use serde_json::{Value, json};

use super::files;

/// No answer is longer: a registry's whole list.
const MAX_BODY: usize = 512 << 20;

/// Where a registry is: the URL before `/api`.
#[derive(Clone, Debug)]
pub(crate) struct Root(Url);

/// A key of a registry.
#[derive(Clone, Debug)]
pub(crate) struct ApiKey(String);

/// What a registry answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Asks one registry.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    root: Root,
    key: Option<ApiKey>,
    client: Client,
}

impl FromStr for Root {
    type Err = String;

    /// Without a scheme it is HTTP.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim_end_matches('/');
        let is_whole = text.starts_with("http://") || text.starts_with("https://");
        let whole = if is_whole { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&whole).map_err(|error| format!("{text} is no URL of a registry: {error}"))?;
        url.has_host().then_some(Self(url)).ok_or_else(|| format!("{text} is no URL of a registry: no host"))
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for ApiKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let key = text.parse::<uuid::Uuid>().map_err(|_| format!("Invalid UUID string: {text}"))?;
        Ok(Self(key.to_string()))
    }
}

impl Registry {
    /// A registry, asked with this key.
    pub(crate) fn new(root: Root, key: Option<ApiKey>) -> Result<Self, String> {
        let client = Client::builder()
            .timeout(Duration::from_secs(120))
            .connect_timeout(Duration::from_secs(20))
            .redirect(Policy::limited(20))
            .user_agent(concat!("piste/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { root, key, client })
    }

    /// All schemas that the key may read.
    pub(crate) async fn schemas(&self) -> Result<Vec<Value>, String> {
        let answer = self.ask(Method::GET, "/api/schemas?repr=canonical", None).await?;
        if answer.status != 200 {
            return Err(format!("Unexpected status code {}. Response body: {}.", answer.status, answer.body));
        }
        match event::json::parse(&answer.body) {
            Ok(Value::Array(schemas)) => Ok(schemas),
            Ok(_) => Err(format!("Error while parsing response: no list of schemas: {}", answer.body)),
            Err(error) => Err(format!("Error while parsing response: {error}")),
        }
    }

    /// All self-describing schemas that the key may read.
    pub(crate) async fn keyed_schemas(&self) -> Result<Vec<(SchemaKey, Value)>, String> {
        let schemas =
            self.schemas().await?.into_iter().filter_map(|schema| Some((self_of(&schema)?, schema)));
        Ok(schemas.collect())
    }

    /// The schema at a path of a key; `None`: the registry has none, or does not show it.
    pub(crate) async fn schema(&self, path: &str) -> Result<Option<Value>, String> {
        let answer = self.ask(Method::GET, &format!("/api/schemas/{path}"), None).await?;
        Ok(if answer.status == 200 { event::json::parse(&answer.body).ok() } else { None })
    }

    /// Publishes a schema.
    pub(crate) async fn publish(&self, path: &str, public: bool, schema: &Value) -> Result<Answer, String> {
        self.ask(Method::PUT, &format!("/api/schemas/{path}?isPublic={public}"), Some(schema)).await
    }

    /// Makes a pair of keys for vendors that begin so.
    pub(crate) async fn keys(&self, prefix: &str) -> Result<(String, String), String> {
        let answer =
            self.ask(Method::POST, "/api/auth/keygen", Some(&json!({ "vendorPrefix": prefix }))).await?;
        let keys: Value = event::json::parse(&answer.body).unwrap_or_default();
        match (answer.status, keys["read"].as_str(), keys["write"].as_str()) {
            (200 | 201, Some(read), Some(write)) => Ok((read.to_owned(), write.to_owned())),
            _ => Err(format!("Unexpected status code {}. Response body: {}.", answer.status, answer.body)),
        }
    }

    async fn ask(&self, method: Method, target: &str, body: Option<&Value>) -> Result<Answer, String> {
        let failed = |error: reqwest::Error| {
            let error = error.without_url();
            let mut cause: &dyn std::error::Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            format!("Cannot reach {}: {}", self.root, files::reason(cause))
        };
        let mut request = self
            .client
            .request(method, format!("{}{target}", self.root))
            .header("accept", "application/json");
        if let Some(ApiKey(key)) = &self.key {
            request = request.header("apikey", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(event::json::to_compact(body));
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(format!("{} answers with more than {MAX_BODY} bytes", self.root));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_registries() {
        for (given, root) in [
            ("localhost:8080", "http://localhost:8080"),
            ("http://a.b/", "http://a.b"),
            ("https://a.b/iglu//", "https://a.b/iglu"),
        ] {
            assert_eq!(given.parse::<Root>().unwrap().to_string(), root);
        }
        assert!("".parse::<Root>().is_err());
        assert_eq!("zz".parse::<ApiKey>().unwrap_err(), "Invalid UUID string: zz");
    }
}
