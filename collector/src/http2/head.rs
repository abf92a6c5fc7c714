//! The head of an HTTP/2 request, written as HTTP/1 writes it: payloads carry it as they carry any other.

use http::{header, request::Parts};

use crate::{
    head::{Caps, Head},
    refusal::Refusal,
    target,
};

/// Reads a head. Names are in lower case, since HTTP/2 knows no other; fields of one name stand together where the first of
/// them stood. The authority comes first, as `Host`, unless there is a field of that name; the pieces that clients cut their
/// cookies into are joined again (RFC 9113 8.2.3).
///
/// # Errors
/// Why it is refused.
pub fn read(parts: &Parts, caps: &Caps) -> Result<Head, Refusal> {
    let target = match parts.uri.path_and_query() {
        Some(target) => target.as_str(),
        None => parts.uri.authority().map_or("", |authority| authority.as_str()),
    };
    let mut raw = Vec::with_capacity(1024);
    for part in [parts.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
        raw.extend_from_slice(part.as_bytes());
    }
    if raw.len() - 2 > caps.request_line {
        return Err(caps.line_too_long());
    }
    let fields = raw.len();
    let authority = parts.uri.authority().filter(|_| !parts.headers.contains_key(header::HOST));
    if let Some(authority) = authority {
        push(b"Host", authority.as_str().as_bytes(), &mut raw);
    }
    for name in parts.headers.keys() {
        let mut values = parts.headers.get_all(name).iter().map(|value| value.as_bytes());
        if *name == header::COOKIE {
            let pieces: Vec<&[u8]> = values.collect();
            push(name.as_str().as_bytes(), &pieces.join(&b"; "[..]), &mut raw);
        } else {
            values.by_ref().for_each(|value| push(name.as_str().as_bytes(), value, &mut raw));
        }
    }
    if raw.len() - fields > caps.headers {
        return Err(Refusal::HeadersTooLong { limit: caps.headers });
    }
    raw.extend_from_slice(b"\r\n");
    let mut head = Head::default();
    head.read(&raw, false, caps.compatibility)?;
    target::check(&head, caps.compatibility)?;
    Ok(head)
}

fn push(name: &[u8], value: &[u8], raw: &mut Vec<u8>) {
    for part in [name, b": ", value, b"\r\n"] {
        raw.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::compatibility::Compatibility;

    fn check(uri: &str, headers: &[(&str, &str)], expect: Result<&str, Refusal>) {
        let mut request = Request::post(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let caps = Caps { request_line: 60, headers: 90, compatibility: Compatibility::V3, http2: true };
        let shown = read(&parts, &caps).map(|head| {
            let fields: Vec<String> = head
                .fields()
                .map(|(n, v)| format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v)))
                .collect();
            format!("{:?} {} {}", head.method(), String::from_utf8_lossy(head.target()), fields.join("|"))
        });
        assert_eq!(shown.as_deref(), expect.as_deref(), "{uri}");
    }

    #[test]
    fn heads_as_in_http_1() {
        check(
            "https://c.example/a/b?x=1",
            &[("b", "1"), ("a", "2")],
            Ok("Post /a/b?x=1 Host=c.example|b=1|a=2"),
        );
        check("https://c.example/a/b", &[("a", "2"), ("host", "d")], Ok("Post /a/b a=2|host=d"));
        check(
            "/i",
            &[("cookie", "a=1"), ("x", "y"), ("cookie", "sp=2"), ("x", "z")],
            Ok("Post /i cookie=a=1; sp=2|x=y|x=z"),
        );
        let long = "/".repeat(60);
        check(&long, &[], Err(Refusal::RequestLineTooLong { limit: 60 }));
        check("/i", &[("x", &long), ("y", &long)], Err(Refusal::HeadersTooLong { limit: 90 }));
    }
}
