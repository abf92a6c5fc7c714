//! `java.net.URI`: RFC 2396 with its deviations, and its error texts (`spec/enrich.md` 4.7).

use std::{borrow::Cow, ops::Range};

use super::{text::utf16_len, uri_authority};

/// A URI taken apart. Components are raw, as they stand in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    text: Cow<'a, str>,
    scheme: Option<Range<usize>>,
    host: Option<Range<usize>>,
    port: Option<i32>,
    path: Option<Range<usize>>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

/// Where and why a text is no URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(super) why: String,
    /// Byte index.
    pub(super) at: usize,
}

/// What a server-based authority says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: Option<Range<usize>>,
    pub(super) port: Option<i32>,
}

/// A set of ASCII characters.
#[derive(Clone, Copy)]
pub(crate) struct Chars(u128);

impl<'a> Uri<'a> {
    /// `new URI(text)`.
    ///
    /// # Errors
    /// The message of the `URISyntaxException`.
    pub(crate) fn parse(text: Cow<'a, str>) -> Result<Self, String> {
        match Parser::parse(&text) {
            Ok(parts) => Ok(Self {
                scheme: parts.scheme,
                host: parts.server.host,
                port: parts.server.port,
                path: parts.path,
                query: parts.query,
                fragment: parts.fragment,
                text,
            }),
            Err(malformed) => Err(malformed.message(&text)),
        }
    }

    /// The whole text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme, in its own case.
    pub(crate) fn scheme(&self) -> Option<&str> {
        self.part(self.scheme.as_ref())
    }

    /// The host, where the authority is server-based.
    pub(crate) fn host(&self) -> Option<&str> {
        self.part(self.host.as_ref())
    }

    /// The explicit port.
    pub(crate) fn port(&self) -> Option<i32> {
        self.port
    }

    /// The path; `None` only in opaque URIs.
    pub(crate) fn path(&self) -> Option<&str> {
        self.part(self.path.as_ref())
    }

    /// What stands behind `?`.
    pub(crate) fn query(&self) -> Option<&str> {
        self.part(self.query.as_ref())
    }

    /// What stands behind `#`.
    pub(crate) fn fragment(&self) -> Option<&str> {
        self.part(self.fragment.as_ref())
    }

    /// The same, without borrowing.
    pub(crate) fn into_owned(self) -> Uri<'static> {
        Uri {
            text: Cow::Owned(self.text.into_owned()),
            scheme: self.scheme,
            host: self.host,
            port: self.port,
            path: self.path,
            query: self.query,
            fragment: self.fragment,
        }
    }

    fn part(&self, range: Option<&Range<usize>>) -> Option<&str> {
        range.map(|range| &self.text[range.clone()])
    }
}

impl Malformed {
    pub(super) fn new(why: impl Into<String>, at: usize) -> Self {
        Self { why: why.into(), at }
    }

    pub(super) fn expecting(what: &str, at: usize) -> Self {
        Self::new(format!("Expected {what}"), at)
    }

    /// The same complaint about a text that has `bytes` more before it.
    pub(crate) fn behind(&self, bytes: usize) -> Self {
        Self::new(self.why.clone(), self.at + bytes)
    }

    /// The message of the exception, which counts UTF-16 units.
    pub(crate) fn message(&self, input: &str) -> String {
        format!("{} at index {}: {input}", self.why, utf16_len(&input[..self.at]))
    }
}

impl Chars {
    const NONE: Self = Self(0);
    pub(super) const DIGIT: Self = Self::NONE.with(b"0123456789");
    const ALPHA: Self = Self::NONE.with(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    pub(super) const ALPHANUM: Self = Self::ALPHA.with(b"0123456789");
    pub(super) const HEX: Self = Self::DIGIT.with(b"abcdefABCDEF");
    const SCHEME: Self = Self::ALPHANUM.with(b"+-.");
    const UNRESERVED: Self = Self::ALPHANUM.with(b"_-!.~'()*");
    const PATH: Self = Self::UNRESERVED.with(b":@&=+$,;/");
    /// Characters of queries, fragments and opaque parts.
    pub(crate) const URIC: Self = Self::UNRESERVED.with(b";/?:@&=+$,[]");
    pub(super) const REG_NAME: Self = Self::UNRESERVED.with(b"$,;:@&=+");
    pub(super) const USERINFO: Self = Self::UNRESERVED.with(b";:&=+$,");
    pub(super) const SERVER: Self = Self::USERINFO.with(b".:@[]");
    pub(super) const SERVER_PERCENT: Self = Self::SERVER.with(b"%");
    pub(super) const LABEL: Self = Self::ALPHANUM.with(b"-");
    pub(super) const SCOPE_ID: Self = Self::ALPHANUM.with(b"_.");

    const fn with(mut self, more: &[u8]) -> Self {
        let mut i = 0;
        while i < more.len() {
            self.0 |= 1 << more[i];
            i += 1;
        }
        self
    }

    pub(crate) const fn has(self, b: u8) -> bool {
        b < 128 && self.0 >> b & 1 == 1
    }

    pub(super) fn is_alpha(b: u8) -> bool {
        b.is_ascii_alphabetic()
    }
}

/// End of the run of plain characters of `set` from `from`.
pub(super) fn scan_plain(text: &str, from: usize, end: usize, set: Chars) -> usize {
    text.as_bytes()[from..end].iter().position(|b| !set.has(*b)).map_or(end, |n| from + n)
}

/// End of the run of characters of `set`, escape pairs and visible characters outside ASCII.
///
/// # Errors
/// `Malformed escape pair`.
pub(super) fn scan_escaped(text: &str, from: usize, end: usize, set: Chars) -> Result<usize, Malformed> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < end {
        let b = bytes[at];
        if set.has(b) {
            at += 1;
        } else if b == b'%' {
            let pair = bytes[at + 1..end].get(..2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
            if !pair {
                return Err(Malformed::new("Malformed escape pair", at));
            }
            at += 3;
        } else if b >= 0x80 {
            let c = text[at..end].chars().next().unwrap_or(' ');
            if !is_other(c) {
                break;
            }
            at += c.len_utf8();
        } else {
            break;
        }
    }
    Ok(at)
}

/// `from..end` must consist of characters of `set`, escape pairs and visible characters outside ASCII.
pub(crate) fn check(text: &str, from: usize, end: usize, set: Chars, what: &str) -> Result<(), Malformed> {
    let stopped = scan_escaped(text, from, end, set)?;
    if stopped < end { Err(Malformed::new(format!("Illegal character in {what}"), stopped)) } else { Ok(()) }
}

/// Whether a character outside ASCII may stand unescaped: neither white space nor a control character.
fn is_other(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

#[derive(Default)]
struct Parts {
    scheme: Option<Range<usize>>,
    server: Server,
    path: Option<Range<usize>>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

struct Parser<'a> {
    text: &'a str,
    parts: Parts,
}

impl<'a> Parser<'a> {
    fn parse(text: &'a str) -> Result<Parts, Malformed> {
        let mut parser = Self { text, parts: Parts::default() };
        let end = text.len();
        let colon = parser.find(0, b":/?#").filter(|at| text.as_bytes()[*at] == b':');
        let behind = if let Some(colon) = colon {
            parser.scheme(colon)?;
            let from = colon + 1;
            if parser.at(from, b'/') { parser.hierarchical(from)? } else { parser.opaque(from)? }
        } else {
            parser.hierarchical(0)?
        };
        if parser.at(behind, b'#') {
            check(text, behind + 1, end, Chars::URIC, "fragment")?;
            parser.parts.fragment = Some(behind + 1..end);
        }
        Ok(parser.parts)
    }

    fn scheme(&mut self, colon: usize) -> Result<(), Malformed> {
        if colon == 0 {
            return Err(Malformed::expecting("scheme name", 0));
        }
        let bytes = self.text.as_bytes();
        if !Chars::ALPHA.has(bytes[0]) {
            return Err(Malformed::new("Illegal character in scheme name", 0));
        }
        let stopped = scan_plain(self.text, 1, colon, Chars::SCHEME);
        if stopped < colon {
            return Err(Malformed::new("Illegal character in scheme name", stopped));
        }
        self.parts.scheme = Some(0..colon);
        Ok(())
    }

    fn opaque(&mut self, from: usize) -> Result<usize, Malformed> {
        let end = self.find(from, b"#").unwrap_or(self.text.len());
        if end <= from {
            return Err(Malformed::expecting("scheme-specific part", from));
        }
        check(self.text, from, end, Chars::URIC, "opaque part")?;
        Ok(end)
    }

    fn hierarchical(&mut self, from: usize) -> Result<usize, Malformed> {
        let len = self.text.len();
        let mut at = from;
        if self.at(at, b'/') && self.at(at + 1, b'/') {
            at += 2;
            let end = self.find(at, b"/?#").unwrap_or(len);
            if end > at {
                self.parts.server = uri_authority::parse(self.text, at, end)?;
                at = end;
            } else if end == len {
                return Err(Malformed::expecting("authority", at));
            }
        }
        let end = self.find(at, b"?#").unwrap_or(len);
        check(self.text, at, end, Chars::PATH, "path")?;
        self.parts.path = Some(at..end);
        at = end;
        if self.at(at, b'?') {
            let end = self.find(at + 1, b"#").unwrap_or(len);
            check(self.text, at + 1, end, Chars::URIC, "query")?;
            self.parts.query = Some(at + 1..end);
            at = end;
        }
        Ok(at)
    }

    fn at(&self, index: usize, b: u8) -> bool {
        self.text.as_bytes().get(index) == Some(&b)
    }

    fn find(&self, from: usize, any: &[u8]) -> Option<usize> {
        self.text.as_bytes()[from..].iter().position(|b| any.contains(b)).map(|n| from + n)
    }
}
