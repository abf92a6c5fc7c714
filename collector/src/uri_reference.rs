//! What RFC 3986 takes for a URI reference.

const SUB_DELIMS: &[u8] = b"!$&'()*+,;=";
const UNRESERVED: &[u8] = b"-._~";

/// Whether a text is a URI reference that leads somewhere.
pub fn is_valid(text: &str) -> bool {
    if text.is_empty() {
        return false;
    }
    let (rest, fragment) = split(text, '#');
    let (rest, query) = split(rest, '?');
    let rest = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest,
        // In a relative reference a colon may not come before the first slash.
        Some((first, _)) if !first.contains('/') => return false,
        _ => rest,
    };
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !is_authority(authority) {
                return false;
            }
            path
        }
        None => rest,
    };
    let fits = |part: Option<&str>| part.is_none_or(|p| consists_of(p, b":@/?[]"));
    consists_of(path, b":@/") && fits(query) && fits(fragment)
}

/// Whether a text is a scheme: a letter, then letters, digits, `+`, `-`, `.`.
pub fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Whether a text is made of unreserved characters, sub-delimiters, whole escapes and `more`.
fn consists_of(text: &str, more: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let escapes = memchr::memchr_iter(b'%', bytes)
        .all(|i| bytes.get(i + 1..i + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    let one_of = |b: &u8| [SUB_DELIMS, UNRESERVED, more, b"%"].iter().any(|set| set.contains(b));
    escapes && bytes.iter().all(|b| b.is_ascii_alphanumeric() || one_of(b))
}

/// `user@host:port`
fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[') {
        Some(v6) => {
            let Some((address, port)) = v6.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("", port)
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    consists_of(user, b":") && consists_of(host, b"") && port.bytes().all(|b| b.is_ascii_digit())
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}
