//! Strings: from the text between the quotes to the text meant.

/// The text between the quotes, checked.
pub(super) struct RawString<'a> {
    pub(super) text: &'a str,
    /// Whether there is a backslash in it.
    pub(super) escapes: bool,
}

impl RawString<'_> {
    /// The text meant. A lone surrogate becomes `?`, as when the original encodes it.
    pub(super) fn decode(&self) -> String {
        if !self.escapes {
            return self.text.to_owned();
        }
        let mut out = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
            out.push_str(&rest[..slash]);
            let kind = rest.as_bytes()[slash + 1];
            rest = &rest[slash + 2..];
            match kind {
                b'b' => out.push('\u{8}'),
                b'f' => out.push('\u{C}'),
                b'n' => out.push('\n'),
                b'r' => out.push('\r'),
                b't' => out.push('\t'),
                b'u' => {
                    let unit = hex4(rest);
                    rest = &rest[4..];
                    let low = rest.strip_prefix("\\u").map(hex4).filter(|low| (0xDC00..0xE000).contains(low));
                    match (unit, low) {
                        (0xD800..0xDC00, Some(low)) => {
                            let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                            out.push(char::from_u32(code).unwrap_or('?'));
                            rest = &rest[6..];
                        }
                        _ => out.push(char::from_u32(unit).unwrap_or('?')),
                    }
                }
                other => out.push(char::from(other)),
            }
        }
        out.push_str(rest);
        out
    }
}

/// The value of four hex digits, which have been checked.
fn hex4(text: &str) -> u32 {
    text.bytes().take(4).fold(0, |value, digit| value << 4 | char::from(digit).to_digit(16).unwrap_or(0))
}
