//! Looking up a parameter in a raw query string, and its escapes.

use std::borrow::Cow;

use event::utf8;

use crate::compatibility::Compatibility;

/// The pairs of a query, undecoded: split on `&`, in the current line on `;` too (`spec/collector.md` 2.6), then at the
/// first `=`.
pub fn pairs(query: &[u8], compatibility: Compatibility) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        let here = rest?;
        let end = match compatibility {
            Compatibility::V2 => memchr::memchr(b'&', here),
            Compatibility::V3 => memchr::memchr2(b'&', b';', here),
        };
        rest = end.map(|end| &here[end + 1..]);
        let pair = &here[..end.unwrap_or(here.len())];
        Some(match memchr::memchr(b'=', pair) {
            Some(i) => (&pair[..i], Some(&pair[i + 1..])),
            None => (pair, None),
        })
    })
}

/// The decoded values of a parameter in order; one without `=` is the empty text.
pub fn values<'a>(
    query: &'a [u8],
    name: &'a str,
    compatibility: Compatibility,
) -> impl Iterator<Item = Cow<'a, str>> {
    let query = if may_name(query, name) { query } else { b"" };
    pairs(query, compatibility)
        .filter(move |(key, _)| is_named(key, name))
        .map(|(_, value)| decode_form(value.unwrap_or_default()))
}

/// Decodes escapes and `+`.
pub fn decode_form(text: &[u8]) -> Cow<'_, str> {
    decode(text, true)
}

/// Decodes escapes alone.
pub fn decode_escapes(text: &[u8]) -> Cow<'_, str> {
    decode(text, false)
}

/// Writes a decoded text, its bytes outside `keep` and ASCII letters and digits as escapes.
pub fn encode(text: &str, keep: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &b in text.as_bytes() {
        if b.is_ascii_alphanumeric() || keep.contains(&b) {
            out.push(b);
        } else {
            out.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
    }
}

/// Whether a name of lower-case letters may be in a query: its first two letters are somewhere, or a letter stands there as
/// an escape, which nobody writes. This is much less work than to look at each pair.
fn may_name(query: &[u8], name: &str) -> bool {
    let &[x, y, ..] = name.as_bytes() else { return true };
    // `%61` to `%7a`
    let twos = query.iter().zip(query.get(1..).unwrap_or_default());
    !name.bytes().all(|b| b.is_ascii_lowercase())
        // Without an early end the compiler looks at many bytes at once.
        || twos.fold(false, |found, (&a, &b)| found | ((a == x) & (b == y)) | ((a == b'%') & (b | 1 == b'7')))
}

fn is_named(key: &[u8], name: &str) -> bool {
    key == name.as_bytes() || (key.iter().any(|b| b"%+".contains(b)) && decode_form(key) == name)
}

/// Broken escapes stay as they are; bytes that are no UTF-8 become U+FFFD.
fn decode(text: &[u8], plus: bool) -> Cow<'_, str> {
    if !text.iter().any(|&b| b == b'%' || (plus && b == b'+')) {
        return utf8::decode(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let escape = match text[at] {
            b'%' => text.get(at + 1..at + 3).and_then(|digits| Some(hex(digits[0])? * 16 + hex(digits[1])?)),
            b'+' if plus => {
                out.push(b' ');
                at += 1;
                continue;
            }
            _ => None,
        };
        out.push(escape.unwrap_or(text[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|e| utf8::decode(e.as_bytes()).into_owned()))
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|d| d as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_however_its_name_is_written() {
        for (query, expect) in [
            ("nuid=a", &["a"][..]),
            ("e=pv&nuid=a%20b+c&nuid", &["a b c", ""]),
            ("%6euid=a&n%75id=b&nu%69d=c&nui%64=d&%6Euid=e", &["a", "b", "c", "d", "e"]),
            ("%6Euid=a%7B", &["a{"]),
            ("Nuid=a&nuid2=b&xnuid=c&e=nuid&+nuid=d&n%7Buid=e", &[]),
            ("%6", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = values(query.as_bytes(), "nuid", Compatibility::V3).collect();
            assert_eq!(found, expect, "{query}");
        }
        let odd = |query: &'static str, name| values(query.as_bytes(), name, Compatibility::V3).count();
        assert_eq!((odd("%51=a", "Q"), odd("n%33=a", "n3"), odd("a&%2d", "-")), (1, 1, 1));
    }
}
