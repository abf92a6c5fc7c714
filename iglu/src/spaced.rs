//! JSON over several lines, as the original prints it: two blanks a level, blanks around colons.

use serde_json::Value;

/// The document.
pub fn spaced(value: &Value) -> String {
    let mut out = String::new();
    write_spaced(value, 0, &mut out);
    out
}

fn write_spaced(value: &Value, depth: usize, out: &mut String) {
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    match value {
        Value::Object(members) => {
            out.push('{');
            for (i, (key, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                event::json::write_compact(&Value::String(key.clone()), out);
                out.push_str(" : ");
                write_spaced(member, depth + 1, out);
            }
            if members.is_empty() {
                line(depth + 1, out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                line(depth + 1, out);
                write_spaced(item, depth + 1, out);
            }
            line(depth, out);
            out.push(']');
        }
        scalar => event::json::write_compact(scalar, out),
    }
}
