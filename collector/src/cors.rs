//! Cross-origin headers (`spec/collector.md` 2.5 and 0.1, 8).

use std::borrow::Cow;

use http::HeaderValue;

use crate::{
    compatibility::Compatibility,
    head::{Head, Name},
};

/// One origin of an `Origin` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin<'a> {
    /// All of it.
    text: &'a str,
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
}

/// The value of `Access-Control-Allow-Origin`.
pub fn allow_origin(head: &Head, compatibility: Compatibility) -> HeaderValue {
    const ANY: HeaderValue = HeaderValue::from_static("*");
    if head.first(Name::Origin).is_none() {
        return ANY;
    }
    let origin = match compatibility {
        Compatibility::V3 => origins(head).next().and_then(|origin| HeaderValue::from_str(origin.text).ok()),
        // The Apache line echoes the whole header when all of it parses, and `null`.
        Compatibility::V2 => {
            let printed = head.all(Name::Origin).find_map(|v| printed(std::str::from_utf8(v).ok()?));
            printed.and_then(|origin| HeaderValue::try_from(origin).ok())
        }
    };
    origin.unwrap_or(ANY)
}

/// The hosts of the origins, in their order.
pub fn hosts(head: &Head, compatibility: Compatibility) -> Vec<Cow<'_, str>> {
    match compatibility {
        Compatibility::V3 => origins(head).map(|origin| Cow::Borrowed(origin.host)).collect(),
        Compatibility::V2 => {
            let first = head.all(Name::Origin).find_map(|v| origins_v2(std::str::from_utf8(v).ok()?));
            let hosts = first.unwrap_or_default().into_iter();
            hosts.map(|origin| Cow::Owned(origin.host.to_ascii_lowercase())).collect()
        }
    }
}

/// An `Origin` header as the Apache line prints it; `None` unless all of it is origins.
pub fn printed(text: &str) -> Option<String> {
    let origins = origins_v2(text)?;
    if origins.is_empty() {
        return Some(text.into());
    }
    let print = |origin: Origin<'_>| format!("{}://{}", origin.scheme, origin.host).to_ascii_lowercase();
    let origins = origins.into_iter().map(|origin| {
        match origin.port.and_then(|port| port.parse::<u16>().ok()).filter(|&port| port > 0) {
            Some(port) => format!("{}:{port}", print(origin)),
            None => print(origin),
        }
    });
    Some(origins.collect::<Vec<_>>().join(" "))
}

/// The origins that the first `Origin` header names, in its order; what does not parse is left out.
fn origins(head: &Head) -> impl Iterator<Item = Origin<'_>> {
    let text = head.first(Name::Origin).and_then(|v| std::str::from_utf8(v).ok()).unwrap_or_default();
    text.split(' ').filter_map(|item| parse(item).filter(|origin| !origin.host.is_empty()))
}

/// None at all of `null`.
fn origins_v2(text: &str) -> Option<Vec<Origin<'_>>> {
    if text == "null" {
        return Some(Vec::new());
    }
    let in_range = |origin: &Origin<'_>| origin.port.is_none_or(|port| port.parse::<u16>().is_ok());
    text.split(' ').map(|item| parse(item).filter(in_range)).collect()
}

/// `scheme://host[:port]`; the host may be empty, as in `file://`.
fn parse(item: &str) -> Option<Origin<'_>> {
    // A scheme has no colon in it.
    let (scheme, rest) = item.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    let host_end = match rest.strip_prefix('[') {
        Some(v6) => v6.find(']')? + 2,
        None => rest.find(':').unwrap_or(rest.len()),
    };
    let (host, port) = rest.split_at(host_end);
    let port = match port.strip_prefix(':') {
        Some(port) if !port.is_empty() && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) => {
            Some(port)
        }
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    let valid_host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&b)),
    };
    (crate::uri_reference::is_scheme(scheme) && valid_host).then_some(Origin {
        text: item,
        scheme,
        host,
        port,
    })
}
