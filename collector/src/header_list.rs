//! The `headers` list of a payload (`spec/collector.md` 4.3).

use std::borrow::Cow;

use crate::{compatibility::Compatibility, content_type, cookie, head::Head, server_rendered};

/// Lines in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
    ends: Vec<usize>,
}

impl Lines {
    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.ends.push(self.text.len());
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start..end])
    }

    fn push_field(&mut self, name: &[u8], value: &str) {
        // Names are ASCII: the head was refused otherwise.
        self.text.push_str(std::str::from_utf8(name).unwrap_or_default());
        self.text.push_str(": ");
        self.push(value);
    }
}

/// One `Name: value` line per field, in the order they came.
pub fn header_list(head: &Head, anonymous: bool, compatibility: Compatibility) -> Lines {
    let fields = head.fields();
    let mut lines = Lines {
        text: String::with_capacity(head.size()),
        ends: Vec::with_capacity(fields.size_hint().0 + 1),
    };
    for (name, value) in fields {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if anonymous && (is("cookie") || is("x-forwarded-for") || is("x-real-ip")) {
            continue;
        }
        let value = match compatibility {
            Compatibility::V3 if is("cookie") => match cookie_v3(value) {
                Some(value) => Cow::Owned(value),
                None => continue,
            },
            Compatibility::V3 => latin1(value),
            Compatibility::V2 if is("content-length") || is("transfer-encoding") => continue,
            Compatibility::V2 if is("content-type") && content_type::is_valid(value, compatibility) => {
                continue;
            }
            Compatibility::V2 => server_rendered::value(name, value),
        };
        lines.push_field(name, &value);
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
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(value.iter().map(|&b| b as char).collect()),
    }
}

/// Without spaces and without the parts that are no cookies; quotes around a value are taken off. `None`: nothing is left.
fn cookie_v3(value: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    for part in value.split(|&b| b == b';') {
        let mut part: Cow<'_, [u8]> = match part.contains(&b' ') {
            false => Cow::Borrowed(part),
            true => part.iter().copied().filter(|&b| b != b' ').collect(),
        };
        if let Some(unquoted) = unwrap_quotes(&part) {
            part = Cow::Owned(unquoted);
        }
        if part.is_empty() || !part.iter().all(|&b| cookie::is_octet(b)) {
            continue;
        }
        if !out.is_empty() {
            out.push(';');
        }
        out.extend(part.iter().map(|&b| b as char));
    }
    (!out.is_empty()).then_some(out)
}

/// `a="b"` -> `a=b`
fn unwrap_quotes(part: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memchr(b'=', part)?;
    let inner = part[at + 1..].strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some([&part[..=at], inner].concat())
}
