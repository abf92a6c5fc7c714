//! A response, as the core makes it.

use event::json;
use serde_json::{Value, json};

use super::{listing::Listing, publish::Published, settings::Settings};

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// For example 200.
    pub status: u16,
    /// `content-type`; `None`: there is no body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
    /// Further headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the body is sent in pieces, without its length.
    pub chunked: bool,
    /// What comes after the body: the rest of a long list, piece by piece.
    pub rest: Option<Box<Listing>>,
    /// Whether the store was changed.
    pub published: Option<Box<Published>>,
}

/// `content-type` of JSON.
pub const JSON: &str = "application/json";
/// `content-type` of plain text.
pub const TEXT: &str = "text/plain; charset=UTF-8";

impl Response {
    /// JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, JSON, json::to_compact(value).into_bytes())
    }

    /// `{"message": ...}`
    pub fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    /// A body of this type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let content_type = Some(content_type);
        Self {
            status,
            content_type,
            body: body.into(),
            headers: Vec::new(),
            chunked: false,
            rest: None,
            published: None,
        }
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self { content_type: None, ..Self::new(status, TEXT, Vec::new()) }
    }

    /// The body is JSON of the wrong shape, or too deep.
    pub fn invalid_body() -> Self {
        Self::message(422, "The request body was invalid.")
    }

    /// The schema or draft is not there, or nobody may see it.
    pub fn not_found() -> Self {
        Self::message(404, "The schema is not found")
    }

    /// The store does not answer.
    pub fn no_store() -> Self {
        let mut response = Self::message(503, "The storage of the registry is not available");
        response.headers.push(("retry-after", "5".to_owned()));
        response
    }

    /// Adds what every response has.
    pub(super) fn finished(mut self, settings: &Settings) -> Self {
        if let Some(age) = settings.hsts {
            let value = format!("max-age={}; includeSubDomains", age.as_secs());
            self.headers.push(("strict-transport-security", value));
        }
        self
    }
}
