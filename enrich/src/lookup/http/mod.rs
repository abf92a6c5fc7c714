//! APIs behind HTTP that answer with JSON.

pub(crate) mod client;

use std::time::Duration;

/// An API.
#[derive(Clone)]
pub(crate) struct HttpService {
    /// Time for a request with its answer.
    pub(crate) timeout: Duration,
    /// User name and password.
    pub(crate) login: Option<(String, String)>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// JSON.
    pub body: Option<String>,
}

/// How an API is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}
