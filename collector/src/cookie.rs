//! Request cookies and `Set-Cookie` (`spec/collector.md` 3.2 to 3.4).

use http::HeaderValue;

use crate::{
    compatibility::Compatibility,
    config, cors, date,
    head::{self, Head, Name},
};

/// The first cookie of that name. In the current line a header with one bad pair counts as absent; the Apache line leaves
/// out the pair.
pub fn find<'a>(head: &'a Head, name: &str, compatibility: Compatibility) -> Option<&'a [u8]> {
    head.all(Name::Cookie).find_map(|header| {
        let (mut found, mut bad) = (None, false);
        for pair in pairs(header, compatibility) {
            match pair {
                Some((n, value)) if found.is_none() && n == name.as_bytes() => found = Some(value),
                Some(_) => {}
                None => bad = true,
            }
        }
        found.filter(|_| compatibility.is_v2() || !bad)
    })
}

/// Name and value of each pair, `None` for one that is malformed.
pub fn pairs(header: &[u8], compatibility: Compatibility) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
    let header = header.strip_suffix(b";").unwrap_or(header);
    header.split(|&b| b == b';').map(move |pair| {
        let pair = pair.trim_ascii_start();
        let at = pair.iter().position(|&b| b == b'=')?;
        let (mut name, value) = (&pair[..at], &pair[at + 1..]);
        let value = match compatibility {
            Compatibility::V3 => value.iter().fold(true, |all, &b| all & (b >= b' ')).then_some(value)?,
            Compatibility::V2 => {
                name = name.trim_ascii_end();
                let value = value.trim_ascii();
                let value = value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")).unwrap_or(value);
                are_octets(value).then_some(value)?
            }
        };
        (!name.is_empty() && name.iter().all(|&b| head::is_token(b))).then_some((name, value))
    })
}

/// Whether all bytes are RFC 6265's cookie octets.
pub fn are_octets(bytes: &[u8]) -> bool {
    let is_octet = |b: u8| (b > b' ') & (b < 0x7f) & (b != b'"') & (b != b',') & (b != b';') & (b != b'\\');
    // Without an early end the compiler looks at many bytes at once.
    bytes.iter().fold(true, |all, &b| all & is_octet(b))
}

/// Whether a text can be the value of a cookie without changing what comes behind it.
pub fn is_valid_value(value: &str) -> bool {
    are_octets(value.as_bytes())
}

/// A `Set-Cookie` header. `expires` is in seconds since the epoch.
pub fn set_cookie(
    name: &str,
    value: &str,
    expires: i64,
    domain: Option<&str>,
    http_only: bool,
    config: &config::Cookie,
    compatibility: Compatibility,
) -> Option<HeaderValue> {
    let mut out = Vec::with_capacity(192);
    for part in [name, "=", value, "; Expires="] {
        push_latin1(part, &mut out)?;
    }
    out.extend_from_slice(&date::http_date(expires));
    if let Some(domain) = domain {
        out.extend_from_slice(b"; Domain=");
        push_latin1(domain, &mut out)?;
    }
    out.extend_from_slice(b"; Path=/");
    let same_site = config.same_site;
    let secure = match compatibility {
        Compatibility::V2 => config.secure,
        Compatibility::V3 => config.secure || same_site == Some(config::SameSite::None),
    };
    let push_same_site = |out: &mut Vec<u8>| {
        if let Some(same_site) = same_site {
            out.extend_from_slice(b"; SameSite=");
            out.extend_from_slice(same_site.as_str().as_bytes());
        }
    };
    if !compatibility.is_v2() {
        push_same_site(&mut out);
    }
    if secure {
        out.extend_from_slice(b"; Secure");
    }
    if http_only {
        out.extend_from_slice(b"; HttpOnly");
    }
    if compatibility.is_v2() {
        push_same_site(&mut out);
    }
    HeaderValue::try_from(out).ok()
}

/// The current line reads and writes one byte a character.
fn push_latin1(text: &str, out: &mut Vec<u8>) -> Option<()> {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return Some(());
    }
    text.chars().try_for_each(|c| {
        out.push(u8::try_from(u32::from(c)).ok()?);
        Some(())
    })
}

/// The domain to set the cookie for: the first configured one that an origin's host is or lies under.
pub fn domain<'a>(head: &Head, config: &'a config::Cookie, compatibility: Compatibility) -> Option<&'a str> {
    if config.domains.is_empty() {
        return config.fallback_domain.as_deref();
    }
    let hosts = cors::hosts(head, compatibility);
    config
        .domains
        .iter()
        .find(|domain| hosts.iter().any(|host| lies_under(host, domain)))
        .or(config.fallback_domain.as_ref())
        .map(String::as_str)
}

fn lies_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
