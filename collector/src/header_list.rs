//! The `headers` list of a payload (`spec/collector.md` 4.3).

use std::borrow::Cow;

use memchr::memchr;

use crate::{
    compatibility::Compatibility,
    content_type, cookie,
    head::{Head, Name},
    server_rendered,
};

/// Lines of UTF-8. Those that are kept as they came are not copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Lines<'a> {
    /// Adds a line of UTF-8.
    pub fn push(&mut self, line: impl Into<Cow<'a, [u8]>>) {
        self.0.push(line.into());
    }

    /// The lines in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// The same.
    pub fn as_slice(&self) -> &[Cow<'a, [u8]>] {
        &self.0
    }
}

/// One `Name: value` line per field, in the order they came.
pub fn header_list(head: &Head, anonymous: bool, compatibility: Compatibility) -> Lines<'_> {
    let fields = head.fields();
    // One more may follow.
    let mut lines = Lines(Vec::with_capacity(fields.len() + 1));
    for (((name, value), line), known) in fields.zip(head.lines()).zip(head.names()) {
        let personal = matches!(known, Some(Name::Cookie | Name::XForwardedFor | Name::XRealIp));
        if anonymous && personal {
            continue;
        }
        // Names are ASCII: the head was refused otherwise.
        let with = |text: &str| [name, b": ", text.as_bytes()].concat();
        match (compatibility, known) {
            (Compatibility::V3, Some(Name::Cookie)) => match line.filter(|_| are_plain_cookies(value)) {
                Some(line) => lines.push(line),
                None => {
                    let mut line = with("");
                    if push_cookies_v3(value, &mut line) {
                        lines.push(line);
                    }
                }
            },
            (Compatibility::V3, _) => match line.filter(|_| value.is_ascii()) {
                Some(line) => lines.push(line),
                None => lines.push(with(&latin1(value))),
            },
            (Compatibility::V2, known) => {
                let elsewhere = match known {
                    Some(Name::ContentLength | Name::TransferEncoding) => true,
                    Some(Name::ContentType) => content_type::is_valid(value, compatibility),
                    _ => false,
                };
                if !elsewhere {
                    lines.push(with(&server_rendered::value(name, value)));
                }
            }
        }
    }
    lines
}

/// The value of a field as text: the current line reads one byte a character (Latin-1), the Apache line prints it anew.
pub fn text<'a>(name: &[u8], value: &'a [u8], compatibility: Compatibility) -> Cow<'a, str> {
    match compatibility {
        Compatibility::V2 => server_rendered::value(name, value),
        Compatibility::V3 => latin1(value),
    }
}

/// One byte a character.
pub fn latin1(value: &[u8]) -> Cow<'_, str> {
    match value.is_ascii().then(|| std::str::from_utf8(value)) {
        Some(Ok(text)) => Cow::Borrowed(text),
        _ => Cow::Owned(value.iter().map(|&b| b as char).collect()),
    }
}

/// Whether [`push_cookies_v3`] would write them as they came.
fn are_plain_cookies(value: &[u8]) -> bool {
    value.split(|&b| b == b';').all(|part| !part.is_empty() && cookie::are_octets(part))
}

/// Writes cookies without spaces and without the parts that are none; quotes around a value are taken off. False: nothing is
/// left.
fn push_cookies_v3(value: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for part in value.split(|&b| b == b';') {
        let before = out.len();
        if before > start {
            out.push(b';');
        }
        let part_start = out.len();
        let blanks = part.iter().take_while(|&&b| b == b' ').count();
        let part = &part[blanks..];
        match memchr(b' ', part) {
            None => out.extend_from_slice(part),
            Some(_) => out.extend(part.iter().filter(|&&b| b != b' ')),
        }
        unwrap_quotes(part_start, out);
        let part = &out[part_start..];
        if part.is_empty() || !cookie::are_octets(part) {
            out.truncate(before);
        }
    }
    out.len() > start
}

/// `a="b"` -> `a=b`, at the end of a text.
fn unwrap_quotes(start: usize, text: &mut Vec<u8>) {
    let Some(at) = memchr(b'=', &text[start..]) else { return };
    let value = start + at + 1;
    if text.len() >= value + 2 && text[value] == b'"' && text.ends_with(b"\"") {
        text.pop();
        text.remove(value);
    }
}
