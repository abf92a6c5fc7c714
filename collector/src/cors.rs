//! Cross-origin headers (`spec/collector.md` 2.5).

use http::HeaderValue;

use crate::{
    compatibility::Compatibility,
    head::{Head, Name},
};

/// One origin of an `Origin` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// `https`
    pub scheme: &'a str,
    /// `shop.example`
    pub host: &'a str,
    /// `8080`
    pub port: Option<&'a str>,
}

/// The origins that the first `Origin` header names, in its order; what does not parse is left out.
pub fn origins(head: &Head) -> impl Iterator<Item = Origin<'_>> {
    let text = head.first(Name::Origin).and_then(|v| std::str::from_utf8(v).ok()).unwrap_or_default();
    text.split(' ').filter_map(parse)
}

/// The value of `Access-Control-Allow-Origin`.
pub fn allow_origin(head: &Head, compatibility: Compatibility) -> HeaderValue {
    let any = HeaderValue::from_static("*");
    match compatibility {
        Compatibility::V3 => origins(head).next().map_or(any, |origin| {
            let text = match origin.port {
                Some(port) => format!("{}://{}:{port}", origin.scheme, origin.host),
                None => format!("{}://{}", origin.scheme, origin.host),
            };
            HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("*"))
        }),
        // The Apache line echoes the whole header when all of it parses, and `null`.
        Compatibility::V2 => match head.first(Name::Origin) {
            Some(text) if text == b"null" || is_list_of_origins(text) => {
                HeaderValue::from_bytes(text).unwrap_or(any)
            }
            _ => any,
        },
    }
}

fn is_list_of_origins(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|t| t.split(' ').all(|item| parse(item).is_some()))
}

/// `scheme://host[:port]`
fn parse(item: &str) -> Option<Origin<'_>> {
    let (scheme, rest) = item.split_once("://")?;
    let valid_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
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
    let valid_host = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%[]:".contains(&b));
    (valid_scheme && valid_host).then_some(Origin { scheme, host, port })
}
