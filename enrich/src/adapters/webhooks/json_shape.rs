//! How adapters rebuild JSON: the order of a Scala map for objects that went through one, seconds for dates, names in camel
//! case (`spec/enrichments-and-adapters.md` 3.2, 0.1).

use event::{json, scala_map, timestamp};
use serde_json::{Map, Number, Value};

use crate::java::integer;

/// The members as pairs in the order of a Scala map.
pub(super) fn in_map_order(members: Map<String, Value>) -> Vec<(String, Value)> {
    let mut pairs: Vec<_> = members.into_iter().collect();
    if pairs.len() > scala_map::SMALL {
        scala_map::sort(&mut pairs);
    }
    pairs
}

/// Turns seconds at the keys `times` into dates, and leaves out each member that is the kind of the event; at any depth.
pub(super) fn clean(value: Value, kind: Option<(&str, &str)>, times: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let is_kind = |key: &str, value: &Value| {
                kind.is_some_and(|(name, kind)| key == name && value.as_str() == Some(kind))
            };
            let cleaned = in_map_order(members).into_iter().map(|(key, value)| {
                let value =
                    if times.contains(&key.as_str()) { date(value) } else { clean(value, kind, times) };
                (key, value)
            });
            Value::Object(cleaned.filter(|(key, value)| !is_kind(key, value)).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| clean(item, kind, times)).collect(),
        scalar => scalar,
    }
}

/// Seconds, as a number or a text, as a date; anything else as it is.
fn date(value: Value) -> Value {
    let seconds = match &value {
        Value::String(text) => integer::parse_long(text),
        Value::Number(number) => whole(number),
        _ => None,
    };
    // The original's product wraps.
    seconds.map_or(value, |seconds| date_of(seconds.wrapping_mul(1000)))
}

/// Milliseconds since the epoch as a date.
pub(super) fn date_of(millis: i64) -> Value {
    Value::String(timestamp::joda(millis).to_string())
}

/// An integer, as a number or as the text of one.
pub(super) fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => whole(number),
        Value::String(text) => match json::parse(text) {
            Ok(Value::Number(number)) if text.trim() == text => whole(&number),
            _ => None,
        },
        _ => None,
    }
}

/// The value of a number that is whole, however it is written.
fn whole(number: &Number) -> Option<i64> {
    let text = number.as_str();
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (units, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{units}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let zeros = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)? + dropped;
    // 64 bits have 19 digits.
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20)?;
    format!("{sign}{significant}{}", "0".repeat(zeros)).parse().ok()
}

/// Turns names into camel case, at any depth.
pub(super) fn camelized(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (camel_case(&key), camelized(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(camelized).collect(),
        scalar => scalar,
    }
}

/// The first letter is lower case; `_x` and `-x` become the upper-case `x`. (An empty name kills the original.)
fn camel_case(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(lower_case);
    let mut rest = first.into_iter().chain(letters).peekable();
    let mut out = String::with_capacity(name.len());
    while let Some(c) = rest.next() {
        match rest.next_if(|next| matches!(c, '_' | '-') && is_word(*next)) {
            Some(next) => out.push(next.to_ascii_uppercase()),
            None => out.push(c),
        }
    }
    out
}

/// One UTF-16 unit for one.
fn lower_case(c: char) -> char {
    let mut lower = c.to_lowercase();
    lower.next().filter(|_| c.len_utf16() == 1).unwrap_or(c)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Merges `over` into `under` where both are objects; else `over` stands. Its members come first.
pub(super) fn merged(under: Value, over: Value) -> Value {
    match (under, over) {
        (Value::Object(under), Value::Object(mut over)) => {
            for (key, value) in under {
                let value = match over.get_mut(&key) {
                    Some(above) => merged(value, above.take()),
                    None => value,
                };
                over.insert(key, value);
            }
            Value::Object(over)
        }
        (_, over) => over,
    }
}

/// A text, or null.
pub(super) fn text_or_null(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.to_owned()))
}

/// A member that must be a text; why it is none in the words of the original's decoder.
///
/// # Errors
/// It is not there, or something else.
pub(super) fn string_at(json: &Value, name: &str) -> Result<String, String> {
    match json.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        None => Err(format!("Missing required field: DownField({name})")),
        Some(other) => Err(format!(
            "Got value '{}' with wrong type, expecting string: DownField({name})",
            json::to_compact(other)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Value {
        json::parse(text).unwrap()
    }

    #[test]
    fn names() {
        let table = [
            ("page_id", "pageId"),
            ("Message-Id", "messageId"),
            ("my__var", "my_var"),
            ("a_é", "a_é"),
            ("_x", "X"),
            ("a-1b_", "a1b_"),
            ("ÉA", "éA"),
            ("İx", "ix"),
            ("𐐀a", "𐐀a"),
            ("data.json", "data.json"),
            ("", ""),
        ];
        for (name, expect) in table {
            assert_eq!(camel_case(name), expect, "{name}");
        }
    }

    #[test]
    fn whole_numbers() {
        let table = [
            ("12", Some(12)),
            ("-12", Some(-12)),
            ("-0", Some(0)),
            ("1.50e1", Some(15)),
            ("120e-1", Some(12)),
            ("0.0", Some(0)),
            ("0e999999999999", Some(0)),
            ("1e18", Some(1_000_000_000_000_000_000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e999999999", None),
            ("1.5", None),
            ("1e-999999999999999999999", None),
        ];
        for (text, expect) in table {
            assert_eq!(long(&json(text)), expect, "{text}");
            assert_eq!(long(&Value::String(text.into())), expect, "{text}");
        }
        for text in ["", " 1", "1 ", "+1", "x", "true", "[1]"] {
            assert_eq!(long(&Value::String(text.into())), None, "{text}");
        }
    }

    #[test]
    fn seconds_become_dates() {
        let table = [
            ("1365109999", "\"2013-04-04T21:13:19.000Z\""),
            ("\"1365109999\"", "\"2013-04-04T21:13:19.000Z\""),
            ("1365109999.0", "\"2013-04-04T21:13:19.000Z\""),
            ("1365109999.5", "1365109999.5"),
            ("\"1365109999.0\"", "\"1365109999.0\""),
            ("-1", "\"1969-12-31T23:59:59.000Z\""),
            ("{\"ts\":1}", "{\"ts\":1}"),
            ("null", "null"),
        ];
        for (value, expect) in table {
            let cleaned = clean(json(&format!("{{\"ts\":{value}}}")), None, &["ts"]);
            assert_eq!(json::to_compact(&cleaned), format!("{{\"ts\":{expect}}}"), "{value}");
        }
    }

    #[test]
    fn the_kind_goes_at_any_depth() {
        let value = json(r#"{"event":"open","a":[{"event":"open","b":{"event":"click"}}],"event2":"open"}"#);
        let cleaned = clean(value, Some(("event", "open")), &[]);
        assert_eq!(json::to_compact(&cleaned), r#"{"a":[{"b":{"event":"click"}}],"event2":"open"}"#);
    }

    #[test]
    fn merging() {
        let merge = |under, over| json::to_compact(&merged(json(under), json(over)));
        assert_eq!(
            merge(r#"{"a":{"b":1,"c":2},"d":3}"#, r#"{"e":4,"a":{"c":5}}"#),
            r#"{"e":4,"a":{"c":5,"b":1},"d":3}"#
        );
        assert_eq!(merge(r#"{"a":{"b":1}}"#, r#"{"a":2}"#), r#"{"a":2}"#);
    }
}
