//! JSON as the original reads and prints it: number text kept, key order kept, of a repeated key the first place and the
//! last value, its own set of escapes (`spec/enrich.md` 3.2).
//!
//! `serde_json`'s own parser is not used for what trackers send: it rewrites `1E5` to `1e+5`, refuses lone surrogates and
//! takes an object with its private number key for a number. The parser here keeps an explicit stack, so that no input
//! can overflow the thread's.

mod error;
mod indented;
mod parser;
mod printer;
mod scan;
mod string;

use serde_json::Value;

pub use error::JsonError;
pub use indented::to_indented;
pub use printer::{Text, to_compact, write_compact, write_string};

/// Deepest document that [`parse`] builds. Whatever walks a `Value` recursively stays far from the end of a 2 MiB stack:
/// cloning nested objects, the greediest, takes 600 bytes a level in release builds and 2 KB in debug builds. (The original
/// has no such limit; what it validates has 50 levels at most.)
pub const MAX_DEPTH: usize = 512;

/// Parses a document; the error text is the original's parser's (`spec/enrich.md` 5.1).
///
/// # Errors
/// The message that bad rows carry after `invalid json: `. A document deeper than [`MAX_DEPTH`] is refused too.
pub fn parse(text: &str) -> Result<Value, String> {
    parse_within(text, MAX_DEPTH).map_err(|e| e.to_string())
}

/// [`parse`] for documents of at most `max_depth` levels, as [`depth`] counts them (never more than [`MAX_DEPTH`]).
///
/// # Errors
/// A syntax error anywhere in the text comes before the depth.
pub fn parse_within(text: &str, max_depth: usize) -> Result<Value, JsonError> {
    parser::parse(text, max_depth.min(MAX_DEPTH))
}

/// Deepest document that [`parse_folded`] reads. The text of what is folded is copied once per [`MAX_DEPTH`] levels.
pub const MAX_FOLDED_DEPTH: usize = 32 * MAX_DEPTH;

/// [`parse`] for documents that are only printed again: of those with more than [`MAX_DEPTH`] levels (up to
/// [`MAX_FOLDED_DEPTH`]) what is further down stands as its compact text in the place of a number, so that whatever walks
/// the value has at most [`MAX_DEPTH`] levels to go, and printing gives the whole document. Only deeper documents hold such
/// numbers, and these have [`MAX_DEPTH`] levels.
///
/// # Errors
/// As [`parse_within`].
pub fn parse_folded(text: &str) -> Result<Value, JsonError> {
    parser::parse_folded(text)
}

/// Levels of the deepest document in `text`, without building it.
///
/// # Errors
/// A syntax error.
pub fn max_depth(text: &str) -> Result<usize, JsonError> {
    parser::check(text)
}

/// Levels on the longest path, the scalar at its end included: `1` and `[]` have one, `[1]` two, `{"a":[1]}` three
/// (`spec/enrich.md` 5.1).
pub fn depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut open = vec![(value, 1)];
    while let Some((value, level)) = open.pop() {
        deepest = deepest.max(level);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|v| (v, level + 1))),
            Value::Object(members) => open.extend(members.values().map(|v| (v, level + 1))),
            _ => {}
        }
    }
    deepest
}
