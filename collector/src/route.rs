//! What a request is (`spec/collector.md` 2.2 and 2.3).

use std::borrow::Cow;

use event::utf8;

use crate::{compatibility::Compatibility, config::CollectorConfig, head::Method, query, redirect};

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

/// Finds the route of a method and an undecoded path. Segments are compared decoded: `/%72/x` is as much a redirect as
/// `/r/x`.
pub fn route<'a>(method: Method, path: &'a [u8], config: &'a CollectorConfig) -> Route<'a> {
    let is_v2 = config.compatibility.is_v2();
    let segments = segments(path, config.compatibility);
    let (first, second) = match &segments {
        [Some(first), None, None] => (first.as_ref(), None),
        [Some(first), Some(second), None] => (first.as_ref(), Some(second.as_ref())),
        _ if method == Method::Options => return Route::Preflight,
        _ => return Route::NotFound,
    };
    if let ("r", Some(target), false) = (first, second, config.enable_default_redirect)
        && !(is_v2 && target.is_empty())
    {
        return Route::RedirectsOff;
    }
    match (method, first, second) {
        (Method::Options, ..) => Route::Preflight,
        (Method::Get | Method::Head | Method::Post, vendor, Some(version))
            if !vendor.is_empty() && (!version.is_empty() || !is_v2) =>
        {
            Route::Event(event_path(path, vendor, version, config))
        }
        (Method::Get | Method::Head, "i", None) => Route::Event("/i".into()),
        (Method::Get | Method::Head, "ice.png", None) => Route::Event("/ice.png".into()),
        (Method::Get, "", None) if path == b"/" && config.root_response.enabled => Route::Root,
        (Method::Get, "crossdomain.xml", None) if config.cross_domain.enabled => Route::CrossDomain,
        (Method::Get, "health", None) => Route::Health,
        (Method::Get, "sink-health", None) => Route::SinkHealth,
        (Method::Get, "robots.txt", None) => Route::Robots,
        _ => Route::NotFound,
    }
}

/// The decoded segments, three at most: more are as many as three.
fn segments(path: &[u8], compatibility: Compatibility) -> [Option<Cow<'_, str>>; 3] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let decoded = |segment| match memchr::memchr(b'%', segment) {
        Some(_) => query::decode_escapes(segment),
        None => utf8::decode(segment),
    };
    let mut segments = path.split(|&b| b == b'/').map(decoded);
    match compatibility {
        Compatibility::V2 => {
            let mut segments = without_dots(segments).into_iter();
            std::array::from_fn(|_| segments.next())
        }
        Compatibility::V3 => std::array::from_fn(|_| segments.next()),
    }
}

/// RFC 3986 5.2.4, which the Apache line applies to what was decoded.
fn without_dots<'a>(segments: impl Iterator<Item = Cow<'a, str>>) -> Vec<Cow<'a, str>> {
    let (mut out, mut at_dots) = (Vec::new(), false);
    for segment in segments {
        at_dots = segment == "." || segment == "..";
        if segment == ".." {
            out.pop();
        } else if segment != "." {
            out.push(segment);
        }
    }
    if at_dots {
        out.push(Cow::Borrowed(""));
    }
    out
}

/// Both segments, looked up as they are.
fn event_path<'a>(path: &'a [u8], vendor: &str, version: &str, config: &'a CollectorConfig) -> Cow<'a, str> {
    let same = path.len() == vendor.len() + version.len() + 2;
    let decoded = match std::str::from_utf8(path) {
        Ok(text) if same && !path.contains(&b'%') => Cow::Borrowed(text),
        _ => Cow::Owned(format!("/{vendor}/{version}")),
    };
    match config.paths.get(decoded.as_ref()) {
        Some(mapped) => Cow::Borrowed(mapped.as_str()),
        None => decoded,
    }
}
