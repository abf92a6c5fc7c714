//! Printing without white space.

use serde_json::{Value, map, value::Number};
use std::slice;

use super::scan;

/// A container whose rest is still to be printed.
enum Open<'a> {
    Array(slice::Iter<'a, Value>),
    Object(map::Iter<'a>),
}

/// Prints a value without white space, appending to `out`.
pub fn write_compact(value: &Value, out: &mut String) {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            match value {
                Value::Null => out.push_str("null"),
                Value::Bool(true) => out.push_str("true"),
                Value::Bool(false) => out.push_str("false"),
                Value::Number(number) => write_number(number, out),
                Value::String(text) => write_string(text, out),
                Value::Array(items) => {
                    out.push('[');
                    let mut items = items.iter();
                    next = items.next();
                    open.push(Open::Array(items));
                    continue;
                }
                Value::Object(members) => {
                    out.push('{');
                    let mut members = members.iter();
                    if let Some((key, value)) = members.next() {
                        write_key(key, out);
                        next = Some(value);
                    }
                    open.push(Open::Object(members));
                    continue;
                }
            }
        }
        // A value, or the last item of a container, has been printed.
        match open.last_mut() {
            None => return,
            Some(Open::Array(items)) => match items.next() {
                Some(value) => {
                    out.push(',');
                    next = Some(value);
                }
                None => {
                    out.push(']');
                    open.pop();
                }
            },
            Some(Open::Object(members)) => match members.next() {
                Some((key, value)) => {
                    out.push(',');
                    write_key(key, out);
                    next = Some(value);
                }
                None => {
                    out.push('}');
                    open.pop();
                }
            },
        }
    }
}

/// [`write_compact`] into a new text.
pub fn to_compact(value: &Value) -> String {
    let mut out = String::new();
    write_compact(value, &mut out);
    out
}

/// Text that grows, or its bytes.
pub trait Text {
    /// Makes room for so many bytes more.
    fn reserve(&mut self, bytes: usize);
    /// Appends.
    fn push_str(&mut self, text: &str);
}

impl Text for String {
    fn reserve(&mut self, bytes: usize) {
        self.reserve(bytes);
    }

    fn push_str(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Text for Vec<u8> {
    fn reserve(&mut self, bytes: usize) {
        self.reserve(bytes);
    }

    fn push_str(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

/// Prints a text as a JSON string, quotes included: `\"` `\\` `\b` `\f` `\n` `\r` `\t`, other control characters
/// (U+0000 to U+001F and U+007F to U+009F) as `\u` and four lower-case hex digits, everything else as it is.
pub fn write_string(text: &str, out: &mut impl Text) {
    // Lines of 131 columns have a tab every few bytes.
    out.reserve(text.len() + text.len() / 8 + 2);
    out.push_str("\"");
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut at = 0;
    loop {
        at = scan::escaped(bytes, at);
        let Some(&byte) = bytes.get(at) else { break };
        // U+0080 to U+009F are the two bytes C2 80 to C2 9F; other characters that begin with C2 are printed as they are.
        let (code, width) = if byte == 0xC2 {
            match bytes.get(at + 1) {
                Some(&second) if second < 0xA0 => (second, 2),
                _ => {
                    at += 2;
                    continue;
                }
            }
        } else {
            (byte, 1)
        };
        out.push_str(&text[done..at]);
        if byte == b'\t' {
            // They mostly stand together: columns that are empty.
            while bytes.get(at) == Some(&b'\t') {
                out.push_str("\\t");
                at += 1;
            }
            done = at;
            continue;
        }
        match code {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0C => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                let digits = [HEX[usize::from(code >> 4)], HEX[usize::from(code & 15)]];
                digits.into_iter().for_each(|digit| out.push_str(char::from(digit).encode_utf8(&mut [0; 4])));
            }
        }
        at += width;
        done = at;
    }
    out.push_str(&text[done..]);
    out.push_str("\"");
}

fn write_key(key: &str, out: &mut String) {
    write_string(key, out);
    out.push(':');
}

/// Numbers keep their source text. (Integers of 64 bits are printed as such, which is the same text.)
fn write_number(number: &Number, out: &mut String) {
    out.push_str(number.as_str());
}
