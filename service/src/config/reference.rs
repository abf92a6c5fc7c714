//! Reference configurations: the files under `deploy/reference/` list every key the structs read, and no other. They are
//! [rendered](render) from the structs: comments from the docs of the fields, values from the defaults.
//!
//! The convention of these files:
//!
//! * a key with a default is written with it: `port = 9090`;
//! * a key without a default is written as a comment of exactly `# key = example`, and a section of such keys as
//!   `# section {` ... `# }`: one `#`, one space, then HOCON that is valid when the `# ` is taken away;
//! * everything else after `#` is prose; prose lines do not begin with a word and `=` or `{`.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

mod rendering;
mod schema;

pub use self::{rendering::render, schema::without_effect};
use super::{ConfigError, Sources, keys_of, load, parse_text};

/// The dotted paths of all keys in a reference configuration, commented examples included, without the root key.
///
/// # Errors
///
/// The text, with its examples taken in, is no valid HOCON.
pub fn keys_in_reference(text: &str, root: Option<&str>) -> Result<Vec<String>, ConfigError> {
    let text = with_examples(text);
    let tree = parse_text("reference", &text, &some_environment(&text))?;
    Ok(match root {
        Some(root) => tree.lifted(root),
        None => tree,
    }
    .leaves())
}

/// How a reference configuration and the struct that reads it differ: empty when they agree, else one line a finding.
/// Keys of the reference are read both with and without the commented examples.
pub fn differences<T: DeserializeOwned>(text: &str, root: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (which, text) in [("as it stands", text.to_owned()), ("with its examples", with_examples(text))] {
        let mut sources = Sources::of_text("reference", &text);
        sources.environment = some_environment(&text);
        match load::<T>(&sources, root) {
            Ok(loaded) => found.extend(loaded.unknown.iter().map(|unknown| format!("{which}: {unknown}"))),
            Err(error) => found.push(format!("{which}: {error}")),
        }
    }
    let listed = match keys_in_reference(text, root) {
        Ok(listed) => listed,
        Err(error) => return vec![error.to_string()],
    };
    for key in keys_of::<T>() {
        let named = match key.strip_suffix(".*") {
            Some(map) => listed.iter().any(|k| k == map || k.starts_with(&format!("{map}."))),
            None => listed.contains(&key),
        };
        if !named {
            found.push(format!("`{key}` is read and not in the reference"));
        }
    }
    found
}

/// The text with its commented examples taken in.
fn with_examples(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        match line[indent..].strip_prefix("# ").filter(|rest| is_example(rest)) {
            Some(example) => {
                out.push_str(&line[..indent]);
                out.push_str(example);
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

fn is_example(rest: &str) -> bool {
    let rest = rest.trim_start();
    if matches!(rest.trim_end(), "}" | "]" | "}," | "],") {
        return true;
    }
    let key = rest.find(|c: char| !(c.is_alphanumeric() || "._-\"/".contains(c))).unwrap_or(rest.len());
    let after = rest[key..].trim_start();
    let quotes = rest[..key].matches('"').count();
    key > 0 && quotes.is_multiple_of(2) && (after.starts_with('=') || after.starts_with('{'))
}

/// A value for every variable the text names, so that required ones do not fail.
fn some_environment(text: &str) -> HashMap<String, String> {
    let required = text.match_indices("${").filter_map(|(at, _)| {
        let name = &text[at + 2..];
        Some(name[..name.find('}')?].to_owned())
    });
    required.filter(|name| !name.starts_with('?')).map(|name| (name, "1".to_owned())).collect()
}
