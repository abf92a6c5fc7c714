//! `Accept`, `Accept-Language`, `Accept-Encoding`, `Accept-Charset`, `Content-Encoding`, `Cache-Control`.

use std::collections::BTreeMap;

use super::{
    list,
    scan::{Scan, push_word},
};
use crate::content_type;

/// `Accept`
pub(super) fn media(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    list(text, |scan| {
        let (main, sub) = media_range(scan)?;
        let mut parameters = BTreeMap::new();
        while scan.next_is(';') {
            scan.expect(';')?;
            let name = scan.token()?;
            scan.expect('=')?;
            parameters.insert(name, scan.word()?);
        }
        let quality = match parameters.remove("q") {
            Some(q) => q.parse::<f32>().unwrap_or(1.0),
            None => 1.0,
        };
        let quality = weight(quality)?;
        let mut out = format!("{main}/{sub}");
        // A range has its weight before its parameters, a type behind them.
        if sub == "*" {
            out.push_str(&quality);
        }
        for (name, value) in parameters {
            out.push_str(&format!("; {name}="));
            push_word(&value, &mut out);
        }
        if sub != "*" {
            out.push_str(&quality);
        }
        Some(out)
    })
}

/// `*/*`, `*`, `text/*`, `text/html`
fn media_range(scan: &mut Scan<'_>) -> Option<(String, String)> {
    let main = scan.token()?.to_ascii_lowercase();
    if main == "*" && !scan.next_is('/') {
        return Some(("*".into(), "*".into()));
    }
    scan.expect('/')?;
    let sub = scan.token()?.to_ascii_lowercase();
    // There is no `*/html`.
    (main != "*" || sub == "*").then_some((main, sub))
}

/// `Accept-Language`
pub(super) fn languages(text: &str) -> Option<String> {
    list(text, |scan| {
        let range = match scan.next_is('*') {
            true => scan.expect('*').map(|()| "*")?,
            false => scan.run(|b| b.is_ascii_alphanumeric() || b == b'-')?,
        };
        let mut tags = range.split('-');
        let primary = tags.next().unwrap_or_default();
        let well_formed =
            range == "*" || (primary.bytes().all(|b| b.is_ascii_alphabetic()) && !primary.is_empty());
        if !well_formed || tags.any(str::is_empty) {
            return None;
        }
        Some(format!("{range}{}", optional_weight(scan)?))
    })
}

/// `Accept-Encoding`
pub(super) fn encodings(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    list(text, |scan| {
        let coding = encoding(scan.token()?);
        Some(format!("{coding}{}", optional_weight(scan)?))
    })
}

/// `Content-Encoding`
pub(super) fn content_encodings(text: &str) -> Option<String> {
    list(text, |scan| scan.token().map(encoding))
}

fn encoding(name: &str) -> String {
    const KNOWN: [&str; 7] = ["chunked", "compress", "deflate", "gzip", "identity", "x-compress", "x-zip"];
    KNOWN.iter().find(|k| k.eq_ignore_ascii_case(name)).map_or(name, |k| k).to_owned()
}

/// `Accept-Charset`
pub(super) fn charsets(text: &str) -> Option<String> {
    list(text, |scan| {
        let name = scan.token()?;
        let name = content_type::canonical_charset(name).unwrap_or(name);
        Some(format!("{name}{}", optional_weight(scan)?))
    })
}

/// `Cache-Control`, without the directives that name fields.
pub(super) fn cache_directives(text: &str) -> Option<String> {
    list(text, |scan| {
        let name = scan.token()?;
        if !scan.next_is('=') {
            return Some(name.to_owned());
        }
        scan.expect('=')?;
        let value = scan.token()?;
        let seconds = ["max-age", "max-stale", "min-fresh", "s-maxage"].contains(&name);
        match (name, seconds) {
            ("private" | "no-cache", _) => None,
            (_, true) => Some(format!("{name}={}", value.parse::<u64>().ok()?.min(i32::MAX as u64))),
            (_, false) => Some(format!("{name}={value}")),
        }
    })
}

/// `;q=0.8`, or nothing.
fn optional_weight(scan: &mut Scan<'_>) -> Option<String> {
    if !scan.next_is(';') {
        return Some(String::new());
    }
    scan.expect(';')?;
    scan.expect('q')?;
    scan.expect('=')?;
    let number = scan.run(|b| b.is_ascii_digit() || b == b'.')?;
    weight(number.parse().ok()?)
}

/// Three decimals at most and at least one; nothing for one.
fn weight(quality: f32) -> Option<String> {
    if !(0.0..=1.0).contains(&quality) {
        return None;
    }
    if quality == 1.0 {
        return Some(String::new());
    }
    let text = format!("{:.3}", f64::from(quality));
    let text = text.trim_end_matches('0');
    let zero = if text.ends_with('.') { "0" } else { "" };
    Some(format!(";q={text}{zero}"))
}
