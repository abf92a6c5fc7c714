//! Click redirects (`spec/collector.md` 2.6 and 0.1).

use std::borrow::Cow;

use http::HeaderValue;

use crate::{compatibility::Compatibility, config::CollectorConfig, query, target, uri_reference};

/// Whether a (mapped) path is a redirect.
pub fn is_redirect(path: &str) -> bool {
    path.starts_with("/r/")
}

/// Where to send the client; `None`: the redirect is refused.
pub fn location(query: &[u8], network_userid: &str, config: &CollectorConfig) -> Option<HeaderValue> {
    let compatibility = config.compatibility;
    let mut targets = query::values(query, "u", compatibility);
    let to = match compatibility {
        Compatibility::V3 => targets.next(),
        Compatibility::V2 => targets.last(),
    }?;
    if !may_lead_to(&to, config) {
        return None;
    }
    match compatibility {
        Compatibility::V3 => uri_reference::is_valid(&to).then(|| HeaderValue::try_from(to.as_ref()).ok())?,
        Compatibility::V2 => {
            let to = match config.redirect_macro.active() {
                Some(placeholder) => Cow::Owned(to.replace(placeholder, network_userid)),
                None => to,
            };
            // The id comes from the client: in the wrong place it would name another host.
            may_lead_to(&to, config).then(|| location_v2(&to))?
        }
    }
}

/// Whether the host of a target is on the list, if there is one.
fn may_lead_to(to: &str, config: &CollectorConfig) -> bool {
    let domains = &config.redirect_domains;
    domains.is_empty() || host(to, config.compatibility).is_some_and(|host| domains.iter().any(|d| d == host))
}

/// The Apache line sends the text as it is, one byte a character. Characters that are no byte become escapes here, where
/// the original sends half of them. A control character would end the header: such a target is refused.
fn location_v2(to: &str) -> Option<HeaderValue> {
    let bytes: Result<Vec<u8>, _> = to.chars().map(|c| u8::try_from(u32::from(c))).collect();
    HeaderValue::from_bytes(&bytes.unwrap_or_else(|_| {
        let mut escaped = Vec::with_capacity(to.len() * 2);
        for c in to.chars() {
            match c.is_ascii() {
                true => escaped.push(c as u8),
                false => query::encode(c.encode_utf8(&mut [0; 4]), b"", &mut escaped),
            }
        }
        escaped
    }))
    .ok()
}

/// The host of a target that has one (`scheme://host`, in the current line `//host` too). Browsers take a backslash for a
/// slash and drop blanks, so what holds one has no host to trust.
fn host(to: &str, compatibility: Compatibility) -> Option<&str> {
    /// Schemes that Java's `URL` knows; the Apache line lets nothing else through a list.
    const SCHEMES: [&str; 4] = ["http", "https", "ftp", "file"];

    if to.bytes().any(|b| b == b'\\' || b <= b' ') {
        return None;
    }
    let rest = match to.split_once(':') {
        Some((scheme, rest)) if uri_reference::is_scheme(scheme) => {
            let known = SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme));
            (known || !compatibility.is_v2()).then_some(rest)?
        }
        _ if compatibility.is_v2() => return None,
        _ => to,
    };
    let rest = rest.strip_prefix("//")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.matches('@').count() > 1 {
        return None;
    }
    let host = std::str::from_utf8(target::host_of(authority.as_bytes())).ok()?;
    // Brackets hold an address, or the target is none.
    (!authority.contains('[') || host.parse::<std::net::Ipv6Addr>().is_ok()).then_some(host)
}
