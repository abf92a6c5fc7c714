//! An answer as its bytes: status line, headers in the order they were put in, `Date`, `Content-Length`
//! (`spec/collector.md` 2.4).

use http::{HeaderName, StatusCode, header};

use crate::{
    compatibility::Compatibility,
    date,
    head::{Head, Method},
    response::{Headers, Response},
};

/// The interim answer to a client that waits to be asked for its body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// In HTTP/1.1, else in HTTP/1.0.
    pub http_11: bool,
    /// Without its body.
    pub head_only: bool,
    /// The connection ends behind it.
    pub last: bool,
    /// The Apache line answers in HTTP/1.1 whatever it is asked in, and has another order of headers.
    pub compatibility: Compatibility,
}

impl Form {
    /// The answer to this head.
    pub fn to(head: &Head, last: bool, compatibility: Compatibility) -> Self {
        Self { http_11: head.is_http_11(), head_only: head.method() == Method::Head, last, compatibility }
    }

    /// The answer to what is no request.
    pub fn of_refusal(compatibility: Compatibility) -> Self {
        Self { http_11: true, head_only: false, last: true, compatibility }
    }
}

/// Appends the answer. `now` is in seconds since the epoch. A `Content-Length` among the headers says how long the body of an
/// answer without one would be; otherwise it is written as it is.
pub fn write(response: &Response, form: Form, now: i64, out: &mut Vec<u8>) {
    let Response { status, headers, body } = response;
    out.reserve(512 + body.len());
    let is_v2 = form.compatibility.is_v2();
    out.extend_from_slice(if form.http_11 || is_v2 { b"HTTP/1.1 " } else { b"HTTP/1.0 " });
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    let content_type = |name: &HeaderName| *name == header::CONTENT_TYPE;
    if is_v2 {
        write_headers(headers, |name| !content_type(name), out);
        write_date(headers, now, out);
        write_connection(form, out);
        write_headers(headers, content_type, out);
    } else {
        write_headers(headers, |_| true, out);
        write_connection(form, out);
        write_date(headers, now, out);
    }
    let bodiless =
        status.is_informational() || matches!(*status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let length = match headers.get(&header::CONTENT_LENGTH) {
        Some(length) if form.head_only => {
            Some(length.to_str().ok().and_then(|n| n.parse().ok()).unwrap_or(0))
        }
        _ if form.head_only || bodiless => None,
        _ => Some(body.len()),
    };
    if let Some(length) = length {
        out.extend_from_slice(b"Content-Length: ");
        write_number(length, out);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    if !form.head_only && !bodiless {
        out.extend_from_slice(body);
    }
}

fn write_connection(form: Form, out: &mut Vec<u8>) {
    match form {
        Form { last: true, .. } => out.extend_from_slice(b"Connection: close\r\n"),
        Form { http_11: false, compatibility: Compatibility::V2, .. } => {
            out.extend_from_slice(b"Connection: Keep-Alive\r\n");
        }
        Form { http_11: false, .. } => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        _ => {}
    }
}

fn write_date(headers: &Headers, now: i64, out: &mut Vec<u8>) {
    if headers.get(&header::DATE).is_none() {
        out.extend_from_slice(b"Date: ");
        out.extend_from_slice(&date::http_date(now));
        out.extend_from_slice(b"\r\n");
    }
}

fn write_headers(headers: &Headers, wanted: impl Fn(&HeaderName) -> bool, out: &mut Vec<u8>) {
    for (name, value) in headers.iter() {
        if matches!(*name, header::CONTENT_LENGTH | header::TRANSFER_ENCODING) || !wanted(name) {
            continue;
        }
        match spelled(name) {
            Some(spelled) => out.extend_from_slice(spelled),
            None => spell(name, out),
        }
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The names of most answers, as [`spell`] writes them.
fn spelled(name: &HeaderName) -> Option<&'static [u8]> {
    Some(match *name {
        header::SET_COOKIE => b"Set-Cookie",
        header::CACHE_CONTROL => b"Cache-Control",
        header::ACCESS_CONTROL_ALLOW_ORIGIN => b"Access-Control-Allow-Origin",
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS => b"Access-Control-Allow-Credentials",
        header::CONTENT_TYPE => b"Content-Type",
        _ => return None,
    })
}

/// `Content-Type`, `P3P`
fn spell(name: &HeaderName, out: &mut Vec<u8>) {
    let mut at_start = true;
    for byte in name.as_str().bytes() {
        out.push(if at_start { byte.to_ascii_uppercase() } else { byte });
        at_start = !byte.is_ascii_alphabetic();
    }
}

fn write_number(mut n: usize, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (n % 10) as u8);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::response;

    const KEPT: Form =
        Form { http_11: true, head_only: false, last: false, compatibility: Compatibility::V3 };

    fn check(response: &Response, form: Form, expect: &str) {
        let mut out = Vec::new();
        write(response, form, 1_794_650_400, &mut out);
        let shown = String::from_utf8(out).unwrap().replace("\r\n", "\n");
        assert_eq!(shown.replace("Date: Sat, 14 Nov 2026 10:00:00 GMT", "Date: *"), expect, "{form:?}");
    }

    #[test]
    fn bytes_of_answers() {
        let plain = response::text(StatusCode::OK, "ok");
        let text = "Content-Type: text/plain; charset=UTF-8";
        check(&plain, KEPT, &format!("HTTP/1.1 200 OK\n{text}\nDate: *\nContent-Length: 2\n\nok"));
        let old = Form { http_11: false, ..KEPT };
        let kept = "Connection: keep-alive";
        check(&plain, old, &format!("HTTP/1.0 200 OK\n{text}\n{kept}\nDate: *\nContent-Length: 2\n\nok"));
        let head_only = Form { head_only: true, ..KEPT };
        check(&plain, head_only, &format!("HTTP/1.1 200 OK\n{text}\nDate: *\n\n"));
        let mut announced = response::empty(StatusCode::OK);
        announced.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(43));
        check(&announced, head_only, "HTTP/1.1 200 OK\nDate: *\nContent-Length: 43\n\n");
        check(&announced, KEPT, "HTTP/1.1 200 OK\nDate: *\nContent-Length: 0\n\n");
        check(&response::empty(StatusCode::NO_CONTENT), KEPT, "HTTP/1.1 204 No Content\nDate: *\n\n");
        let refused = "HTTP/1.1 413 Payload Too Large\nConnection: close\nDate: *\nContent-Length: 0\n\n";
        check(&response::empty(StatusCode::PAYLOAD_TOO_LARGE), Form::of_refusal(Compatibility::V3), refused);
        let v2 = Form { http_11: false, compatibility: Compatibility::V2, ..KEPT };
        let kept = "Connection: Keep-Alive";
        check(&plain, v2, &format!("HTTP/1.1 200 OK\nDate: *\n{kept}\n{text}\nContent-Length: 2\n\nok"));
        let mut own = response::empty(StatusCode::FOUND);
        own.headers.insert(HeaderName::from_static("p3p"), HeaderValue::from_static("x"));
        own.headers.insert(header::DATE, HeaderValue::from_static("today"));
        check(&own, KEPT, "HTTP/1.1 302 Found\nP3P: x\nDate: today\nContent-Length: 0\n\n");
    }

    #[test]
    fn known_names_are_spelled_by_the_rule() {
        for name in [
            header::SET_COOKIE,
            header::CACHE_CONTROL,
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::CONTENT_TYPE,
        ] {
            let mut out = Vec::new();
            spell(&name, &mut out);
            assert_eq!(spelled(&name), Some(&out[..]));
        }
    }
}
