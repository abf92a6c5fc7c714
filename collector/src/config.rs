//! The collector's keys with the original's names and defaults (`spec/collector.md` 8.2), and a few of ours.

mod compression;
mod monitoring;
mod pattern;
mod problems;
mod same_site;
mod ssl;
mod streams;

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::config::Ignored;

pub use self::{
    compression::{Compression, CompressionKind},
    monitoring::{Metrics, Monitoring, RequestLog, Statsd},
    pattern::Pattern,
    same_site::SameSite,
    ssl::Ssl,
    streams::{BackoffPolicy, Buffer, Kind, Sink, Spill, Stream, Streams},
};
use crate::compatibility::Compatibility;

const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// The contents of `collector { ... }`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CollectorConfig {
    /// Ours. The line of the original that is spoken where the two disagree: "3", the current one, or "2", the Apache
    /// line, which OpenSnowcat goes on with.
    #[schemars(with = "String")]
    pub compatibility: Compatibility,
    /// Address to listen on. The original listens on every address, whatever stands here.
    pub interface: String,
    /// Port for HTTP; 0 takes one that is free and says which in the log.
    pub port: u16,
    /// Ours. Where /health, /ready and /metrics of the process are served, beside the collector's own port; unset:
    /// nowhere.
    #[schemars(with = "String", example = &"0.0.0.0:8000")]
    pub admin_listen: Option<SocketAddr>,
    /// Request path -> path in the payload, both with a leading slash and two segments. What is mapped to a path that
    /// begins with /r/ is a redirect, whatever enableDefaultRedirect says.
    #[schemars(example = serde_json::json!({"/com.acme/track": "/com.snowplowanalytics.snowplow/tp2"}))]
    pub paths: BTreeMap<String, String>,
    /// The P3P header. Sent with compatibility = "2" alone.
    pub p3p: P3p,
    /// GET /crossdomain.xml
    pub cross_domain: CrossDomain,
    /// The cookie with the network user id.
    pub cookie: Cookie,
    /// Who sends this cookie with a value that the regular expression matches as a whole is answered as usual;
    /// nothing is stored and no cookie is set.
    pub do_not_track_cookie: DoNotTrackCookie,
    /// Whoever comes without a network user id is first sent to the same address with a mark in the query. Who then
    /// still comes without one keeps no cookies and gets the fallback id.
    pub cookie_bounce: CookieBounce,
    /// The network user id inside redirect targets. With compatibility = "2" alone.
    pub redirect_macro: RedirectMacro,
    /// Whether /r/<anything>?u=<target> redirects. The event is stored also when the target is refused.
    pub enable_default_redirect: bool,
    /// Hosts a redirect may lead to, exactly as written; empty: any.
    pub redirect_domains: Vec<String>,
    /// GET /
    pub root_response: RootResponse,
    /// What browsers are told that ask before they send.
    pub cors: Cors,
    /// TLS, on a port of its own beside HTTP. Certificate and key are taken anew when their files change.
    pub ssl: Ssl,
    /// Strict-Transport-Security on every response.
    pub hsts: Hsts,
    /// Caps and timeouts.
    pub networking: Networking,
    /// Where payloads go. In the object style each stream has its keys. In the legacy style good and bad are names,
    /// and one sink and one buffer stand beside them: what a stream does not set itself is taken from there.
    pub streams: Streams,
    /// Payloads of many requests in one record, compressed.
    pub compression: Compression,
    /// What is told about requests, and to whom.
    pub monitoring: Monitoring,
    /// How long requests are still served after the process was asked to stop.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub pre_termination_period: Duration,
    /// Whether /health answers 503 meanwhile.
    pub pre_termination_unhealthy: bool,
    /// How long requests in flight may take after that.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub termination_deadline: Duration,
    /// The licence of the original.
    #[schemars(with = "String", extend("x-without-effect" = "nothing here is licensed"), example = serde_json::json!({"accept": true}))]
    pub license: Ignored,
    /// The original's reports to its vendor.
    #[schemars(with = "String", extend("x-without-effect" = "nothing phones home"), example = serde_json::json!({"disable": true}))]
    pub telemetry: Ignored,
    /// Requests to itself after the start, retired with collector 3.0.
    #[schemars(with = "String", extend("x-without-effect" = "there is nothing to warm up"), example = serde_json::json!({"enable": false}))]
    pub warmup: Ignored,
    /// The `collector` field of payloads, `ssc-<version>-<sink>`; set by whoever opens the sink, not a key.
    #[serde(skip, default = "default_name")]
    pub name: String,
}

/// `p3p`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cookie {
    /// Whether it is set at all.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// How long a browser keeps it.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub expiration: Duration,
    /// The first of these that is the host of the request's Origin, or that the host lies under, becomes the Domain
    /// attribute.
    pub domains: Vec<String>,
    /// The Domain attribute when none is; left out when this is not set.
    #[schemars(example = &"acme.com")]
    pub fallback_domain: Option<String>,
    /// `Secure`; `SameSite=None` forces it in the current line.
    pub secure: bool,
    /// `HttpOnly`
    pub http_only: bool,
    /// None, Lax or Strict; null leaves the attribute out. None forces Secure.
    #[schemars(with = "String")]
    pub same_site: Option<SameSite>,
    /// A second cookie with the same value that scripts can read.
    #[schemars(example = &"spc")]
    pub client_cookie_name: Option<String>,
}

/// `doNotTrackCookie`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct DoNotTrackCookie {
    /// Whether it is honoured.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// Regular expression.
    #[schemars(with = "String")]
    pub value: Pattern,
}

/// `cookieBounce`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieBounce {
    /// Whether it is done.
    pub enabled: bool,
    /// Query parameter that marks the second visit.
    pub name: String,
    /// Network user id of browsers that keep no cookies.
    pub fallback_network_user_id: String,
    /// Header with the scheme that the visitor used.
    #[schemars(example = &"X-Forwarded-Proto")]
    pub forwarded_protocol_header: Option<String>,
}

/// `redirectMacro`
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct RedirectMacro {
    /// Whether the placeholder is replaced.
    pub enabled: bool,
    /// What is replaced; unset: ${SP_NUID}
    #[schemars(example = &"[TOKEN]")]
    pub placeholder: Option<String>,
}

/// `rootResponse`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RootResponse {
    /// Whether `GET /` is answered.
    pub enabled: bool,
    /// Status.
    pub status_code: u16,
    /// Header lines.
    #[schemars(example = serde_json::json!({"Location": "https://acme.com/"}))]
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: String,
}

/// `cors`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cors {
    /// How long browsers remember a preflight.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub access_control_max_age: Duration,
}

/// `hsts`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Hsts {
    /// Whether the header is sent.
    pub enable: bool,
    /// How long browsers insist on TLS.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub max_age: Duration,
}

/// `networking`
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Networking {
    /// Connections served at once; further ones wait in the kernel's queue until one of these is closed.
    pub max_connections: usize,
    /// Ours. Whether HTTP/2 is spoken with clients that begin with it, or choose it in the TLS handshake.
    pub http2: bool,
    /// Ours. Requests that may wait for the sinks at once; further ones get 503 with Retry-After.
    pub max_in_flight: usize,
    /// Ours. Bytes that such requests, and bodies on their way in, may have together.
    pub max_bytes_in_flight: usize,
    /// A connection without a request is closed after this.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// Ours. A head must be complete this long after its first byte; else 408.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub header_read_timeout: Duration,
    /// The sink must have taken the event within this; else 408 (503 with compatibility = "2").
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub response_header_timeout: Duration,
    /// A body must be complete this long after its head; else 408.
    #[serde(with = "service::config::duration")]
    #[schemars(with = "String")]
    pub body_read_timeout: Duration,
    /// Bytes of the request line; beyond: 400. With compatibility = "2" the line may have what a URI of 32768 bytes
    /// needs.
    pub max_request_line_length: usize,
    /// Bytes of all headers together; beyond: 400.
    pub max_headers_length: usize,
    /// A payload with more bytes becomes a bad row without any attempt to split it.
    pub max_payload_size: usize,
    /// A body with more bytes is refused with 413.
    pub drop_payload_size: usize,
    /// Ours. Whether bodies that were sent with Content-Encoding: gzip, x-gzip or deflate are stored inflated;
    /// dropPayloadSize holds for them inflated as well. The payload's headers then have no Content-Encoding, and the
    /// length of the inflated body. Off, as in the original, such bodies are stored as they came, and enrich makes a
    /// bad row of each. A body that cannot be inflated is always stored as it came.
    pub gzip_request_bodies: bool,
}

/// Bytes of a body that the Apache line's server takes.
const V2_MAX_BODY: usize = 8 << 20;

impl CollectorConfig {
    /// Bytes of a body; a larger one is refused with 413.
    pub fn max_body(&self) -> usize {
        let limit = self.networking.drop_payload_size;
        if self.compatibility.is_v2() { limit.max(V2_MAX_BODY) } else { limit }
    }
}

impl Default for CollectorConfig {
    fn default() -> Self {
        Self {
            compatibility: Compatibility::default(),
            interface: "0.0.0.0".into(),
            port: 8080,
            admin_listen: None,
            paths: BTreeMap::new(),
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
        Self { enabled: false, status_code: 302, headers: BTreeMap::new(), body: String::new() }
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

impl CollectorConfig {
    /// What stands at the top of the reference configuration.
    pub const ABOUT: &str = "Every key of the collector, each with its default, or with an example in a comment where it has \
        none. Keys of the original keep its names and defaults; those marked with \"Ours\" are not in it. Environment \
        variables are read with ${?NAME}. Keys that nothing reads are reported at start and ignored.";
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
