//! Texts made safe for a tab-separated line (`spec/enrich.md` 2.4).

use std::borrow::Cow;

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
    fn hashes_go() {
        assert_eq!(tidy_message("a [B@1f3c; b \t"), "a [B@xxxxxx; b");
        assert_eq!(tidy_message("x@y.z; @12"), "x@y.z; @12");
        assert_eq!(tidy_message("x@host;y@HOST;"), "x@xxxxxx;y@HOST;");
    }
}
