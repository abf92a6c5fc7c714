//! The collector's keys with the original's names and defaults (`spec/collector.md` 8.2), and a few of ours.

mod compression;
mod monitoring;
mod pattern;
mod same_site;
mod ssl;
mod streams;

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use serde::Deserialize;
use service::config::Ignored;

pub use self::{
    compression::{Compression, CompressionKind},
    monitoring::{Metrics, Monitoring, RequestLog, Statsd},
    pattern::Pattern,
    same_site::SameSite,
    ssl::Ssl,
    streams::{BackoffPolicy, Buffer, Kind, Log, Sink, Stream, Streams},
};
use crate::compatibility::Compatibility;

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The contents of `collector { ... }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CollectorConfig {
    /// Ours: which line of the original is spoken, `"3"` or `"2"`.
    pub compatibility: Compatibility,
    /// Address to listen on. The original ignores it and takes every address; so do we when it is `0.0.0.0`.
    pub interface: String,
    /// Port to listen on.
    pub port: u16,
    /// Ours: where health and metrics of the process are served, beside the collector's own port.
    pub admin_listen: Option<SocketAddr>,
    /// Request path -> path written into the payload, each with leading slash and two segments.
    pub paths: HashMap<String, String>,
    /// The `P3P` header, sent by the Apache line alone.
    pub p3p: P3p,
    /// `/crossdomain.xml`.
    pub cross_domain: CrossDomain,
    /// The identity cookie.
    pub cookie: Cookie,
    /// The cookie by which a visitor opts out.
    pub do_not_track_cookie: DoNotTrackCookie,
    /// Finding out by a redirect whether the browser keeps third-party cookies.
    pub cookie_bounce: CookieBounce,
    /// The network user id inside redirect targets, in the Apache line alone.
    pub redirect_macro: RedirectMacro,
    /// Whether `/r/<anything>` redirects.
    pub enable_default_redirect: bool,
    /// Hosts a redirect may lead to; empty: any.
    pub redirect_domains: Vec<String>,
    /// What `GET /` answers.
    pub root_response: RootResponse,
    /// Preflight.
    pub cors: Cors,
    /// TLS beside HTTP.
    pub ssl: Ssl,
    /// `Strict-Transport-Security` on every response.
    pub hsts: Hsts,
    /// Caps and timeouts.
    pub networking: Networking,
    /// Where payloads go.
    pub streams: Streams,
    /// Payloads of many requests in one record.
    pub compression: Compression,
    /// What is told about requests.
    pub monitoring: Monitoring,
    /// How long requests are still served once the process was asked to stop.
    #[serde(with = "service::config::duration")]
    pub pre_termination_period: Duration,
    /// Whether `/health` answers 503 during that time.
    pub pre_termination_unhealthy: bool,
    /// How long requests in flight may take after that.
    #[serde(with = "service::config::duration")]
    pub termination_deadline: Duration,
    /// Accepted and without effect: nothing is licensed.
    pub license: Ignored,
    /// Accepted and without effect: nothing phones home.
    pub telemetry: Ignored,
    /// Accepted and without effect: there is nothing to warm up.
    pub warmup: Ignored,
    /// The `collector` field of payloads, `ssc-<version>-<sink>`; set by whoever opens the sink, not a key.
    #[serde(skip, default = "default_name")]
    pub name: String,
}

/// `p3p`
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct P3p {
    /// Where the policy is.
    #[serde(rename = "policyRef")]
    pub policy_ref: String,
    /// The compact policy.
    #[serde(rename = "CP")]
    pub cp: String,
}

/// `crossDomain`
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct CrossDomain {
    /// Whether the file is served.
    pub enabled: bool,
    /// Domains that may read responses.
    pub domains: Vec<String>,
    /// Whether only over TLS.
    pub secure: bool,
}

/// `cookie`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cookie {
    /// Whether it is set at all.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// How long a browser keeps it.
    #[serde(with = "service::config::duration")]
    pub expiration: Duration,
    /// Domains it may be set for, in order of preference.
    pub domains: Vec<String>,
    /// Domain when none of those matches the origin.
    pub fallback_domain: Option<String>,
    /// `Secure`; `SameSite=None` forces it in the current line.
    pub secure: bool,
    /// `HttpOnly`
    pub http_only: bool,
    /// `SameSite`; `null` leaves it out.
    pub same_site: Option<SameSite>,
    /// Name of a second cookie with the same value that scripts can read.
    pub client_cookie_name: Option<String>,
}

/// `doNotTrackCookie`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoNotTrackCookie {
    /// Whether it is honoured.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// What its whole value must match.
    pub value: Pattern,
}

/// `cookieBounce`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieBounce {
    /// Whether it is done.
    pub enabled: bool,
    /// Query parameter that marks the second visit.
    pub name: String,
    /// Network user id of browsers that keep no cookies.
    pub fallback_network_user_id: String,
    /// Header with the scheme the visitor used.
    pub forwarded_protocol_header: Option<String>,
}

/// `redirectMacro`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RedirectMacro {
    /// Whether the placeholder is replaced.
    pub enabled: bool,
    /// The placeholder; unset: `${SP_NUID}`.
    pub placeholder: Option<String>,
}

/// `rootResponse`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RootResponse {
    /// Whether `GET /` is answered.
    pub enabled: bool,
    /// Status.
    pub status_code: u16,
    /// Headers.
    pub headers: HashMap<String, String>,
    /// Body.
    pub body: String,
}

/// `cors`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cors {
    /// How long browsers remember a preflight.
    #[serde(with = "service::config::duration")]
    pub access_control_max_age: Duration,
}

/// `hsts`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Hsts {
    /// Whether the header is sent.
    pub enable: bool,
    /// How long browsers insist on TLS.
    #[serde(with = "service::config::duration")]
    pub max_age: Duration,
}

/// `networking`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Networking {
    /// Open connections; further ones wait in the kernel's queue until one closes.
    pub max_connections: usize,
    /// Ours: whether HTTP/2 is spoken with clients that begin with it, or choose it in the TLS handshake.
    pub http2: bool,
    /// Ours: requests that may wait for the sinks at once; further ones are told to come again.
    pub max_in_flight: usize,
    /// Ours: bytes that such requests, and bodies on their way in, may have together.
    pub max_bytes_in_flight: usize,
    /// A connection without a request is closed after this.
    #[serde(with = "service::config::duration")]
    pub idle_timeout: Duration,
    /// Ours: a head that has begun must be complete within this.
    #[serde(with = "service::config::duration")]
    pub header_read_timeout: Duration,
    /// A response must be ready within this after the body has come.
    #[serde(with = "service::config::duration")]
    pub response_header_timeout: Duration,
    /// A body must be complete within this after the head.
    #[serde(with = "service::config::duration")]
    pub body_read_timeout: Duration,
    /// Bytes of the request line.
    pub max_request_line_length: usize,
    /// Bytes of all headers together.
    pub max_headers_length: usize,
    /// A larger payload becomes a bad row.
    pub max_payload_size: usize,
    /// A larger body is refused with 413.
    pub drop_payload_size: usize,
    /// Ours: whether bodies with `Content-Encoding: gzip` or `deflate` are stored inflated. Off, as in the original, they are
    /// stored as they came, and enrich makes a bad row of each.
    pub gzip_request_bodies: bool,
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Self {
            compatibility: Compatibility::default(),
            interface: "0.0.0.0".into(),
            port: 8080,
            admin_listen: None,
            paths: HashMap::new(),
            p3p: P3p::default(),
            cross_domain: CrossDomain::default(),
            cookie: Cookie::default(),
            do_not_track_cookie: DoNotTrackCookie::default(),
            cookie_bounce: CookieBounce::default(),
            redirect_macro: RedirectMacro::default(),
            enable_default_redirect: false,
            redirect_domains: Vec::new(),
            root_response: RootResponse::default(),
            cors: Cors::default(),
            ssl: Ssl::default(),
            hsts: Hsts::default(),
            networking: Networking::default(),
            streams: Streams::default(),
            compression: Compression::default(),
            monitoring: Monitoring::default(),
            pre_termination_period: Duration::from_secs(10),
            pre_termination_unhealthy: false,
            termination_deadline: Duration::from_secs(10),
            license: Ignored,
            telemetry: Ignored,
            warmup: Ignored,
            name: default_name(),
        }
    }
}

impl Default for P3p {
    fn default() -> Self {
        Self { policy_ref: "/w3c/p3p.xml".into(), cp: "NOI DSP COR NID PSA OUR IND COM NAV STA".into() }
    }
}

impl Default for CrossDomain {
    fn default() -> Self {
        Self { enabled: false, domains: vec!["*".into()], secure: true }
    }
}

impl Default for Cookie {
    fn default() -> Self {
        Self {
            enabled: true,
            name: "sp".into(),
            expiration: YEAR,
            domains: Vec::new(),
            fallback_domain: None,
            secure: true,
            http_only: true,
            same_site: Some(SameSite::None),
            client_cookie_name: None,
        }
    }
}

impl Default for CookieBounce {
    fn default() -> Self {
        Self {
            enabled: false,
            name: "n3pc".into(),
            fallback_network_user_id: "00000000-0000-4000-A000-000000000000".into(),
            forwarded_protocol_header: None,
        }
    }
}

impl Default for RootResponse {
    fn default() -> Self {
        Self { enabled: false, status_code: 302, headers: HashMap::new(), body: String::new() }
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self { access_control_max_age: Duration::from_secs(3600) }
    }
}

impl Default for Hsts {
    fn default() -> Self {
        Self { enable: false, max_age: YEAR }
    }
}

impl Default for Networking {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            http2: true,
            max_in_flight: 2048,
            max_bytes_in_flight: 67_108_864,
            idle_timeout: Duration::from_secs(610),
            header_read_timeout: Duration::from_secs(25),
            response_header_timeout: Duration::from_secs(30),
            body_read_timeout: Duration::from_secs(25),
            max_request_line_length: 20_480,
            max_headers_length: 40_960,
            max_payload_size: 1_048_576,
            drop_payload_size: 2_097_152,
            gzip_request_bodies: false,
        }
    }
}

impl RedirectMacro {
    /// What is replaced, if anything.
    pub fn active(&self) -> Option<&str> {
        self.enabled.then(|| self.placeholder.as_deref().unwrap_or("${SP_NUID}"))
    }
}

fn default_name() -> String {
    format!("ssc-{}-logsink", env!("CARGO_PKG_VERSION"))
}
