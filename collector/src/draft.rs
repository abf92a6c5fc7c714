//! The payload of a request before it is bytes: what it borrows stays in the request.

use std::{borrow::Cow, net::IpAddr};

use bytes::Bytes;
use event::{
    payload::{CollectorPayload, PayloadRef, SCHEMA},
    utf8,
};
use jiff::Timestamp;

use crate::{
    body::Body,
    client_ip,
    compatibility::Compatibility,
    config::CollectorConfig,
    content_type,
    head::{Head, Method, Name},
    header_list::{self, Lines},
    identity::Identity,
    server_rendered,
    target::{self, Target},
};

/// The character set every payload names.
const ENCODING: &str = "UTF-8";

/// Everything a payload holds (`spec/collector.md` 4.1).
#[derive(Debug)]
pub struct Draft<'a> {
    collector: &'a str,
    timestamp: i64,
    ip_address: Cow<'a, str>,
    user_agent: Option<Cow<'a, str>>,
    referer_uri: Option<Cow<'a, str>>,
    path: &'a str,
    querystring: Option<Cow<'a, str>>,
    body: Option<Bytes>,
    headers: Lines<'a>,
    content_type: Option<Cow<'a, str>>,
    hostname: Option<String>,
    network_userid: &'a str,
}

impl<'a> Draft<'a> {
    /// Collects the fields of a request.
    pub fn new(
        head: &'a Head,
        body: Body,
        peer: IpAddr,
        (target, path): (&Target<'a>, &'a str),
        identity: &'a Identity<'a>,
        config: &'a CollectorConfig,
        now: Timestamp,
    ) -> Self {
        let compatibility = config.compatibility;
        let text = |name, field: &'static str| {
            head.first(name).map(|value| header_list::text(field.as_bytes(), value, compatibility))
        };
        let is_post = head.method() == Method::Post;
        let content_type = is_post.then(|| content_type::of_post(head, &body.bytes, compatibility)).flatten();
        let mut headers = header_list::header_list(head, identity.anonymous, compatibility);
        headers = body.headers(headers);
        if let Some(content_type) = &content_type {
            headers.push(content_type.as_bytes().to_vec());
        }
        let hostname = match compatibility {
            Compatibility::V2 => server_rendered::host_of_request(head, target)
                .map(|host| target::text_or_escapes(target::host_of(host.as_bytes())).into_owned()),
            Compatibility::V3 => target.absolute.map(|(_, authority)| {
                target::text_or_escapes(target::host_of(authority)).to_ascii_lowercase()
            }),
        };
        Self {
            collector: &config.name,
            timestamp: now.as_millisecond(),
            ip_address: match identity.anonymous {
                true => client_ip::UNKNOWN.into(),
                false => client_ip::client_ip(head, peer, compatibility),
            },
            user_agent: text(Name::UserAgent, "user-agent"),
            referer_uri: text(Name::Referer, "referer"),
            path,
            querystring: match (target.query, compatibility.is_v2()) {
                (None, true) => None,
                _ => Some(target.query_text()),
            },
            body: is_post.then(|| match compatibility {
                Compatibility::V2 => content_type::body_v2(body.bytes, head),
                Compatibility::V3 => body.bytes,
            }),
            headers,
            content_type,
            hostname,
            network_userid: &identity.network_userid,
        }
    }

    /// The client's address, or `unknown`.
    pub fn ip_address(&self) -> &str {
        &self.ip_address
    }

    /// Its Thrift bytes, when there are less than `limit` of them; else their number.
    ///
    /// # Errors
    /// The number of bytes there would be.
    pub fn encode(&self, limit: usize) -> Result<Vec<u8>, usize> {
        let payload = PayloadRef {
            schema: SCHEMA,
            ip_address: Some(&self.ip_address),
            timestamp: self.timestamp,
            encoding: Some(ENCODING),
            collector: Some(self.collector),
            user_agent: self.user_agent.as_deref(),
            referer_uri: self.referer_uri.as_deref(),
            path: Some(self.path),
            querystring: self.querystring.as_deref(),
            body: self.body.as_deref(),
            headers: Some(self.headers.as_slice()),
            content_type: self.content_type.as_deref(),
            hostname: self.hostname.as_deref(),
            network_userid: Some(self.network_userid),
        };
        let size = payload.encoded_len();
        if size >= limit {
            return Err(size);
        }
        let mut bytes = Vec::with_capacity(size);
        payload.encode_into(&mut bytes);
        Ok(bytes)
    }

    /// The payload itself.
    pub fn into_payload(self) -> CollectorPayload {
        CollectorPayload {
            schema: SCHEMA.into(),
            headers: Some(self.headers.iter().map(|line| utf8::decode(line).into_owned()).collect()),
            ip_address: Some(self.ip_address.into_owned()),
            timestamp: self.timestamp,
            encoding: Some(ENCODING.into()),
            collector: Some(self.collector.into()),
            user_agent: self.user_agent.map(Cow::into_owned),
            referer_uri: self.referer_uri.map(Cow::into_owned),
            path: Some(self.path.into()),
            querystring: self.querystring.map(Cow::into_owned),
            body: self.body,
            content_type: self.content_type.map(Cow::into_owned),
            hostname: self.hostname,
            network_userid: Some(self.network_userid.into()),
        }
    }
}
