//! What texts of a configuration may be made of.

use crate::head;

/// A name of a cookie or header (RFC 9110 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(head::is_token)
}

/// A value of a header: one line of visible ASCII and blanks.
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b) || b == b'\t')
}

/// What a cookie's `Domain` attribute may hold: the Apache line refuses all other characters.
pub(super) fn is_domain(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    !text.is_empty() && text.bytes().all(allowed)
}

/// A host: a name, or an address of either version.
pub(super) fn is_host(text: &str) -> bool {
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    !text.is_empty() && (text.bytes().all(name) || bare.parse::<std::net::IpAddr>().is_ok())
}

/// A path of events: a leading slash and two segments.
pub(super) fn is_event_path(text: &str) -> bool {
    let mut segments = text.split('/');
    segments.next() == Some("")
        && segments.next().is_some_and(|vendor| !vendor.is_empty())
        && segments.next().is_some_and(|version| !version.is_empty())
        && segments.next().is_none()
}
