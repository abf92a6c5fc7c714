//! JSON as the original reads and prints it: number text kept, key order kept, of a repeated key the first place and the
//! last value, its own set of escapes (`spec/enrich.md` 3.2).

use serde_json::Value;

/// Parses a document; the error text is the original's parser's (`spec/enrich.md` 5.1).
///
/// # Errors
/// The message that bad rows carry after `invalid json: `.
pub fn parse(_text: &str) -> Result<Value, String> {
    todo!()
}

/// Prints a value without white space, appending to `out`.
pub fn write_compact(_value: &Value, _out: &mut String) {
    todo!()
}

/// [`write_compact`] into a new text.
pub fn to_compact(value: &Value) -> String {
    let mut out = String::new();
    write_compact(value, &mut out);
    out
}
