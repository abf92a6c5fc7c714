//! Sends requests to APIs, and reads answers as JSON.

use std::{error::Error, sync::OnceLock, time::Duration};

use event::{json, utf8};
use reqwest::{header, redirect};
use serde_json::Value;

use super::{super::LATE, HttpService, Method, Request};

/// Longest answer in bytes.
const MAX_ANSWER: usize = 16 << 20;

/// Connections to APIs.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// Made when the first request asks for it.
    http: OnceLock<reqwest::Client>,
}

impl Client {
    /// Sends a request within the API's time.
    ///
    /// # Errors
    /// What happened instead of an answer with JSON, in one line.
    pub(crate) async fn send(&self, service: &HttpService, request: &Request) -> Result<Value, String> {
        let (status, text) = self.exchange(service, request).await?;
        if !(200..300).contains(&status) {
            return Err(format!("Request failed with status {status}"));
        }
        json::parse(&text).map_err(|why| format!("invalid json: {why}"))
    }

    /// JSON whatever the status.
    ///
    /// # Errors
    /// What happened instead of JSON, in one line.
    pub(crate) async fn get(&self, url: String, timeout: Duration) -> Result<Value, String> {
        let service = HttpService { timeout, login: None };
        let request = Request { method: Method::Get, url, body: None };
        let (status, text) = self.exchange(&service, &request).await?;
        json::parse(&text).map_err(|why| format!("status {status}, and invalid json: {why}"))
    }

    async fn exchange(&self, service: &HttpService, request: &Request) -> Result<(u16, String), String> {
        let late = |_| Err(format!("{LATE} {} ms", service.timeout.as_millis()));
        tokio::time::timeout(service.timeout, self.exchange_in_time(service, request))
            .await
            .unwrap_or_else(late)
    }

    async fn exchange_in_time(
        &self,
        service: &HttpService,
        request: &Request,
    ) -> Result<(u16, String), String> {
        let http = self.http()?;
        let url = reqwest::Url::parse(&request.url)
            .map_err(|why| format!("uri [{}] is not valid: {why}", request.url))?;
        let mut sent = match request.method {
            Method::Get => http.get(url),
            Method::Post => http.post(url),
            Method::Put => http.put(url),
        }
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "*/*");
        if let Some((user, password)) = &service.login {
            sent = sent.basic_auth(user, Some(password));
        }
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let mut response = sent.send().await.map_err(told)?;
        let mut answer = Vec::new();
        while let Some(part) = response.chunk().await.map_err(told)? {
            answer.extend_from_slice(&part);
            if answer.len() > MAX_ANSWER {
                return Err(format!("the answer is longer than {MAX_ANSWER} bytes"));
            }
        }
        Ok((response.status().as_u16(), utf8::decode(&answer).into_owned()))
    }

    fn http(&self) -> Result<&reqwest::Client, String> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let builder = reqwest::Client::builder().redirect(redirect::Policy::none());
        let http = builder.build().map_err(told)?;
        Ok(self.http.get_or_init(|| http))
    }
}

/// An error with its causes, without the address, which may hold a secret.
pub(crate) fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        told.push_str(&format!(": {source}"));
        cause = source.source();
    }
    told
}
