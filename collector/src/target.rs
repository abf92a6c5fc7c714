//! The request target: path and query as they came, and what makes a request unusable.

use std::borrow::Cow;

use crate::{compatibility::Compatibility, head::Head, refusal::Refusal, strict, uri_reference};

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
    let authority = without_user(authority);
    match authority.strip_prefix(b"[") {
        Some(v6) => &v6[..v6.iter().position(|&b| b == b']').unwrap_or(v6.len())],
        None => &authority[..authority.iter().position(|&b| b == b':').unwrap_or(authority.len())],
    }
}

/// `user@host` -> `host`
pub fn without_user(authority: &[u8]) -> &[u8] {
    authority.rsplit(|&b| b == b'@').next().unwrap_or_default()
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
    if compatibility.is_v2() { strict::check(head, &target) } else { Ok(()) }
}

fn is_authority_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:@[]".contains(&byte)
}
