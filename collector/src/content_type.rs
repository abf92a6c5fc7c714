//! The content type as payloads carry it (`spec/collector.md` 4.4).

use std::fmt::Write as _;

use crate::{compatibility::Compatibility, head};

/// Renders a media type; `None` where the header does not parse as one.
pub fn normalised(value: Option<&[u8]>, compatibility: Compatibility) -> Option<String> {
    match compatibility {
        Compatibility::V3 => rendered(std::str::from_utf8(value?).ok()?, true),
        // Character sets are dropped, and what has no type is bytes (section 0.1, 6).
        Compatibility::V2 => Some(
            value
                .and_then(|v| std::str::from_utf8(v).ok())
                .and_then(|v| rendered(v, false))
                .unwrap_or_else(|| "application/octet-stream".into()),
        ),
    }
}

/// Whether a header parses as a media type.
pub fn is_valid(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok_and(|v| rendered(v, false).is_some())
}

fn rendered(value: &str, with_charset: bool) -> Option<String> {
    // What browsers and trackers send nearly always.
    if with_charset && value.eq_ignore_ascii_case("application/json; charset=utf-8") {
        return Some("application/json; charset=utf-8".into());
    }
    let mut parts = Parts { rest: value };
    let media = parts.next()?;
    let (main, sub) = media.split_once('/')?;
    if !is_token(main) || !is_token(sub) {
        return None;
    }
    let mut out = media.to_ascii_lowercase();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            continue;
        }
        let (name, value) = part.split_once('=')?;
        let (name, value) = (name.trim(), unquoted(value.trim())?);
        if !is_token(name) {
            return None;
        }
        if !name.eq_ignore_ascii_case("charset") {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(out, "; {}=\"{value}\"", name.to_ascii_lowercase())
                .expect("writing to a String cannot fail");
        } else if with_charset && let Some(charset) = known_charset(&value) {
            write!(out, "; charset={charset}").expect("writing to a String cannot fail");
        }
    }
    Some(out)
}

/// Splits on `;` outside quotes.
struct Parts<'a> {
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let end = self.rest.find(|c| {
            let ends = c == ';' && !quoted;
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let part = &self.rest[..end.unwrap_or(self.rest.len())];
        self.rest = end.map_or("", |i| &self.rest[i + 1..]);
        Some(part.trim())
    }
}

fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else { return is_token(value).then(|| value.to_owned()) };
    let inner = inner.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(out)
}

fn known_charset(name: &str) -> Option<String> {
    const KNOWN: [&str; 14] = [
        "utf-8",
        "us-ascii",
        "iso-8859-1",
        "iso-8859-2",
        "iso-8859-15",
        "utf-16",
        "utf-16be",
        "utf-16le",
        "utf-32",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "shift_jis",
        "gb18030",
    ];
    let lower = name.to_ascii_lowercase();
    KNOWN.contains(&lower.as_str()).then_some(lower)
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(head::is_token)
}
