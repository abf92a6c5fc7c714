//! Click redirects (`spec/collector.md` 2.6 and 0.1).

use std::borrow::Cow;

use http::HeaderValue;

use crate::{compatibility::Compatibility, config::CollectorConfig, query, target};

/// Whether a (mapped) path is a redirect.
pub fn is_redirect(path: &str) -> bool {
    path.starts_with("/r/")
}

/// Where to send the client; `None`: the redirect is refused.
pub fn location(query: &[u8], network_userid: &str, config: &CollectorConfig) -> Option<HeaderValue> {
    let to = match config.compatibility {
        Compatibility::V3 => query::values(query, "u").next(),
        Compatibility::V2 => query::values(query, "u").last(),
    }?;
    let to = match config.redirect_macro.active() {
        Some(placeholder) if config.compatibility.is_v2() => {
            Cow::Owned(to.replace(placeholder, network_userid))
        }
        _ => to,
    };
    if !config.compatibility.is_v2() && !is_uri(&to) {
        return None;
    }
    let domains = &config.redirect_domains;
    if !domains.is_empty() && !host(&to).is_some_and(|host| domains.iter().any(|d| d == host)) {
        return None;
    }
    // A control character would end the header: such a target is refused.
    HeaderValue::try_from(to.into_owned()).ok()
}

/// The host of an absolute target. Browsers take a backslash for a slash, so what holds one has no host to trust.
fn host(to: &str) -> Option<&str> {
    if to.bytes().any(|b| b == b'\\' || b <= b' ') {
        return None;
    }
    let rest = &to[to.find("//")? + 2..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    std::str::from_utf8(target::host_of(authority.as_bytes())).ok()
}

/// Whether a text is a URI reference of RFC 3986 that leads somewhere.
fn is_uri(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escapes = memchr::memchr_iter(b'%', bytes)
        .all(|i| bytes.get(i + 1..i + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    let characters =
        bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b));
    !bytes.is_empty() && escapes && characters && memchr::memchr_iter(b'#', bytes).count() <= 1
}
