//! `ssl.redirect`: plain requests are sent to the same path and query over HTTPS (`spec/collector.md` 11 and 13).
//!
//! The Apache line answers every one with 301, which makes clients send a `POST` again as a `GET` and lose its events; the
//! current line, where the original does nothing, answers what has a body with 308, which keeps method and body. Preflights
//! are answered in place in both: no browser follows a redirect there, and the event behind it would never be sent.

use http::{HeaderValue, StatusCode};

use crate::{
    compatibility::Compatibility,
    config::Ssl,
    head::{Head, Method, Name},
    route::Class,
    target::Target,
};

/// Where a load balancer says how the client came.
const FORWARDED_PROTOCOL: &str = "x-forwarded-proto";
/// HTTPS needs no port in its addresses when it is this one.
const HTTPS_PORT: u16 = 443;

/// The address to go to. `None`: the request is served as it is, because it came over TLS or nothing says that HTTPS would
/// be there, because it asks for health, or because its host is not known.
pub fn location(
    head: &Head,
    target: &Target<'_>,
    route: Class,
    secure: bool,
    config: &Ssl,
) -> Option<HeaderValue> {
    if !config.redirect || matches!(route, Class::Health | Class::SinkHealth | Class::Preflight) {
        return None;
    }
    let port = match head.first_named(FORWARDED_PROTOCOL).map(first_of_list) {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"https") => return None,
        // Before the balancer HTTPS is where it usually is.
        Some(scheme) if scheme.eq_ignore_ascii_case(b"http") => HTTPS_PORT,
        _ if secure || !config.enable => return None,
        _ => config.port,
    };
    let authority = target.absolute.map(|(_, authority)| authority).or_else(|| head.first(Name::Host))?;
    let mut out = Vec::with_capacity(authority.len() + head.target().len() + 16);
    out.extend_from_slice(b"https://");
    out.extend_from_slice(host(authority)?);
    if port != HTTPS_PORT {
        out.extend_from_slice(format!(":{port}").as_bytes());
    }
    out.extend_from_slice(target.path);
    if let Some(query) = target.query {
        out.push(b'?');
        out.extend_from_slice(query);
    }
    HeaderValue::try_from(out).ok()
}

/// The status of the redirect.
pub fn status(method: Method, compatibility: Compatibility) -> StatusCode {
    match (compatibility, method) {
        (Compatibility::V2, _) | (_, Method::Get | Method::Head) => StatusCode::MOVED_PERMANENTLY,
        (Compatibility::V3, _) => StatusCode::PERMANENT_REDIRECT,
    }
}

/// Each proxy adds what it saw behind the others: the first is the client's.
fn first_of_list(value: &[u8]) -> &[u8] {
    value.split(|&b| b == b',').next().unwrap_or_default().trim_ascii()
}

/// The host of an authority, without port; `None` where it is none.
fn host(authority: &[u8]) -> Option<&[u8]> {
    let end = match authority.first()? {
        b'[' => memchr::memchr(b']', authority)? + 1,
        _ => memchr::memchr(b':', authority).unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let is_port = port.is_empty() || port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit);
    let is_host = |b: &u8| b.is_ascii_alphanumeric() || b"-._~[]:".contains(b);
    (is_port && !host.is_empty() && host.iter().all(is_host)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(request: &str, secure: bool, config: &Ssl) -> Option<String> {
        let request = request.replace('\n', "\r\n") + "\r\n\r\n";
        let mut head = Head::default();
        head.read(request.as_bytes(), false, Compatibility::V3).unwrap();
        let target = Target::parse(head.target()).unwrap();
        let class = match target.path {
            b"/health" => Class::Health,
            b"/sink-health" => Class::SinkHealth,
            _ if head.method() == Method::Options => Class::Preflight,
            _ => Class::Event,
        };
        let location = location(&head, &target, class, secure, config)?;
        Some(String::from_utf8(location.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn addresses() {
        let ssl = Ssl { enable: true, redirect: true, ..Ssl::default() };
        let check = |request: &str, expect: Option<&str>| {
            assert_eq!(redirected(request, false, &ssl).as_deref(), expect, "{request}");
        };
        check("GET /i?e=pv HTTP/1.1\nHost: c.example", Some("https://c.example/i?e=pv"));
        check("GET /i? HTTP/1.1\nHost: c.example:8080", Some("https://c.example/i?"));
        check("POST /a/b HTTP/1.1\nHost: c.example:80", Some("https://c.example/a/b"));
        check("GET / HTTP/1.1\nHost: [2001:db8::1]:80", Some("https://[2001:db8::1]/"));
        check("GET / HTTP/1.1\nHost: 192.0.2.1", Some("https://192.0.2.1/"));
        check("GET http://a.example:1/i?x HTTP/1.1\nHost: b.example", Some("https://a.example/i?x"));
        check("GET /r/tp2?u=http://x HTTP/1.1\nHost: c", Some("https://c/r/tp2?u=http://x"));
        check("GET //evil.example/ HTTP/1.1\nHost: c", Some("https://c//evil.example/"));
        check("GET /i?cx={\"a\"|b} HTTP/1.1\nHost: c", Some("https://c/i?cx={\"a\"|b}"));
        for host in ["", "a@b", "a b", "a/b", "[::1", "a:b", ":80", "a\u{fc}"] {
            check(&format!("GET /i HTTP/1.1\nHost: {host}"), None);
        }
        check("GET /i HTTP/1.0", None);
        check("GET /health HTTP/1.1\nHost: c", None);
        check("GET /sink-health HTTP/1.1\nHost: c", None);
        check("OPTIONS /a/b HTTP/1.1\nHost: c", None);
    }

    #[test]
    fn who_is_sent_there() {
        let https = Some("https://c/i");
        let check = |enable, secure, forwarded: &str, port, expect: Option<&str>| {
            let ssl = Ssl { enable, redirect: true, port, ..Ssl::default() };
            let line = if forwarded.is_empty() {
                String::new()
            } else {
                format!("\nX-Forwarded-Proto: {forwarded}")
            };
            let found = redirected(&format!("GET /i HTTP/1.1\nHost: c{line}"), secure, &ssl);
            assert_eq!(found.as_deref(), expect, "{enable} {secure} `{forwarded}` {port}");
            let off = Ssl { redirect: false, ..ssl };
            assert_eq!(redirected(&format!("GET /i HTTP/1.1\nHost: c{line}"), secure, &off), None);
        };
        check(true, false, "", 443, https);
        check(true, false, "", 8443, Some("https://c:8443/i"));
        check(true, true, "", 443, None);
        check(true, false, "https", 443, None);
        check(true, false, "HTTPS, http", 443, None);
        check(true, false, "wss", 443, https);
        // A balancer that ends TLS, or passes it on.
        for (enable, secure) in [(false, false), (true, false), (true, true)] {
            check(enable, secure, "http", 8443, https);
            check(enable, secure, "http, https", 8443, https);
            check(enable, secure, "https", 8443, None);
        }
        check(false, false, "", 443, None);
    }

    #[test]
    fn statuses() {
        let check = |method, compatibility, expect: u16| {
            assert_eq!(status(method, compatibility).as_u16(), expect, "{method:?} {compatibility:?}");
        };
        for method in [Method::Get, Method::Head] {
            check(method, Compatibility::V3, 301);
            check(method, Compatibility::V2, 301);
        }
        for method in [Method::Post, Method::OtherKnown] {
            check(method, Compatibility::V3, 308);
            check(method, Compatibility::V2, 301);
        }
    }
}
