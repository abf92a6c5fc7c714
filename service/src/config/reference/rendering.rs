//! Prints the reference configuration of a struct.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::{Key, Schema};
use crate::config::print::{inline, quoted_key};

/// Columns of a line, at most; words are not cut.
const WIDTH: usize = 120;

/// The reference configuration of `T`: every key with its docs as a comment and its default, or an example as a comment where
/// it has none. `root` is the section around it all, `head` a comment at the top.
///
/// What is said once about a key is not said again where the same key means the same. Fields without default say what could
/// be written with `#[schemars(example = ...)]`; an example that begins with `${` is a substitution.
pub fn render<T: JsonSchema + Serialize + Default>(root: Option<&str>, head: &str) -> String {
    let schema = Schema::of::<T>();
    let defaults = serde_json::to_value(T::default()).unwrap_or_default();
    let mut page = Page { text: String::new(), said: HashSet::new() };
    page.comment(head, "");
    match root {
        Some(root) => {
            page.line("", &format!("{root} {{"));
            page.keys(&schema.keys(), &defaults, "  ");
            page.line("", "}");
        }
        None => {
            page.text.push('\n');
            page.keys(&schema.keys(), &defaults, "");
        }
    }
    page.text
}

struct Page {
    text: String,
    /// What was said about which key.
    said: HashSet<(String, String)>,
}

impl Page {
    fn keys(&mut self, keys: &[Key<'_>], defaults: &Value, indent: &str) {
        let outermost = indent.len() <= 2;
        for (index, key) in keys.iter().enumerate() {
            let about = self.about(*key);
            let default = &defaults[key.name];
            let section = !key.keys().is_empty();
            if index > 0 && outermost && (!about.is_empty() || section) {
                self.text.push('\n');
            }
            self.comment(&about, indent);
            if section && default.is_object() {
                self.line(indent, &format!("{} {{", quoted_key(key.name)));
                self.keys(&key.keys(), default, &format!("{indent}  "));
                self.line(indent, "}");
            } else if has_default(default) {
                self.line(indent, &format!("{} = {}", quoted_key(key.name), inline(default)));
            } else {
                for line in example(*key) {
                    self.line(indent, &format!("# {line}"));
                }
            }
        }
    }

    /// What is to be said about a key here.
    fn about(&mut self, key: Key<'_>) -> String {
        let mut about = key.about().to_owned();
        if let Some(why) = key.without_effect() {
            about = format!("{about} Without effect: {why}.").trim_start().to_owned();
        }
        let new = self.said.insert((key.name.to_owned(), about.clone()));
        if new { about } else { String::new() }
    }

    /// Prose, in lines of limited width; an empty line in it begins another paragraph.
    fn comment(&mut self, prose: &str, indent: &str) {
        for paragraph in prose.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let wider = indent.len() + 2 + line.chars().count() + 1 + word.chars().count() > WIDTH;
                if !line.is_empty() && wider {
                    self.line(indent, &format!("# {line}"));
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            self.line(indent, &format!("# {line}"));
        }
    }

    fn line(&mut self, indent: &str, line: &str) {
        self.text.push_str(indent);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Whether the default is worth writing: nothing is written for null and for maps that are empty.
fn has_default(default: &Value) -> bool {
    match default {
        Value::Null => false,
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// What could be written for a key without default, in lines.
fn example(key: Key<'_>) -> Vec<String> {
    let name = quoted_key(key.name);
    let keys = key.keys();
    let block = |inner: Vec<String>| {
        let inner = inner.into_iter().map(|line| format!("  {line}"));
        std::iter::once(format!("{name} {{")).chain(inner).chain(["}".to_owned()]).collect()
    };
    match key.example() {
        Some(Value::Object(fields)) => block(fields_of(fields)),
        Some(Value::String(text)) if text.starts_with("${") => vec![format!("{name} = {text}")],
        Some(value) => vec![format!("{name} = {}", inline(value))],
        None if !keys.is_empty() => block(keys.into_iter().flat_map(example).collect()),
        None => vec![format!("{name} = null")],
    }
}

fn fields_of(fields: &Map<String, Value>) -> Vec<String> {
    fields.iter().map(|(key, value)| format!("{} = {}", quoted_key(key), inline(value))).collect()
}
