//! URIs, normalised: scheme and host in lower case, no port that the scheme has anyway, dots resolved, escapes where they
//! must be and nowhere else.

use crate::{query, uri_reference::is_scheme};

/// Characters that stay in a path; a colon not in the first segment of a relative one.
const PATH: &[u8] = b"-._~!$&'()*+,;=@:";
const PATH_WITHOUT_COLON: &[u8] = b"-._~!$&'()*+,;=@";
/// And in a query, escapes among them.
const QUERY: &[u8] = b"-._~!$&'()*+,;=@:/?%";
/// And in a host.
const HOST: &[u8] = b"-._~!$&'()*+,;=";

/// Prints a `Referer`; `None` for what is no URI reference, and for one with a fragment or a user.
pub(super) fn reference(text: &str) -> Option<String> {
    let printable = text.bytes().all(|b| b.is_ascii_graphic());
    if !printable || text.contains('#') || !has_whole_escapes(text) {
        return None;
    }
    let (rest, query) = text.split_once('?').map_or((text, None), |(rest, query)| (rest, Some(query)));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        Some((first, _)) if !first.contains('/') => return None,
        _ => (String::new(), rest),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let authority = authority.strip_prefix('@').unwrap_or(authority);
    let mut out = Vec::with_capacity(text.len() + 8);
    if !scheme.is_empty() {
        out.extend_from_slice(scheme.as_bytes());
        out.push(b':');
    }
    let (host, port) = host_port(authority)?;
    let port = port.filter(|&port| port != 0 && default_port(&scheme) != Some(port));
    let rooted = path.is_empty() || path.starts_with('/');
    if !host.is_empty() || port.is_some() {
        out.extend_from_slice(b"//");
        out.extend_from_slice(host.as_bytes());
        if let Some(port) = port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
    } else if !matches!(scheme.as_str(), "" | "mailto") && rooted {
        out.extend_from_slice(b"//");
    }
    push_path(path, !scheme.is_empty(), &mut out);
    if let Some(query) = query {
        out.push(b'?');
        query::encode(query, QUERY, &mut out);
    }
    String::from_utf8(out).ok()
}

/// Prints a `Host`.
pub(super) fn host_and_port(text: &str) -> Option<String> {
    let (host, port) = host_port(text)?;
    Some(match port {
        Some(port) if port != 0 => format!("{host}:{port}"),
        _ => host,
    })
}

/// Prints an `X-Forwarded-Host`, whose port is dropped.
pub(super) fn host_alone(text: &str) -> Option<String> {
    host_port(text).map(|(host, _)| host)
}

/// Appends the path of a request, dots resolved.
pub fn write_path(path: &[u8], out: &mut Vec<u8>) {
    push_path(&String::from_utf8_lossy(path), true, out);
}

/// Host, in brackets where it is IPv6, and port.
fn host_port(authority: &str) -> Option<(String, Option<u32>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (address, rest) = v6.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (format!("[{address}]"), rest)
        }
        None => {
            let (host, rest) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'%' || HOST.contains(&b)) {
                return None;
            }
            let mut out = Vec::with_capacity(host.len());
            match host.contains('%') {
                true => query::encode(&query::decode_escapes(host.as_bytes()).to_lowercase(), HOST, &mut out),
                false => out.extend(host.bytes().map(|b| b.to_ascii_lowercase())),
            }
            (String::from_utf8(out).ok()?, rest)
        }
    };
    if port.is_empty() {
        return Some((host, None));
    }
    let port = port.strip_prefix(':')?;
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|&port| digits && port <= u32::from(u16::MAX))?;
    Some((host, Some(port)))
}

fn push_path(path: &str, absolute: bool, out: &mut Vec<u8>) {
    let mut segments: Vec<&str> = path.split('/').collect();
    let dots = |segment: &str| matches!(query::decode_escapes(segment.as_bytes()).as_ref(), "." | "..");
    if absolute && segments.iter().any(|s| dots(s)) {
        let last_is_dots = segments.last().is_some_and(|s| dots(s));
        let rooted = path.starts_with('/');
        let mut kept: Vec<&str> = Vec::new();
        for segment in segments.drain(usize::from(rooted)..) {
            match query::decode_escapes(segment.as_bytes()).as_ref() {
                "." => {}
                ".." => drop(kept.pop()),
                _ => kept.push(segment),
            }
        }
        segments.extend(kept);
        if last_is_dots {
            segments.push("");
        }
    }
    for (i, segment) in segments.iter().enumerate() {
        if i > 0 {
            out.push(b'/');
        }
        let keep = if i == 0 && !absolute { PATH_WITHOUT_COLON } else { PATH };
        query::encode(&query::decode_escapes(segment.as_bytes()), keep, out);
    }
}

fn has_whole_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes)
        .all(|i| bytes.get(i + 1..i + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

fn default_port(scheme: &str) -> Option<u32> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "ftp" => 21,
        _ => return None,
    })
}
