//! The query string as the original reads it: Java's URI syntax, then `URLEncodedUtils` (`spec/enrich.md` 1.3).
//!
//! One pass checks, splits and decodes; the pairs are spans of one text.

use std::ops::Range;

use crate::java::{
    charset::Charset,
    text::tidy_message,
    uri::{self, Chars, Malformed},
};

/// Name-value pairs in order, with repetitions. A name without `=` has no value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    text: String,
    items: Vec<(Range<usize>, Option<Range<usize>>)>,
}

/// What the original puts before a query string to read it as a URI.
const BASE: &str = "http://localhost/?";

impl Pairs {
    /// The pairs of a query string in UTF-8: the default of every collector.
    ///
    /// # Errors
    /// The Java exception's message.
    pub fn parse_utf8(query: &str) -> Result<Self, String> {
        parse(query, Charset::Utf8)
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.items.iter().map(|(name, value)| {
            (&self.text[name.clone()], value.as_ref().map(|value| &self.text[value.clone()]))
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }
}

/// Reads a query string.
///
/// # Errors
/// The Java exception's message, made safe for a line.
pub(crate) fn parse(query: &str, charset: Charset) -> Result<Pairs, String> {
    read(query, charset).map_err(|malformed| tidy_message(&message(query, &malformed)))
}

/// Reads a form of a request's body.
///
/// # Errors
/// The Java exception's message as it is.
pub(crate) fn parse_form(form: &str) -> Result<Pairs, String> {
    read(form, Charset::Utf8).map_err(|malformed| message(form, &malformed))
}

fn read(query: &str, charset: Charset) -> Result<Pairs, Malformed> {
    let form = match query.find('#') {
        None => {
            uri::check(query, 0, query.len(), Chars::URIC, "query")?;
            query
        }
        Some(hash) => {
            uri::check(query, 0, hash, Chars::URIC, "query")?;
            uri::check(query, hash + 1, query.len(), Chars::URIC, "fragment")?;
            &query[..hash]
        }
    };
    Ok(split(form, charset))
}

/// Reads the query of a URI that is already known to be well-formed.
pub(crate) fn split(form: &str, charset: Charset) -> Pairs {
    let mut pairs = Pairs { text: String::with_capacity(form.len()), items: Vec::with_capacity(32) };
    let mut scratch = Vec::new();
    for pair in form.split(['&', ';']) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        };
        if name.is_empty() {
            continue;
        }
        let name = decode(name, charset, &mut pairs.text, &mut scratch);
        let value = value.map(|value| decode(value, charset, &mut pairs.text, &mut scratch));
        pairs.items.push((name, value));
    }
    pairs
}

/// Appends the decoded token and returns where it stands.
fn decode(token: &str, charset: Charset, out: &mut String, scratch: &mut Vec<u8>) -> Range<usize> {
    let from = out.len();
    let plain = charset != Charset::Utf16 && charset != Charset::Utf16Be && charset != Charset::Utf16Le;
    if plain && token.bytes().all(|b| b.is_ascii() && b != b'%' && b != b'+') {
        out.push_str(token);
        return from..out.len();
    }
    scratch.clear();
    let bytes = token.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        match b {
            b'+' => scratch.push(b' '),
            b'%' => match pair(bytes.get(at + 1..at + 3)) {
                Some(decoded) => {
                    scratch.push(decoded);
                    at += 2;
                }
                None => scratch.push(b'%'),
            },
            b if b.is_ascii() => scratch.push(b),
            _ => {
                // Every UTF-16 unit loses its high byte.
                let c = token[at..].chars().next().unwrap_or(' ');
                let mut units = [0; 2];
                scratch.extend(c.encode_utf16(&mut units).iter().map(|unit| unit.to_be_bytes()[1]));
                at += c.len_utf8() - 1;
            }
        }
        at += 1;
    }
    match (charset, std::str::from_utf8(scratch)) {
        (Charset::Utf8, Ok(text)) => out.push_str(text),
        _ => charset.decode(scratch, out),
    }
    from..out.len()
}

fn pair(digits: Option<&[u8]>) -> Option<u8> {
    let nibble = |b: u8| char::from(b).to_digit(16);
    match digits? {
        [high, low] => Some((nibble(*high)? << 4 | nibble(*low)?) as u8),
        _ => None,
    }
}

/// The message for the query string as the original builds a URI around it.
fn message(query: &str, malformed: &Malformed) -> String {
    malformed.behind(BASE.len()).message(&format!("{BASE}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expect: &[(&str, Option<&str>)]) {
        let pairs = parse(query, Charset::Utf8).expect(query);
        assert_eq!(pairs.iter().collect::<Vec<_>>(), expect, "{query}");
    }

    #[test]
    fn pairs_as_httpclient_splits_them() {
        check("", &[]);
        check("a", &[("a", None)]);
        check("a=", &[("a", Some(""))]);
        check("=v&&;", &[]);
        check("e=a=b=c", &[("e", Some("a=b=c"))]);
        check("a=1;b=2&a=3", &[("a", Some("1")), ("b", Some("2")), ("a", Some("3"))]);
        check("a+b=c+d%20e", &[("a b", Some("c d e"))]);
        check("a=1#b=2&c", &[("a", Some("1"))]);
        check("a=%C3%A9%e9x", &[("a", Some("é\u{FFFD}x"))]);
        check("a=é", &[("a", Some("\u{FFFD}"))]);
        // Not one of the spaces that the syntax refuses: a low byte is left of it.
        check("a=\u{200B}", &[("a", Some("\u{0B}"))]);
    }

    #[test]
    fn errors_as_java_words_them() {
        let table = [
            ("a=%zz", "Malformed escape pair at index 20: http://localhost/?a=%zz"),
            ("%", "Malformed escape pair at index 18: http://localhost/?%"),
            ("a=é%", "Malformed escape pair at index 21: http://localhost/?a=é%"),
            ("a=😀%", "Malformed escape pair at index 22: http://localhost/?a=😀%"),
            ("a=b|c", "Illegal character in query at index 21: http://localhost/?a=b|c"),
            ("a=\t", "Illegal character in query at index 20: http://localhost/?a="),
            ("a#b#c", "Illegal character in fragment at index 21: http://localhost/?a#b#c"),
        ];
        for (query, expect) in table {
            assert_eq!(parse(query, Charset::Utf8), Err(expect.to_owned()), "{query}");
        }
    }

    #[test]
    fn errors_of_forms_are_not_tidied() {
        let text = "Illegal character in query at index 20: http://localhost/?a=\t@b;";
        assert_eq!(parse_form("a=\t@b;"), Err(text.to_owned()));
        let tidied = "Illegal character in query at index 20: http://localhost/?a=    @xxxxxx;";
        assert_eq!(parse("a=\t@b;", Charset::Utf8), Err(tidied.to_owned()));
    }

    #[test]
    fn other_charsets() {
        let pairs = parse("a=%e9", Charset::Latin1).unwrap();
        assert_eq!(pairs.iter().next(), Some(("a", Some("é"))));
    }
}
