//! Texts made safe for a tab-separated line (`spec/enrich.md` 2.4).

use std::borrow::Cow;
use std::fmt::Write as _;

/// A TAB becomes four spaces, other ASCII control characters go. May come out empty.
pub(crate) fn tsv_safe(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 6);
    for c in text.chars() {
        match c {
            '\t' => safe.push_str("    "),
            c if c.is_ascii_control() => {}
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// A text with `%XX` escapes for the text of those bytes in UTF-8, as `URI.getPath` gives it. What is no escape stays.
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |at: usize| char::from(*behind.get(at)?).to_digit(16);
        match (first, digit(0).zip(digit(1))) {
            (b'%', Some((high, low))) => {
                decoded.push((high * 16 + low) as u8);
                rest = &behind[2..];
            }
            _ => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    Cow::Owned(event::utf8::decode(&decoded).into_owned())
}

/// Length in UTF-16 code units, as Java counts.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The message of a Java exception as the original prints it: safe for a line, without object hashes, trimmed.
pub(crate) fn tidy_message(message: &str) -> String {
    let safe = tsv_safe(message);
    let mut out = String::with_capacity(safe.len());
    let mut rest = safe.as_ref();
    while let Some(at) = rest.find('@') {
        let (before, behind) = rest.split_at(at + 1);
        out.push_str(before);
        // The original's pattern takes any letter for a digit, and so the host behind an `@` too.
        let hash = behind.bytes().take_while(|b| b.is_ascii_digit() || b.is_ascii_lowercase()).count();
        rest = if hash > 0 && behind[hash..].starts_with(';') {
            out.push_str("xxxxxx");
            &behind[hash..]
        } else {
            behind
        };
    }
    out.push_str(rest);
    out.trim_matches(|c: char| c <= ' ').to_owned()
}

/// A text as forms have it: a space becomes `+`.
pub(crate) fn form_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go() {
        let table = [("a\tb", "a    b"), ("a\0\r\nb\x7f", "ab"), ("\u{80}é", "\u{80}é"), ("\n", "")];
        for (text, expect) in table {
            assert_eq!(tsv_safe(text), expect);
        }
    }

    #[test]
    fn escapes() {
        let table = [
            ("a+b", "a+b"),
            ("%41%C3%A9é", "Aéé"),
            ("%E9%", "\u{FFFD}%"),
            ("%zz%4", "%zz%4"),
            ("%+4", "%+4"),
            ("%25%32%35", "%25"),
            ("%é", "%é"),
        ];
        for (text, expect) in table {
            assert_eq!(percent_decoded(text), expect);
        }
    }

    #[test]
    fn hashes_go() {
        assert_eq!(tidy_message("a [B@1f3c; b \t"), "a [B@xxxxxx; b");
        assert_eq!(tidy_message("x@y.z; @12"), "x@y.z; @12");
        assert_eq!(tidy_message("x@host;y@HOST;"), "x@xxxxxx;y@HOST;");
    }
}
