//! UTF-8 as Java decodes it.

use std::borrow::Cow;

/// Decodes bytes, with U+FFFD for what is not UTF-8, as `new String(bytes, UTF_8)` of Java does: one for each maximal
/// prefix of a character, and one for a whole encoded surrogate (where Rust's own decoder gives three).
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode_broken(bytes)),
    }
}

#[cold]
fn decode_broken(mut bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => {
                out.push_str(text);
                return out;
            }
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        out.push_str(&String::from_utf8_lossy(valid));
        out.push('\u{FFFD}');
        bytes = &rest[broken_length(rest, error.error_len())..];
    }
    out
}

/// How many of the bytes one U+FFFD stands for.
fn broken_length(bytes: &[u8], error_len: Option<usize>) -> usize {
    let continuation = |at: usize| bytes.get(at).is_some_and(|b| b & 0xC0 == 0x80);
    match bytes {
        [0xED, 0xA0..=0xBF, ..] => {
            if continuation(2) {
                3
            } else {
                2
            }
        }
        _ => error_len.unwrap_or(bytes.len()),
    }
}
