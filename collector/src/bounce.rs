//! The cookie bounce (`spec/collector.md` 3.7): a redirect to the same address with a mark in its query.

use http::HeaderValue;

use crate::{
    config::CollectorConfig,
    head::{Head, Name},
    query,
    target::Target,
};

/// The address to come back to.
pub fn location(head: &Head, target: &Target<'_>, config: &CollectorConfig) -> Option<HeaderValue> {
    let mut out = Vec::with_capacity(target.path.len() + target.query.map_or(0, <[u8]>::len) + 64);
    let authority = match target.absolute {
        Some((_, authority)) => Some(authority),
        None if config.compatibility.is_v2() => head.first(Name::Host),
        None => None,
    };
    if let Some(authority) = authority {
        let header = config.cookie_bounce.forwarded_protocol_header.as_deref();
        match header.and_then(|name| head.first_named(name)) {
            Some(scheme @ (b"http" | b"https")) => {
                out.extend_from_slice(scheme);
                out.push(b':');
            }
            _ if config.compatibility.is_v2() => out.extend_from_slice(b"http:"),
            _ => {}
        }
        out.extend_from_slice(b"//");
        out.extend_from_slice(authority);
    }
    out.extend_from_slice(target.path);
    out.push(b'?');
    for (name, value) in query::pairs(target.query.unwrap_or_default()).filter(|(name, _)| !name.is_empty()) {
        query::encode(query::decode_form(name).as_bytes(), &mut out);
        if let Some(value) = value {
            out.push(b'=');
            query::encode(query::decode_form(value).as_bytes(), &mut out);
        }
        out.push(b'&');
    }
    query::encode(config.cookie_bounce.name.as_bytes(), &mut out);
    out.extend_from_slice(b"=true");
    HeaderValue::try_from(out).ok()
}
