//! Sends requests to remote adapters.

use std::{sync::OnceLock, time::Duration};

use reqwest::{header, redirect};
use tokio::sync::Semaphore;

use super::Call;
use crate::lookup::http::client::told;

/// Sends requests, so many at a time.
#[derive(Debug)]
pub struct Client {
    /// Made when the first call asks for it.
    http: OnceLock<reqwest::Client>,
    settings: Settings,
    permits: Semaphore,
}

/// How remote adapters are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time to connect.
    pub connection_timeout: Duration,
    /// Time for a request with its answer.
    pub read_timeout: Duration,
    /// Requests at the same time.
    pub max_connections: usize,
}

/// Longest answer in bytes.
const MAX_ANSWER: usize = 16 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self {
            connection_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(45),
            max_connections: 10,
        }
    }
}

impl Client {
    /// A client that has connected to nobody yet.
    pub fn new(settings: Settings) -> Self {
        Self { http: OnceLock::new(), settings, permits: Semaphore::new(settings.max_connections) }
    }

    /// Sends a request: the answer's text, or what happened instead.
    ///
    /// # Errors
    /// What happened instead, in one line.
    pub async fn call(&self, call: &Call) -> Result<String, String> {
        let _permit = self.permits.acquire().await.map_err(|closed| closed.to_string())?;
        tokio::time::timeout(self.settings.read_timeout, self.send(call)).await.unwrap_or_else(|_| {
            Err(format!("no answer within {} s", self.settings.read_timeout.as_secs_f64()))
        })
    }

    async fn send(&self, call: &Call) -> Result<String, String> {
        let request = self
            .http()?
            .post(&call.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(call.body.clone());
        let mut response = request.send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("it answered {}", response.status()));
        }
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(told)? {
            answer.extend_from_slice(&part);
            if answer.len() > MAX_ANSWER {
                return Err(format!("the answer is longer than {MAX_ANSWER} bytes"));
            }
        }
        Ok(event::utf8::decode(&answer).into_owned())
    }

    fn http(&self) -> Result<&reqwest::Client, String> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let builder = reqwest::Client::builder()
            .connect_timeout(self.settings.connection_timeout)
            .redirect(redirect::Policy::none());
        let http = builder.build().map_err(told)?;
        Ok(self.http.get_or_init(|| http))
    }
}
