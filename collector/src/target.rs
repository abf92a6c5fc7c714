//! The request target: path and query as they came, and what makes a request unusable.

use std::borrow::Cow;

use crate::{
    compatibility::Compatibility,
    head::{Head, Method, Name},
    refusal::Refusal,
};

/// A request target, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// `scheme://authority`, in absolute form alone.
    pub absolute: Option<(&'a [u8], &'a [u8])>,
    /// Path, undecoded; `*` in asterisk form.
    pub path: &'a [u8],
    /// What is behind the first `?`, a fragment included: nothing a client sent is lost.
    pub query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Takes a target apart; `None` when it is of no known form.
    pub fn parse(target: &'a [u8]) -> Option<Self> {
        let (absolute, rest) = match target.first()? {
            b'/' => (None, target),
            b'*' if target.len() == 1 => return Some(Self { absolute: None, path: target, query: None }),
            _ => {
                let scheme_end = memchr::memmem::find(target, b"://")?;
                let (scheme, rest) = (&target[..scheme_end], &target[scheme_end + 3..]);
                let authority_end = rest.iter().position(|b| b"/?#".contains(b)).unwrap_or(rest.len());
                if !scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                    || authority_end == 0
                {
                    return None;
                }
                (Some((scheme, &rest[..authority_end])), &rest[authority_end..])
            }
        };
        let path_end = memchr::memchr2(b'?', b'#', rest).unwrap_or(rest.len());
        let query = (rest.get(path_end) == Some(&b'?')).then(|| &rest[path_end + 1..]);
        Some(Self { absolute, path: &rest[..path_end], query })
    }

    /// The query as text: bytes that are no UTF-8 are written as escapes, which mean the same.
    pub fn query_text(&self) -> Cow<'a, str> {
        text_or_escapes(self.query.unwrap_or_default())
    }
}

/// Bytes as text; where they are no UTF-8 the bytes above ASCII become escapes.
pub fn text_or_escapes(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut out = String::with_capacity(bytes.len() + 16);
            for &b in bytes {
                if b.is_ascii() { out.push(b as char) } else { out.push_str(&format!("%{b:02X}")) }
            }
            Cow::Owned(out)
        }
    }
}

/// Host and port of an authority, without brackets and user information.
pub fn host_of(authority: &[u8]) -> &[u8] {
    let authority = authority.rsplit(|&b| b == b'@').next().unwrap_or_default();
    match authority.strip_prefix(b"[") {
        Some(v6) => &v6[..v6.iter().position(|&b| b == b']').unwrap_or(v6.len())],
        None => &authority[..authority.iter().position(|&b| b == b':').unwrap_or(authority.len())],
    }
}

/// Refuses what cannot be served (`spec/collector.md` 2.8). The current line's own parser refuses many query characters and
/// loses those events; only what no form fits is refused here. The Apache line is as strict as it was.
///
/// # Errors
/// The refusal to answer with.
pub fn check(head: &Head, compatibility: Compatibility) -> Result<(), Refusal> {
    let Some(target) = Target::parse(head.target()) else {
        return Err(Refusal::Malformed("Illegal request-target"));
    };
    if compatibility.is_v2() { check_v2(head, &target) } else { Ok(()) }
}

/// URI length of the Apache line.
const V2_MAX_URI: usize = 32_768;

fn check_v2(head: &Head, target: &Target<'_>) -> Result<(), Refusal> {
    if head.method() == Method::Unknown {
        return Err(Refusal::UnsupportedMethod);
    }
    if head.target().contains(&b' ') {
        return Err(Refusal::UnsupportedVersion);
    }
    if head.target().len() > V2_MAX_URI {
        return Err(Refusal::RequestLineTooLong { limit: V2_MAX_URI });
    }
    if let Some(what) = illegal_in_target(head.target()) {
        return Err(Refusal::Strict(format!("Illegal request-target: {what}")));
    }
    if head.all(Name::ContentType).count() > 1 {
        return Err(Refusal::Malformed("HTTP message must not contain more than one Content-Type header"));
    }
    match (head.first(Name::Host), target.absolute) {
        (None, _) if head.is_http_11() => {
            Err(Refusal::Malformed("Request is missing required `Host` header"))
        }
        (None, None) => Err(Refusal::Strict(format!(
            "Cannot establish effective URI of request to `{}`, request has a relative URI and is missing a `Host` header",
            String::from_utf8_lossy(head.target())
        ))),
        (Some(host), Some((_, authority))) if !host.eq_ignore_ascii_case(authority) => {
            Err(Refusal::Strict(format!(
                "'Host' header value of request to `{}` doesn't match request target authority",
                String::from_utf8_lossy(head.target())
            )))
        }
        _ => Ok(()),
    }
}

/// What the Apache line's URI parser says about the first byte it does not take.
fn illegal_in_target(target: &[u8]) -> Option<String> {
    let mut at = 0;
    while at < target.len() {
        match target[at] {
            b'%' => {
                for digit in at + 1..at + 3 {
                    match target.get(digit) {
                        Some(b) if b.is_ascii_hexdigit() => {}
                        Some(&b) => {
                            let column = digit + 1;
                            return Some(format!(
                                "Invalid input '{}', expected HEXDIG (line 1, column {column})",
                                b as char
                            ));
                        }
                        None => {
                            let column = digit + 1;
                            return Some(format!(
                                "Unexpected end of input, expected HEXDIG (line 1, column {column})"
                            ));
                        }
                    }
                }
                at += 3;
            }
            b if b == b'#' || !b.is_ascii() => {
                return Some(format!(
                    "Invalid input '{}', expected query-char, pct-encoded or 'EOI' (line 1, column {})",
                    b as char,
                    at + 1
                ));
            }
            _ => at += 1,
        }
    }
    None
}
