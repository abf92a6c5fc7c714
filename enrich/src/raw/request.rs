//! Collector payload -> request: the four checks of `spec/enrich.md` 1.3.

use std::borrow::Cow;

use bytes::Bytes;
use event::{
    bad_row::{Message, RawEvent, RequestPayload},
    java_uuid,
    payload::CollectorPayload,
};

use super::{client_address::client_address, path::vendor_version};
use crate::{
    compatibility::Compatibility,
    java::charset::Charset,
    parameters::Parameters,
    querystring::{self, Pairs},
};

/// A request that adapters can read.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) payload: CollectorPayload,
    pub(crate) vendor: String,
    pub(crate) version: String,
    pub(crate) query: Pairs,
    pub(crate) charset: Charset,
    /// Canonical.
    pub(crate) network_userid: Option<String>,
    pub(crate) client_address: Option<String>,
}

/// What payloads must follow.
const CRITERION: &str = "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-*";

impl Request {
    /// Reads a Thrift payload.
    ///
    /// # Errors
    /// One message per failed check; each becomes a bad row of its own.
    pub(crate) fn read(record: &Bytes, compatibility: Compatibility) -> Result<Self, Vec<Message>> {
        let thrift = |why: String| vec![simple(format!("error deserializing raw event: {why}"))];
        let payload = CollectorPayload::decode(record)
            .map_err(|e| thrift(if compatibility.is_apache() { e.apache_text() } else { e.to_string() }))?;
        let schema_error = schema_error(&payload.schema, compatibility);
        if let Some(error) = schema_error.as_ref().filter(|_| compatibility.checks_payload_schema_first()) {
            return Err(vec![simple(error.clone())]);
        }
        let charset = Charset::named(payload.encoding.as_deref()).map_err(thrift)?;
        let mut messages = Vec::new();
        let query =
            querystring::parse(payload.querystring.as_deref().unwrap_or(""), charset).unwrap_or_else(|why| {
                let expectation = format!(
                    "could not extract name-value pairs from querystring with encoding {}: {why}",
                    charset.name()
                );
                messages.push(input("querystring", payload.querystring.clone(), expectation));
                Pairs::default()
            });
        let parts = match payload.path.as_deref() {
            None => {
                messages.push(input("path", None, "request does not contain a path"));
                None
            }
            Some(path) => vendor_version(path).or_else(|| {
                let expectation =
                    "path does not match (/)vendor/version(/) nor is a legacy /i(ce.png) request";
                messages.push(input("path", payload.path.clone(), expectation));
                None
            }),
        };
        let (vendor, version) =
            parts.map(|(vendor, version)| (vendor.to_owned(), version.to_owned())).unwrap_or_default();
        let network_userid = payload.network_userid.as_deref().and_then(|id| {
            let parsed = java_uuid::parse_lenient(id);
            if parsed.is_none() {
                messages.push(input("networkUserId", payload.network_userid.clone(), "not valid UUID"));
            }
            parsed.map(|id| id.to_string())
        });
        messages.extend(schema_error.map(simple));
        if !messages.is_empty() {
            return Err(messages);
        }
        let headers = payload.headers.as_deref().unwrap_or(&[]);
        let client_address = client_address(headers, payload.ip_address.as_deref(), compatibility);
        Ok(Self { vendor, version, query, charset, network_userid, client_address, payload })
    }

    /// The body as text, broken UTF-8 as U+FFFD.
    pub(crate) fn body(&self) -> Option<Cow<'_, str>> {
        self.payload.body.as_deref().map(event::utf8::decode)
    }

    /// What bad rows of adapters hold.
    pub(crate) fn for_bad_row(&self) -> RequestPayload {
        let payload = &self.payload;
        RequestPayload {
            vendor: self.vendor.clone(),
            version: self.version.clone(),
            querystring: self
                .query
                .iter()
                .map(|(name, value)| (name.to_owned(), value.map(str::to_owned)))
                .collect(),
            content_type: payload.content_type.clone(),
            body: self.body().map(Cow::into_owned),
            collector: payload.collector.clone(),
            encoding: payload.encoding.clone(),
            hostname: payload.hostname.clone(),
            timestamp: Some(payload.timestamp),
            ip_address: self.client_address.clone(),
            useragent: payload.user_agent.clone(),
            referer_uri: payload.referer_uri.clone(),
            headers: payload.headers.clone().unwrap_or_default(),
            network_userid: self.network_userid.clone(),
        }
    }

    /// What bad rows of events hold.
    pub(crate) fn raw_event(&self, parameters: &Parameters<'_>) -> RawEvent {
        let payload = &self.payload;
        RawEvent {
            vendor: self.vendor.clone(),
            version: self.version.clone(),
            parameters: parameters
                .iter()
                .map(|p| (p.name.clone().into_owned(), p.value.clone().map(Cow::into_owned)))
                .collect(),
            content_type: payload.content_type.clone(),
            loader_name: payload.collector.clone(),
            encoding: payload.encoding.clone(),
            hostname: payload.hostname.clone(),
            timestamp: Some(payload.timestamp),
            ip_address: self.client_address.clone(),
            useragent: payload.user_agent.clone(),
            referer_uri: payload.referer_uri.clone(),
            headers: payload.headers.clone().unwrap_or_default(),
            user_id: self.network_userid.clone(),
        }
    }
}

fn schema_error(schema: &str, compatibility: Compatibility) -> Option<String> {
    if schema == event::payload::SCHEMA {
        return None;
    }
    match compatibility.schema_key(schema) {
        Err(invalid) => Some(format!("could not parse schema: {}", invalid.code)),
        Ok(key) => {
            let fits = key.vendor == "com.snowplowanalytics.snowplow"
                && key.name == "CollectorPayload"
                && key.format == "thrift"
                && (key.version.model, key.version.revision) == (1, 0);
            (!fits).then(|| format!("verifying record as {CRITERION} failed: found {key}"))
        }
    }
}

fn simple(error: String) -> Message {
    Message::Simple { error }
}

fn input(field: &str, value: Option<String>, expectation: impl Into<String>) -> Message {
    Message::InputData { field: field.to_owned(), value, expectation: expectation.into() }
}
