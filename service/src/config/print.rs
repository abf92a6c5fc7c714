//! Prints values as HOCON that reads back as the same values, without what is secret.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The fields of an object, one a line, each section in braces; what is null is left out.
pub fn hocon(value: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(fields) = value {
        object(fields, "", &mut out);
    }
    out
}

fn object(fields: &Map<String, Value>, indent: &str, out: &mut String) {
    for (key, value) in fields {
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                let inner = format!("{indent}  ");
                let mut text = String::new();
                object(fields, &inner, &mut text);
                let key = quoted_key(key);
                // Nothing that reads does not write.
                let _ = if text.is_empty() {
                    writeln!(out, "{indent}{key} {{}}")
                } else {
                    writeln!(out, "{indent}{key} {{\n{text}{indent}}}")
                };
            }
            value => {
                let _ = writeln!(out, "{indent}{} = {}", quoted_key(key), inline(value));
            }
        }
    }
}

/// A key as it must be written.
pub fn quoted_key(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { quoted(key) }
}

/// A value in one line.
pub fn inline(value: &Value) -> String {
    match value {
        Value::String(text) if is_quantity(text) => text.clone(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> =
                fields.map(|(key, value)| format!("{} = {}", quoted_key(key), inline(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// `10 seconds`, `64 MiB`: what reads better without quotes.
fn is_quantity(text: &str) -> bool {
    const UNITS: [&str; 11] =
        ["ms", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "MiB", "GiB"];
    text.split_once(' ').is_some_and(|(number, unit)| {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && UNITS.contains(&unit)
    })
}

/// The value without its secrets: those under keys that say so, and those within URLs and connection strings.
#[must_use]
pub fn masked(value: Value) -> Value {
    mask(value, false)
}

fn mask(value: Value, secret: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let hidden = secret || is_secret(&key);
                (key, mask(value, hidden))
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| mask(item, secret)).collect()),
        Value::Null => Value::Null,
        _ if secret => "***".into(),
        Value::String(text) => Value::String(masked_text(&text)),
        other => other,
    }
}

/// Whether what stands under the key is nobody's business. A key that names the file of a secret is not one.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let named = ["password", "passwd", "secret", "token", "apikey", "accesskey", "credential"];
    named.iter().any(|word| key.contains(word)) && !key.ends_with("file") && !key.ends_with("path")
}

/// The text with the password of a URL, and whatever is named like a secret in it, as `***`.
pub fn masked_text(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some((scheme, rest)) = text.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if let Some((login, _)) = rest[..end].rsplit_once('@')
            && let Some((user, _)) = login.split_once(':')
        {
            out = format!("{scheme}://{user}:***{}", &rest[login.len()..]);
        }
    }
    // `key=value` in a query or in a connection string.
    let ends = |c: char| c == '&' || c == ' ' || c == ';';
    let mut shown = String::with_capacity(out.len());
    for (index, part) in out.split_inclusive(ends).enumerate() {
        let (body, end) = match part.chars().last().filter(|c| ends(*c)) {
            Some(c) => part.split_at(part.len() - c.len_utf8()),
            None => (part, ""),
        };
        let start = if index == 0 { body.find('?').map_or(0, |at| at + 1) } else { 0 };
        match body[start..].split_once('=') {
            Some((key, _)) if is_secret(key) => {
                let _ = write!(shown, "{}{key}=***", &body[..start]);
            }
            _ => shown.push_str(body),
        }
        shown.push_str(end);
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_printed_as_hocon() {
        let value = json!({
            "port": 8080, "on": true, "none": null, "text": "a \"b\"\n", "period": "10 seconds",
            "list": ["*", 1], "paths": { "/com.acme/track": "/a/b" }, "empty": {}, "nested": { "gone": null },
        });
        let expect = "port = 8080\non = true\ntext = \"a \\\"b\\\"\\n\"\nperiod = 10 seconds\nlist = [\"*\", 1]\n\
                      paths {\n  \"/com.acme/track\" = \"/a/b\"\n}\nempty {}\nnested {}\n";
        assert_eq!(hocon(&value), expect);
        let read = super::super::parse_text("t", expect, &std::collections::HashMap::new()).unwrap();
        assert_eq!(read.at(["paths", "/com.acme/track"]), Some(&super::super::Node::Text("/a/b".into())));
    }

    #[test]
    fn secrets_are_masked() {
        let check = |value: Value, expect: Value| assert_eq!(masked(value), expect);
        check(
            json!({ "password": "x", "keyStorePassword": 1 }),
            json!({ "password": "***", "keyStorePassword": "***" }),
        );
        check(
            json!({ "aws": { "secretKey": "x", "accessKey": null } }),
            json!({ "aws": { "secretKey": "***", "accessKey": null } }),
        );
        check(json!({ "passwordFile": "/a" }), json!({ "passwordFile": "/a" }));
        let text = |text: &str, expect: &str| assert_eq!(masked_text(text), expect);
        text("postgres://u:p@h:5432/db", "postgres://u:***@h:5432/db");
        text("postgres://u:p@q@h/db", "postgres://u:***@h/db");
        text("postgres://u@h/db", "postgres://u@h/db");
        text("https://h/x?apiKey=1&y=2&token=3", "https://h/x?apiKey=***&y=2&token=***");
        text("host=h user=u password=p dbname=d", "host=h user=u password=*** dbname=d");
        text("AccountName=a;AccessKey=b;X=y", "AccountName=a;AccessKey=***;X=y");
        text("plain text = fine", "plain text = fine");
    }
}
