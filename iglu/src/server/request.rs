//! A request, as the core sees it.

use event::{java_uuid, json};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use uuid::Uuid;

use super::response::Response;

/// A request whose body was read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// What stands behind `?`, as it came.
    pub query: String,
    /// The header `apikey`.
    pub apikey: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The parts of the path between its slashes, decoded.
    pub fn segments(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').map(decoded).collect()
    }

    /// The first parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let plain = |text: &str| decoded(&text.replace('+', " "));
        let mut pairs = self.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| plain(key) == name).map(|(_, value)| plain(value))
    }

    /// The key in the header, read as Java reads it.
    ///
    /// # Errors
    /// It is no UUID.
    pub fn key(&self) -> Result<Option<Uuid>, Response> {
        let Some(text) = &self.apikey else { return Ok(None) };
        let key = java_uuid::parse_lenient(text);
        key.map(Some).ok_or_else(|| Response::message(400, "Invalid UUID for ApiKey"))
    }

    /// `isPublic`
    ///
    /// # Errors
    /// Neither `true` nor `false`.
    pub fn is_public(&self) -> Result<bool, Response> {
        match self.parameter("isPublic").as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Response::message(400, &format!("Invalid boolean format: '{other}'"))),
        }
    }

    /// The body as JSON of at most so many levels.
    ///
    /// # Errors
    /// It is none, or too deep.
    pub fn json(&self, max_depth: usize) -> Result<Value, Response> {
        let malformed = || Response::message(400, "The request body was malformed.");
        let text = std::str::from_utf8(&self.body).map_err(|_| malformed())?;
        let value = json::parse(text).map_err(|_| malformed())?;
        if json::depth(&value) > max_depth { Err(Response::invalid_body()) } else { Ok(value) }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
