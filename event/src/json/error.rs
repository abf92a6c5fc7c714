//! What jawn 1.4.0 says of a text that is no JSON (`spec/enrich.md` 5.1).

use std::fmt;

/// Why a text is no JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It is not JSON: the original's message.
    Syntax(String),
    /// It is, but has more levels than allowed.
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message),
            Self::TooDeep => f.write_str("maximum allowed JSON depth exceeded"),
        }
    }
}

impl std::error::Error for JsonError {}

/// A failure, without the text that it is told with.
pub(super) enum Failure {
    /// The text ends before the document does.
    Exhausted,
    TooDeep,
    Unexpected {
        at: usize,
        what: &'static str,
    },
    ControlCharacter {
        at: usize,
    },
    Escape {
        at: usize,
    },
}

impl Failure {
    #[cold]
    pub(super) fn message(self, text: &str) -> JsonError {
        JsonError::Syntax(match self {
            Self::TooDeep => return JsonError::TooDeep,
            Self::Exhausted => "exhausted input".to_owned(),
            Self::Unexpected { at, what } => got(text, at, what, 6),
            Self::ControlCharacter { at } => {
                got(text, at, &format!("control char ({}) in string", text.as_bytes()[at]), 1)
            }
            Self::Escape { at } => {
                // A character beyond the basic plane shows its first half only, which is printed as `?`.
                let escaped = text[at + 1..].chars().next().filter(|c| c.len_utf16() == 1).unwrap_or('?');
                got(text, at, &format!("illegal escape sequence (\\{escaped})"), 1)
            }
        })
    }
}

/// `what got '<up to `units` UTF-16 units>...' (line L, column C)`
fn got(text: &str, at: usize, what: &str, units: usize) -> String {
    let before = &text[..at];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let column = before[line_start..].chars().map(char::len_utf16).sum::<usize>() + 1;
    let rest = &text[at..];
    if rest.is_empty() {
        return format!("{what} got eof (line {line}, column {column})");
    }
    let (mut shown, mut taken) = (String::new(), 0);
    for c in rest.chars() {
        if taken == units {
            break;
        }
        // Half of a surrogate pair is printed as `?`.
        shown.push(if taken + c.len_utf16() > units { '?' } else { c });
        taken = (taken + c.len_utf16()).min(units);
    }
    let more =
        if rest.chars().map(char::len_utf16).take(units + 1).sum::<usize>() > units { "..." } else { "" };
    format!("{what} got '{shown}{more}' (line {line}, column {column})")
}
