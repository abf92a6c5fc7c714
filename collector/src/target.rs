//! The request target: path and query as they came, and what makes a request unusable.

use std::borrow::Cow;

use crate::{
    compatibility::Compatibility,
    content_type,
    head::{Head, Method, Name},
    refusal::Refusal,
    uri_reference,
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
            _ => match memchr::memmem::find(target, b"://") {
                Some(scheme_end) => {
                    let (scheme, rest) = (&target[..scheme_end], &target[scheme_end + 3..]);
                    let authority_end = rest.iter().position(|b| b"/?#".contains(b)).unwrap_or(rest.len());
                    let is_scheme = std::str::from_utf8(scheme).is_ok_and(uri_reference::is_scheme);
                    if !is_scheme || authority_end == 0 {
                        return None;
                    }
                    (Some((scheme, &rest[..authority_end])), &rest[authority_end..])
                }
                // The authority form: it leads nowhere here.
                None if target.iter().all(|&b| is_authority_byte(b)) => {
                    return Some(Self { absolute: None, path: b"", query: None });
                }
                None => return None,
            },
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
    // A target ends at its first blank, and what follows is no version then.
    let whole = head.target();
    let until_blank = memchr::memchr(b' ', whole).map_or(whole, |end| &whole[..end]);
    if until_blank.len() > V2_MAX_URI {
        return Err(Refusal::RequestLineTooLong { limit: V2_MAX_URI });
    }
    if let Some(what) = illegal_in_target(until_blank) {
        return Err(Refusal::Strict(format!("Illegal request-target: {what}")));
    }
    if until_blank.len() < whole.len() {
        return Err(Refusal::UnsupportedVersion);
    }
    let mut types = head.all(Name::ContentType).filter(|v| content_type::is_valid(v, Compatibility::V2));
    if let Some(first) = types.next()
        && types.any(|other| !other.eq_ignore_ascii_case(first))
    {
        return Err(Refusal::Malformed("HTTP message must not contain more than one Content-Type header"));
    }
    if head.all(Name::Host).count() > 1 {
        return Err(Refusal::Malformed("HTTP message must not contain more than one Host header"));
    }
    let relative = |why: &str| {
        let target = String::from_utf8_lossy(whole);
        Err(Refusal::Strict(format!(
            "Cannot establish effective URI of request to `{target}`, request has a relative URI and {why}"
        )))
    };
    match (head.first(Name::Host), target.absolute) {
        (None, _) if head.is_http_11() => {
            Err(Refusal::Malformed("Request is missing required `Host` header"))
        }
        (None, None) => relative("is missing a `Host` header"),
        (Some(b""), None) => relative("an empty `Host` header"),
        (Some(host), Some((_, authority))) if !host.eq_ignore_ascii_case(authority) => {
            Err(Refusal::Strict(format!(
                "'Host' header value of request to `{}` doesn't match request target authority",
                String::from_utf8_lossy(whole)
            )))
        }
        _ => Ok(()),
    }
}

fn is_authority_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:@[]".contains(&byte)
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
                let expected = match memchr::memchr(b'?', &target[..at]) {
                    Some(_) => "query-char, pct-encoded or 'EOI'",
                    None => "pchar, '/', '?' or 'EOI'",
                };
                let (got, column) = (b as char, at + 1);
                return Some(format!("Invalid input '{got}', expected {expected} (line 1, column {column})"));
            }
            _ => at += 1,
        }
    }
    None
}
