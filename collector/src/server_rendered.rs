//! Header values as the Apache line's server prints them (`spec/collector.md` 0.1 and 13): it parses the headers it knows
//! and prints them anew, with one blank behind each comma, host names in lower case and so on. What does not parse stays
//! as it came.

mod products;
mod ranges;
mod scan;
mod uri;

use std::borrow::Cow;

use self::scan::Scan;
use crate::{
    client_ip,
    compatibility::Compatibility,
    cookie, cors,
    head::{Head, Name},
    target::{self, Target},
    uri_reference,
};

pub use self::uri::write_path;

/// The value of a field, printed anew where the server knows the field.
pub fn value<'a>(name: &[u8], value: &'a [u8]) -> Cow<'a, str> {
    let as_sent = text(value);
    let name = name.to_ascii_lowercase();
    let printed = match name.as_slice() {
        b"accept" => ranges::media(&as_sent),
        b"accept-charset" => ranges::charsets(&as_sent),
        b"accept-encoding" => ranges::encodings(&as_sent),
        b"accept-language" => ranges::languages(&as_sent),
        b"access-control-allow-headers"
        | b"access-control-allow-methods"
        | b"access-control-expose-headers"
        | b"access-control-request-headers"
        | b"connection"
        | b"sec-websocket-protocol" => tokens(&as_sent),
        b"cache-control" => ranges::cache_directives(&as_sent),
        b"content-encoding" => ranges::content_encodings(&as_sent),
        b"cookie" => cookies(value),
        b"expect" => Some(as_sent.to_ascii_lowercase()).filter(|text| text == "100-continue"),
        b"host" => uri::host_and_port(&as_sent),
        b"origin" => cors::printed(&as_sent),
        b"referer" => uri::reference(&as_sent),
        b"user-agent" => products::products(&as_sent),
        b"x-forwarded-for" => client_ip::render_list(value),
        b"x-forwarded-host" => uri::host_alone(&as_sent),
        b"x-forwarded-proto" => {
            Some(as_sent.to_ascii_lowercase()).filter(|text| uri_reference::is_scheme(text))
        }
        b"x-real-ip" => client_ip::address(value).map(|ip| client_ip::render(ip, Compatibility::V2)),
        _ => None,
    };
    printed.map_or(as_sent, Cow::Owned)
}

/// Host and port, as a `Host` header is printed; `None` where they are none.
pub fn host(value: &[u8]) -> Option<String> {
    uri::host_and_port(&text(value))
}

/// Host and port that a request is for: of its target, else of the first header that has them.
pub fn host_of_request(head: &Head, target: &Target<'_>) -> Option<String> {
    match target.absolute {
        Some((_, authority)) => host(target::without_user(authority)),
        None => head.all(Name::Host).find_map(host),
    }
}

/// The bytes of a value as text: UTF-8, and bytes that are not as Latin-1; a tab becomes a blank.
pub fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\t') => Cow::Borrowed(text),
        _ => {
            let mut out = String::with_capacity(value.len() + 8);
            for chunk in value.utf8_chunks() {
                out.extend(chunk.valid().chars().map(|c| if c == '\t' { ' ' } else { c }));
                out.extend(chunk.invalid().iter().map(|&b| b as char));
            }
            Cow::Owned(out)
        }
    }
}

/// The pairs that are well formed.
fn cookies(value: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    for (name, value) in cookie::pairs(value, Compatibility::V2).flatten() {
        if !out.is_empty() {
            out.push_str("; ");
        }
        // Both are ASCII, or they were no pair.
        out.extend(name.iter().chain(b"=").chain(value).map(|&b| b as char));
    }
    (!out.is_empty()).then_some(out)
}

/// A list of tokens.
fn tokens(text: &str) -> Option<String> {
    list(text, |scan| scan.token().map(str::to_owned))
}

/// A list whose items are read and printed one by one; `None` unless all of it is such a list.
fn list(text: &str, mut item: impl FnMut(&mut Scan<'_>) -> Option<String>) -> Option<String> {
    let mut scan = Scan::new(text);
    let mut out = item(&mut scan)?;
    while !scan.is_at_end() {
        scan.expect(',')?;
        out.push_str(", ");
        out.push_str(&item(&mut scan)?);
    }
    Some(out)
}
