//! The cookie bounce (`spec/collector.md` 3.7): a redirect to the same address with a mark in its query.

use std::borrow::Cow;

use event::scala_map;
use http::HeaderValue;

use crate::{
    compatibility::Compatibility, config::CollectorConfig, head::Head, query, server_rendered, target::Target,
};

/// Characters that stay as they are in the query.
const KEEP_V3: &[u8] = b"-._~?/";
const KEEP_V2: &[u8] = b"-._~!$'()*,:@/?";

/// The address to come back to. `secure`: the request came over TLS.
pub fn location(
    head: &Head,
    target: &Target<'_>,
    secure: bool,
    config: &CollectorConfig,
) -> Option<HeaderValue> {
    let mut out = Vec::with_capacity(target.path.len() + target.query.map_or(0, <[u8]>::len) + 64);
    let header = config.cookie_bounce.forwarded_protocol_header.as_deref();
    let forwarded = header.and_then(|name| head.first_named(name));
    match config.compatibility {
        Compatibility::V3 => {
            if let Some((_, authority)) = target.absolute {
                if let Some(scheme @ (b"http" | b"https")) = forwarded {
                    out.extend_from_slice(scheme);
                    out.push(b':');
                }
                out.extend_from_slice(b"//");
                out.extend_from_slice(authority);
            }
            out.extend_from_slice(target.path);
        }
        Compatibility::V2 => {
            let forwarded = forwarded.map(<[u8]>::to_ascii_lowercase);
            out.extend_from_slice(match (forwarded.as_deref(), target.absolute) {
                (Some(b"http"), _) => b"http://",
                (Some(b"https"), _) => b"https://",
                (_, Some((b"https", _))) => b"https://",
                (_, None) if secure => b"https://",
                _ => b"http://",
            });
            if let Some((_, authority)) = target.absolute
                && let Some(user_end) = memchr::memrchr(b'@', authority)
            {
                out.extend_from_slice(&authority[..=user_end]);
            }
            let host = server_rendered::host_of_request(head, target);
            out.extend_from_slice(host.unwrap_or_default().as_bytes());
            server_rendered::write_path(target.path, &mut out);
        }
    }
    out.push(b'?');
    write_query(target.query.unwrap_or_default(), &config.cookie_bounce.name, config.compatibility, &mut out);
    HeaderValue::try_from(out).ok()
}

/// The parameters, decoded and encoded again, and the mark. The Apache line keeps them in a map.
fn write_query(query: &[u8], mark: &str, compatibility: Compatibility, out: &mut Vec<u8>) {
    let is_pair = |name: &[u8], value: Option<&[u8]>| match compatibility {
        Compatibility::V2 => !query.is_empty(),
        Compatibility::V3 => !name.is_empty() || value.is_some(),
    };
    let pairs = query::pairs(query, compatibility)
        .filter(|(name, value)| is_pair(name, *value))
        .map(|(name, value)| (query::decode_form(name).into_owned(), value.map(query::decode_form)))
        .chain([(mark.to_owned(), Some(Cow::Borrowed("true")))]);
    let pairs: Vec<_> = match compatibility {
        Compatibility::V2 => scala_map::from_pairs(pairs),
        Compatibility::V3 => pairs.collect(),
    };
    for (i, (name, value)) in pairs.iter().enumerate() {
        if i > 0 {
            out.push(b'&');
        }
        write(name, compatibility, out);
        if let Some(value) = value {
            out.push(b'=');
            write(value, compatibility, out);
        }
    }
}

fn write(text: &str, compatibility: Compatibility, out: &mut Vec<u8>) {
    match compatibility {
        Compatibility::V3 => query::encode(text, KEEP_V3, out),
        Compatibility::V2 => {
            for (i, word) in text.split(' ').enumerate() {
                if i > 0 {
                    out.push(b'+');
                }
                query::encode(word, KEEP_V2, out);
            }
        }
    }
}
