//! `main/sub; name=value`

use std::{borrow::Cow, fmt::Write as _};

use super::charset;
use crate::{compatibility::Compatibility, head};

/// A media type, taken apart.
#[derive(Debug)]
pub(super) struct MediaType<'a> {
    main: String,
    sub: String,
    /// In the order they came, without the character set.
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    charset: Option<Cow<'a, str>>,
}

/// What the Apache line knows of a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No text: a character set is dropped.
    Binary,
    /// Always UTF-8: a character set is dropped.
    Fixed,
    /// Text in some character set.
    Open,
}

impl<'a> MediaType<'a> {
    pub(super) fn parse(value: &'a [u8], compatibility: Compatibility) -> Option<Self> {
        let mut parts = Parts { rest: std::str::from_utf8(value).ok()?, ended: false };
        let (main, sub) = parts.next()?.split_once('/')?;
        let main = if compatibility.is_v2() { main.trim_ascii_end() } else { main };
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let mut media_type = Self {
            main: main.to_ascii_lowercase(),
            sub: sub.to_ascii_lowercase(),
            parameters: Vec::new(),
            charset: None,
        };
        for part in parts {
            // The current line forgives a semicolon too many; the Apache line reads no type then.
            if part.is_empty() && !compatibility.is_v2() {
                continue;
            }
            let (name, value) = part.split_once('=')?;
            let (name, value) = (name.trim_ascii(), unquoted(value.trim_ascii())?);
            if !is_token(name) {
                return None;
            }
            if name.eq_ignore_ascii_case("charset") {
                media_type.charset = Some(value);
            } else {
                media_type.parameters.retain(|(n, _)| *n != name);
                media_type.parameters.push((name, value));
            }
        }
        Some(media_type)
    }

    /// In lower case. The Apache line sorts parameters and quotes only what must be.
    pub(super) fn print(mut self, compatibility: Compatibility) -> String {
        let mut out = format!("{}/{}", self.main, self.sub);
        if compatibility.is_v2() {
            self.parameters.sort();
        }
        for (name, value) in &self.parameters {
            if compatibility.is_v2() && is_token(value) {
                write!(out, "; {name}={value}").expect("writing to a String cannot fail");
            } else {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                write!(out, "; {name}=\"{value}\"").expect("writing to a String cannot fail");
            }
        }
        let charset = self.charset.as_deref();
        let charset = match compatibility {
            Compatibility::V3 => charset.and_then(charset::canonical),
            Compatibility::V2 => charset
                .filter(|_| self.kind() == Kind::Open)
                .map(|name| charset::canonical(name).unwrap_or(name)),
        };
        if let Some(charset) = charset {
            write!(out, "; charset={charset}").expect("writing to a String cannot fail");
        }
        out.to_lowercase()
    }

    /// The character set that the Apache line decodes a body with; `None`: UTF-8.
    pub(super) fn charset_of_body(&self) -> Option<&str> {
        self.charset.as_deref().filter(|_| self.kind() == Kind::Open)
    }

    fn kind(&self) -> Kind {
        /// Types whose character set is a parameter, besides most of `text/`.
        const OPEN: [&str; 12] = [
            "atom+xml",
            "base64",
            "javascript",
            "problem+xml",
            "rss+xml",
            "soap+xml",
            "vnd.google-earth.kml+xml",
            "x-latex",
            "x-vrml",
            "xhtml+xml",
            "xml",
            "xml-dtd",
        ];
        const FIXED: [&str; 6] = [
            "json",
            "json-patch+json",
            "merge-patch+json",
            "problem+json",
            "vnd.api+json",
            "x-www-form-urlencoded",
        ];
        const BINARY: [&str; 8] =
            ["cbor", "grpc+proto", "octet-stream", "pdf", "postscript", "x-gzip", "x-tar", "zip"];
        match (self.main.as_str(), self.sub.as_str()) {
            ("multipart" | "image" | "audio" | "video" | "font" | "message", _) => Kind::Binary,
            ("text", "event-stream") => Kind::Fixed,
            ("application", sub) if OPEN.contains(&sub) => Kind::Open,
            ("application", sub) if FIXED.contains(&sub) => Kind::Fixed,
            ("application", sub) if BINARY.contains(&sub) => Kind::Binary,
            // What is not registered there is text as soon as it has a character set.
            _ => Kind::Open,
        }
    }
}

/// Splits on `;` outside quotes.
struct Parts<'a> {
    rest: &'a str,
    ended: bool,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.ended {
            return None;
        }
        let (mut quoted, mut escaped) = (false, false);
        let end = self.rest.find(|c| {
            let ends = c == ';' && !quoted;
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && quoted && !escaped;
            ends
        });
        let part = &self.rest[..end.unwrap_or(self.rest.len())];
        self.ended = end.is_none();
        self.rest = end.map_or("", |i| &self.rest[i + 1..]);
        Some(part.trim_ascii())
    }
}

/// A token or a quoted text; nothing else is a value.
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let Some(inner) = value.strip_prefix('"') else {
        return is_token(value).then_some(Cow::Borrowed(value));
    };
    let inner = inner.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next()?),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(Cow::Owned(out))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(head::is_token)
}
