//! What the Apache line's server refuses (`spec/collector.md` 0.1 and 13), in its words. The current line has no such rules
//! here: what it would refuse is read as far as it can be (2.8).

use memchr::memchr;

use crate::{
    compatibility::Compatibility,
    content_type,
    head::{self, Head, Method, Name},
    refusal::Refusal,
    server_rendered,
    target::{self, Target},
};

/// Bytes of a URI at most.
pub const MAX_URI: usize = 32_768;

const MAX_METHOD: usize = 15;
const MAX_NAME: usize = 64;
/// Blanks around it included, but for one.
const MAX_VALUE: usize = 8192;
/// Fields of a head at most.
const MAX_FIELDS: usize = 63;
/// Of absolute targets.
const SCHEMES: [&[u8]; 4] = [b"http", b"https", b"ws", b"wss"];
/// What a TLS handshake begins with.
const TLS: u8 = 0x16;

/// Checks a request line, without its end: method, target and version, in this order. A target ends at its first blank, and
/// what follows is no version then.
///
/// # Errors
/// The refusal to answer with.
pub fn check_request_line(line: &[u8]) -> Result<(), Refusal> {
    let method_end = memchr(b' ', &line[..line.len().min(MAX_METHOD + 1)]);
    let method_end = method_end.ok_or(Refusal::Malformed("Unsupported HTTP method"))?;
    if Method::parse(&line[..method_end]) == Method::Unknown {
        return Err(match line[0] {
            TLS => Refusal::Malformed("Unsupported HTTP method"),
            _ => Refusal::UnsupportedMethod,
        });
    }
    let rest = &line[method_end + 1..];
    let target_end = rest.iter().position(|b| b" \t\r".contains(b)).unwrap_or(rest.len());
    let target = &rest[..target_end];
    if target.len() > MAX_URI {
        return Err(Refusal::RequestLineTooLong { limit: MAX_URI });
    }
    if let Some(what) = illegal_in_target(target) {
        return Err(Refusal::Strict(format!("Illegal request-target: {what}")));
    }
    match rest.get(target_end + 1..) {
        Some(b"HTTP/1.0" | b"HTTP/1.1") if !target.is_empty() => Ok(()),
        _ => Err(Refusal::UnsupportedVersion),
    }
}

/// Checks the line of a field, without its end.
///
/// # Errors
/// The refusal to answer with.
pub fn check_field(line: &[u8]) -> Result<(), Refusal> {
    let illegal =
        |c: u8, place| Err(Refusal::Strict(format!("Illegal character '{}' in header {place}", shown(c))));
    let name_end = memchr(b':', line);
    // Without a colon the line's end is part of the name.
    let mut name = line[..name_end.unwrap_or(line.len())].iter().chain(name_end.is_none().then_some(&b'\r'));
    if let Some(&c) = name.by_ref().take(MAX_NAME + 1).find(|&&c| !head::is_token(c)) {
        return illegal(c, "name");
    }
    let Some(name_end) = name_end.filter(|&end| end <= MAX_NAME) else { return Err(Refusal::NameTooLong) };
    let value = &line[name_end + 1..];
    let mut at = 0;
    while at < value.len().min(MAX_VALUE + 2) {
        at += match value[at] {
            b'\t' | b' '..=0x7f => 1,
            // Of a character in UTF-8 only the first byte is looked at.
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            c => return illegal(c, "value"),
        };
    }
    if value.len() > MAX_VALUE + 1 { Err(Refusal::ValueTooLong) } else { Ok(()) }
}

/// Checks a head as a whole.
///
/// # Errors
/// The refusal to answer with.
pub fn check(head: &Head, target: &Target<'_>) -> Result<(), Refusal> {
    if head.fields().count() > MAX_FIELDS {
        return Err(Refusal::TooManyFields);
    }
    let mut types = head.all(Name::ContentType).filter(|v| content_type::is_valid(v, Compatibility::V2));
    if let Some(first) = types.next()
        && types.any(|other| !other.eq_ignore_ascii_case(first))
    {
        return Err(Refusal::Malformed("HTTP message must not contain more than one Content-Type header"));
    }
    check_host(head, target)?;
    if head.is_connect() {
        return Err(Refusal::Malformed("CONNECT requests are not supported"));
    }
    Ok(())
}

/// A request must say which host it is for, and only once. A `Host` that is none counts as absent.
fn check_host(head: &Head, target: &Target<'_>) -> Result<(), Refusal> {
    let mut hosts = head.all(Name::Host).filter_map(server_rendered::host);
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::Malformed("HTTP message must not contain more than one Host header"));
    }
    let whole = String::from_utf8_lossy(head.target());
    let relative = |why: &str| {
        Err(Refusal::Strict(format!(
            "Cannot establish effective URI of request to `{whole}`, request has a relative URI and {why}"
        )))
    };
    match (host, target.absolute) {
        (None, _) if head.is_http_11() => {
            Err(Refusal::Malformed("Request is missing required `Host` header"))
        }
        (None, None) => relative("is missing a `Host` header"),
        (Some(host), None) if host.is_empty() || host.starts_with(':') => relative("an empty `Host` header"),
        (Some(host), Some((_, authority)))
            if server_rendered::host(target::without_user(authority)) != Some(host.clone()) =>
        {
            Err(Refusal::Strict(format!(
                "'Host' header value of request to `{whole}` doesn't match request target authority"
            )))
        }
        (_, Some((scheme, _))) if !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => Err(
            Refusal::Malformed("`uri` must have scheme \"http\", \"https\", \"ws\", \"wss\" or no scheme"),
        ),
        _ => Ok(()),
    }
}

/// What the URI parser says about the first byte that it does not take.
fn illegal_in_target(target: &[u8]) -> Option<String> {
    let query_at = memchr(b'?', target).unwrap_or(target.len());
    let mut at = 0;
    while at < target.len() {
        let invalid = |at: usize, expected: &str| {
            let column = at + 1;
            Some(match target.get(at) {
                Some(&c) => {
                    format!("Invalid input '{}', expected {expected} (line 1, column {column})", shown(c))
                }
                None => format!("Unexpected end of input, expected {expected} (line 1, column {column})"),
            })
        };
        match target[at] {
            b'%' => {
                let is_digit = |at: &usize| target.get(*at).is_some_and(u8::is_ascii_hexdigit);
                if let Some(other) = (at + 1..at + 3).find(|at| !is_digit(at)) {
                    return invalid(other, "HEXDIG");
                }
                at += 3;
            }
            b'#' | ..b' ' | 0x7f.. => {
                return invalid(
                    at,
                    match at.checked_sub(1) {
                        None => "request-target or 'EOI'",
                        Some(before) if before == query_at => "rawQueryString or 'EOI'",
                        Some(before) if before > query_at => "query-char, pct-encoded or 'EOI'",
                        Some(before) if target[before] == b'/' => "segment, '/', '?' or 'EOI'",
                        Some(_) => "pchar, '/', '?' or 'EOI'",
                    },
                );
            }
            _ => at += 1,
        }
    }
    None
}

/// A byte as a character in a message: control characters escaped.
fn shown(byte: u8) -> String {
    match byte {
        b'\t' => "\\t".into(),
        b'\r' => "\\r".into(),
        ..b' ' | 0x7f..=0x9f => format!("\\u{byte:04x}"),
        _ => (byte as char).into(),
    }
}
