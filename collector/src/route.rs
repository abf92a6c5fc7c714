//! What a request is (`spec/collector.md` 2.2 and 2.3).

use std::borrow::Cow;

use crate::{config::CollectorConfig, head::Method, query, redirect};

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// `OPTIONS` on anything.
    Preflight,
    /// An event with the path that its payload carries.
    Event(Cow<'a, str>),
    /// `/`, where it is configured.
    Root,
    /// `/crossdomain.xml`, where it is configured.
    CrossDomain,
    /// `/health`
    Health,
    /// `/sink-health`
    SinkHealth,
    /// `/robots.txt`
    Robots,
    /// `/r/<anything>` while redirects are off.
    RedirectsOff,
    /// Anything else.
    NotFound,
}

/// Where a request led, without what was in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// [`Route::Preflight`]
    Preflight,
    /// [`Route::Event`]
    Event,
    /// [`Route::Event`] that redirects.
    Redirect,
    /// [`Route::Root`]
    Root,
    /// [`Route::CrossDomain`]
    CrossDomain,
    /// [`Route::Health`]
    Health,
    /// [`Route::SinkHealth`]
    SinkHealth,
    /// [`Route::Robots`]
    Robots,
    /// [`Route::RedirectsOff`] and [`Route::NotFound`]
    NotFound,
    /// Any, sent to HTTPS.
    ToHttps,
}

impl Route<'_> {
    /// Its class.
    pub fn class(&self) -> Class {
        match self {
            Self::Preflight => Class::Preflight,
            Self::Event(path) if redirect::is_redirect(path) => Class::Redirect,
            Self::Event(_) => Class::Event,
            Self::Root => Class::Root,
            Self::CrossDomain => Class::CrossDomain,
            Self::Health => Class::Health,
            Self::SinkHealth => Class::SinkHealth,
            Self::Robots => Class::Robots,
            Self::RedirectsOff | Self::NotFound => Class::NotFound,
        }
    }
}

impl Class {
    /// Its name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Event => "event",
            Self::Redirect => "redirect",
            Self::Root => "root",
            Self::CrossDomain => "crossdomain",
            Self::Health => "health",
            Self::SinkHealth => "sink-health",
            Self::Robots => "robots",
            Self::NotFound => "not-found",
            Self::ToHttps => "https",
        }
    }
}

/// Finds the route of a method and an undecoded path.
pub fn route<'a>(method: Method, path: &'a [u8], config: &'a CollectorConfig) -> Route<'a> {
    let mut segments = path.strip_prefix(b"/").unwrap_or(path).split(|&b| b == b'/');
    let segments = (segments.next().unwrap_or_default(), segments.next(), segments.next());
    if let ((b"r", Some(_), None), false) = (segments, config.enable_default_redirect) {
        return Route::RedirectsOff;
    }
    match (method, segments) {
        (Method::Options, _) => Route::Preflight,
        (Method::Get | Method::Head | Method::Post, (vendor, Some(version), None))
            if !vendor.is_empty() && (!version.is_empty() || !config.compatibility.is_v2()) =>
        {
            Route::Event(event_path(path, vendor, version, config))
        }
        (Method::Get | Method::Head, (b"i", None, None)) => Route::Event("/i".into()),
        (Method::Get | Method::Head, (b"ice.png", None, None)) => Route::Event("/ice.png".into()),
        (Method::Get, (b"", None, None)) if config.root_response.enabled => Route::Root,
        (Method::Get, (b"crossdomain.xml", None, None)) if config.cross_domain.enabled => Route::CrossDomain,
        (Method::Get, (b"health", None, None)) => Route::Health,
        (Method::Get, (b"sink-health", None, None)) => Route::SinkHealth,
        (Method::Get, (b"robots.txt", None, None)) => Route::Robots,
        _ => Route::NotFound,
    }
}

/// Both segments decoded, then looked up as they are.
fn event_path<'a>(
    path: &'a [u8],
    vendor: &[u8],
    version: &[u8],
    config: &'a CollectorConfig,
) -> Cow<'a, str> {
    let decoded = match std::str::from_utf8(path) {
        Ok(text) if !path.contains(&b'%') => Cow::Borrowed(text),
        _ => Cow::Owned(format!("/{}/{}", query::decode_escapes(vendor), query::decode_escapes(version))),
    };
    match config.paths.get(decoded.as_ref()) {
        Some(mapped) => Cow::Borrowed(mapped.as_str()),
        None => decoded,
    }
}
