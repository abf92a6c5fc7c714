//! Responses, byte by byte (`spec/collector.md` 2.4).

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    compatibility::Compatibility,
    config::{self, CollectorConfig},
    refusal::Refusal,
};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
}

/// A few headers in their order. Names are compared one by one: a map of so few takes longer to make than to search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, HeaderValue)>);

/// The headers that most answers have room for.
const USUAL: usize = 8;

impl Response {
    /// An answer without headers.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Headers::default(), body: body.into() }
    }

    /// As HTTP/2 takes it.
    pub fn into_http(self) -> http::Response<Bytes> {
        let mut response = http::Response::new(self.body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers.0 {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl Headers {
    /// Adds one, in the place of any of that name.
    pub fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.append(name, value),
        }
    }

    /// Adds one, behind any of that name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        if self.0.is_empty() {
            self.0.reserve(USUAL);
        }
        self.0.push((name, value));
    }

    /// The first of that name.
    pub fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

/// The transparent pixel; the lines differ in one byte.
const PIXEL_V2: &[u8] = b"GIF89a\x01\x00\x01\x00\xf0\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
const PIXEL_V3: &[u8] = b"GIF89a\x01\x00\x01\x00\xf0\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x05\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
const ROBOTS_V2: &[u8] = b"User-agent: *\nDisallow: /";
const ROBOTS_V3: &[u8] =
    b"User-agent: *\nDisallow: /\n\nUser-agent: Googlebot\nDisallow: /\n\nUser-agent: AdsBot-Google\nDisallow: /";

/// Seconds after which a refused client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// The transparent pixel.
pub fn pixel(compatibility: Compatibility) -> Bytes {
    Bytes::from_static(match compatibility {
        Compatibility::V2 => PIXEL_V2,
        Compatibility::V3 => PIXEL_V3,
    })
}

/// A text that is no event's answer.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(status, body);
    let plain = HeaderValue::from_static("text/plain; charset=UTF-8");
    response.headers.insert(header::CONTENT_TYPE, plain);
    response
}

/// No body.
pub fn empty(status: StatusCode) -> Response {
    Response::new(status, Bytes::new())
}

/// `/health`, `/sink-health`
pub fn health(healthy: bool, compatibility: Compatibility) -> Response {
    match (healthy, compatibility) {
        (true, Compatibility::V2) => text(StatusCode::OK, Bytes::from_static(b"OK")),
        (true, Compatibility::V3) => text(StatusCode::OK, Bytes::from_static(b"ok")),
        (false, _) => text(StatusCode::SERVICE_UNAVAILABLE, Bytes::from_static(b"Service Unavailable")),
    }
}

/// Anything nobody serves.
pub fn not_found(compatibility: Compatibility) -> Response {
    text(
        StatusCode::NOT_FOUND,
        Bytes::from_static(match compatibility {
            Compatibility::V2 => b"404 not found",
            Compatibility::V3 => b"Not found",
        }),
    )
}

/// `/r/...` while redirects are off.
pub fn redirects_off() -> Response {
    text(StatusCode::NOT_FOUND, Bytes::from_static(b"redirects disabled"))
}

/// `/robots.txt`
pub fn robots(compatibility: Compatibility) -> Response {
    text(
        StatusCode::OK,
        Bytes::from_static(match compatibility {
            Compatibility::V2 => ROBOTS_V2,
            Compatibility::V3 => ROBOTS_V3,
        }),
    )
}

/// `/crossdomain.xml`
pub fn cross_domain(config: &config::CrossDomain, compatibility: Compatibility) -> Response {
    let (indent, content_type) = match compatibility {
        Compatibility::V2 => ("  ", "text/xml; charset=ISO-8859-1"),
        Compatibility::V3 => ("", "text/xml"),
    };
    let secure = config.secure;
    let domains = config.domains.iter();
    let lines =
        domains.map(|d| format!("{indent}<allow-access-from domain=\"{d}\" secure=\"{secure}\" />\n"));
    let mut lines: String = lines.collect();
    if lines.is_empty() && compatibility.is_v2() {
        lines.push('\n');
    }
    let body = format!("<?xml version=\"1.0\"?>\n<cross-domain-policy>\n{lines}</cross-domain-policy>");
    let mut response = text(StatusCode::OK, body);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// `GET /`; headers that cannot be sent are left out.
pub fn root(config: &config::RootResponse, compatibility: Compatibility) -> Response {
    let mut response = empty(StatusCode::from_u16(config.status_code).unwrap_or(StatusCode::FOUND));
    response.body = Bytes::from(config.body.clone());
    let headers = &mut response.headers;
    for (name, value) in &config.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if compatibility.is_v2() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    }
    response
}

/// The answer to a preflight.
pub fn preflight(allow_origin: HeaderValue, config: &config::Cors) -> Response {
    let mut response = empty(StatusCode::OK);
    let headers = &mut response.headers;
    allow(headers, allow_origin);
    let allowed = HeaderValue::from_static("Content-Type, SP-Anonymous");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers
        .insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(config.access_control_max_age.as_secs()));
    response
}

/// Cross-origin headers.
pub fn allow(headers: &mut Headers, allow_origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allow_origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
}

/// The same is found elsewhere. Scripts of other origins may follow.
pub fn moved(status: StatusCode, location: HeaderValue, allow_origin: HeaderValue) -> Response {
    let mut response = empty(status);
    allow(&mut response.headers, allow_origin);
    response.headers.insert(header::LOCATION, location);
    response
}

/// The event could not be stored now: the client keeps it and tries again.
pub fn try_again(allow_origin: HeaderValue) -> Response {
    let mut response = health(false, Compatibility::V3);
    response.headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    allow(&mut response.headers, allow_origin);
    response
}

/// The answer to a request that is refused. `from`: the client, where it is known.
pub fn refused(refusal: &Refusal, compatibility: Compatibility, from: Option<SocketAddr>) -> Response {
    let body = refusal.body(compatibility, from);
    let status = refusal.status(compatibility);
    if body.is_empty() { empty(status) } else { text(status, body) }
}

/// The sink took too long.
pub fn timed_out(compatibility: Compatibility) -> Response {
    match compatibility {
        Compatibility::V2 => {
            text(StatusCode::SERVICE_UNAVAILABLE, Bytes::from_static(b"Service Unavailable"))
        }
        Compatibility::V3 => text(StatusCode::REQUEST_TIMEOUT, Bytes::from_static(b"Response timed out")),
    }
}

/// The parts that are the same for every request of a configuration.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// `P3P`, in the Apache line.
    pub p3p: Option<HeaderValue>,
    /// `Strict-Transport-Security`, where it is configured.
    pub hsts: Option<HeaderValue>,
}

impl Fixed {
    /// Made once.
    pub fn new(config: &CollectorConfig) -> Self {
        let p3p = format!("policyref=\"{}\", CP=\"{}\"", config.p3p.policy_ref, config.p3p.cp);
        let hsts = format!("max-age={}; includeSubDomains", config.hsts.max_age.as_secs());
        Self {
            p3p: config.compatibility.is_v2().then(|| HeaderValue::try_from(p3p).ok()).flatten(),
            hsts: config.hsts.enable.then(|| HeaderValue::try_from(hsts).ok()).flatten(),
        }
    }
}
