//! Printing as the original shows JSON to people: two blanks a level, and blanks around colons.

use serde_json::Value;

use super::printer::{to_compact, write_string};

/// Prints a value over several lines. For values of a depth that was checked.
pub fn to_indented(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Array(items) if items.is_empty() => {
            out.push('[');
            line(depth, out);
            out.push(']');
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                line(depth + 1, out);
                write(item, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            line(depth + 1, out);
            for (n, (key, member)) in members.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                    line(depth + 1, out);
                }
                write_string(key, out);
                out.push_str(" : ");
                write(member, depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        leaf => out.push_str(&to_compact(leaf)),
    }
}

fn line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_are_lines() {
        let check = |value: Value, expect: &str| assert_eq!(to_indented(&value), expect);
        check(json!("a"), "\"a\"");
        check(json!({"a": 1}), "{\n  \"a\" : 1\n}");
        check(
            json!([1, [], {"b": [true]}]),
            "[\n  1,\n  [\n  ],\n  {\n    \"b\" : [\n      true\n    ]\n  }\n]",
        );
    }
}
