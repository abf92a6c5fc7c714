//! The rules, keyword by keyword.

use std::{cmp::Ordering, collections::BTreeSet};

use serde_json::{Map, Value};

use super::{Bump, Difference};
use crate::validator::decimal::Decimal;

/// Keywords whose larger value takes more data; the others' smaller one does.
const UPPER_BOUNDS: [&str; 4] = ["maximum", "maxLength", "maxItems", "maxProperties"];
const LOWER_BOUNDS: [&str; 4] = ["minimum", "minLength", "minItems", "minProperties"];

/// Keywords that judge data and that no column depends on; whether a change takes more data or less is not known.
const OPAQUE: [&str; 7] =
    ["allOf", "not", "dependencies", "patternProperties", "$ref", "definitions", "additionalItems"];

/// Keywords on which columns depend, whose change no column survives.
const SHAPES: [&str; 2] = ["oneOf", "anyOf"];

/// Formats that have columns of their own.
const TIMES: [&str; 2] = ["date", "date-time"];

/// Compares two schemas at a place.
pub(super) fn compare(old: &Value, new: &Value, at: &mut String, found: &mut Vec<Difference>) {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        if old != new {
            say(found, at, "", Bump::Model, "is another kind of schema".into());
        }
        return;
    };
    types(old, new, at, found);
    members(old, new, at, found);
    for (keywords, more) in [(UPPER_BOUNDS, Ordering::Greater), (LOWER_BOUNDS, Ordering::Less)] {
        for keyword in keywords {
            bound(old, new, keyword, more, at, found);
        }
    }
    for keyword in ["exclusiveMinimum", "exclusiveMaximum", "uniqueItems"] {
        let is_on = |schema: &Map<String, Value>| schema.get(keyword) == Some(&Value::Bool(true));
        match (is_on(old), is_on(new)) {
            (false, true) => say(found, at, keyword, Bump::Revision, format!("`{keyword}` takes less data")),
            (true, false) => say(found, at, keyword, Bump::Addition, format!("`{keyword}` is gone")),
            _ => {}
        }
    }
    multiple_of(old, new, at, found);
    text(old, new, "pattern", &[], at, found);
    text(old, new, "format", &TIMES, at, found);
    for (keywords, needs) in [(&OPAQUE[..], Bump::Revision), (&SHAPES[..], Bump::Model)] {
        for keyword in keywords.iter().filter(|keyword| old.get(**keyword) != new.get(**keyword)) {
            say(found, at, keyword, needs, format!("`{keyword}` changes"));
        }
    }
    required(old, new, at, found);
    properties(old, new, at, found);
    additional_properties(old, new, at, found);
    items(old, new, at, found);
    integer_column(old, new, at, found);
}

fn say(found: &mut Vec<Difference>, at: &str, keyword: &str, needs: Bump, what: String) {
    let pointer = if keyword.is_empty() { at.to_owned() } else { format!("{at}/{keyword}") };
    found.push(Difference { pointer, what, needs });
}

/// The types, `None` for any.
fn types_of(schema: &Map<String, Value>) -> Option<BTreeSet<&str>> {
    match schema.get("type")? {
        Value::String(one) => Some([one.as_str()].into()),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

fn types(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<Difference>) {
    let (before, after) = (types_of(old), types_of(new));
    if before == after {
        return;
    }
    let takes_null =
        |types: &Option<BTreeSet<&str>>| types.as_ref().is_none_or(|types| types.contains("null"));
    let shown = |types: &Option<BTreeSet<&str>>| match types {
        None => "any".to_owned(),
        Some(types) => types.iter().copied().collect::<Vec<_>>().join(" or "),
    };
    let (needs, why) = if without_null(before.clone()) != without_null(after.clone()) {
        (Bump::Model, "columns are of another type")
    } else if takes_null(&after) {
        (Bump::Addition, "null is taken, too")
    } else {
        (Bump::Revision, "null is not taken any more")
    };
    say(found, at, "type", needs, format!("was {}, is {}: {why}", shown(&before), shown(&after)));
}

fn without_null(types: Option<BTreeSet<&str>>) -> Option<BTreeSet<&str>> {
    types.map(|types| types.into_iter().filter(|name| *name != "null").collect())
}

fn members(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<Difference>) {
    let of = |schema: &Map<String, Value>| schema.get("enum").and_then(Value::as_array).cloned();
    let has_type = old.contains_key("type") && new.contains_key("type");
    let kinds = |all: &[Value]| -> BTreeSet<u8> { all.iter().map(kind).collect() };
    match (of(old), of(new)) {
        (Some(before), Some(after)) if before != after => {
            let gone = before.iter().filter(|member| !after.contains(member)).count();
            let more = after.iter().filter(|member| !before.contains(member)).count();
            if !has_type && kinds(&before) != kinds(&after) {
                say(
                    found,
                    at,
                    "enum",
                    Bump::Model,
                    "members of other types: columns are of another type".into(),
                );
            } else if gone > 0 {
                say(found, at, "enum", Bump::Revision, format!("{gone} of its members are gone"));
            } else if more > 0 {
                say(found, at, "enum", Bump::Addition, format!("{more} more members"));
            }
        }
        (None, Some(_)) => {
            let needs = if has_type { Bump::Revision } else { Bump::Model };
            say(found, at, "enum", needs, "only members are taken now".into());
        }
        (Some(_), None) => {
            let needs = if has_type { Bump::Addition } else { Bump::Model };
            say(found, at, "enum", needs, "more than members is taken now".into());
        }
        _ => {}
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn number(schema: &Map<String, Value>, keyword: &str) -> Option<Decimal> {
    schema.get(keyword).and_then(Value::as_number).map(|number| Decimal::parse(number.as_str()))
}

/// `more`: how a bound that takes more data compares with the old one.
fn bound(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    keyword: &str,
    more: Ordering,
    at: &str,
    found: &mut Vec<Difference>,
) {
    let shown = |schema: &Map<String, Value>| schema.get(keyword).map(Value::to_string).unwrap_or_default();
    let (needs, what) = match (number(old, keyword), number(new, keyword)) {
        (None, None) => return,
        (None, Some(_)) => (Bump::Revision, format!("`{keyword}` {} is new", shown(new))),
        (Some(_), None) => (Bump::Addition, format!("`{keyword}` {} is gone", shown(old))),
        (Some(before), Some(after)) => {
            let change = after.cmp(&before);
            if change == Ordering::Equal {
                return;
            }
            let needs = if change == more { Bump::Addition } else { Bump::Revision };
            (needs, format!("`{keyword}` was {}, is {}", shown(old), shown(new)))
        }
    };
    say(found, at, keyword, needs, what);
}

fn multiple_of(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<Difference>) {
    let (before, after) = (number(old, "multipleOf"), number(new, "multipleOf"));
    if before == after {
        return;
    }
    let is_number = types_of(new).is_none_or(|types| types.contains("number"));
    let (needs, what) = match (is_number, after) {
        (true, _) => (Bump::Model, "`multipleOf` changes: columns are of another type"),
        (false, Some(_)) => (Bump::Revision, "`multipleOf` changes"),
        (false, None) => (Bump::Addition, "`multipleOf` is gone"),
    };
    say(found, at, "multipleOf", needs, what.into());
}

/// A text that takes less data when it comes or changes; to and from some values columns change.
fn text(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    keyword: &str,
    columns: &[&str],
    at: &str,
    found: &mut Vec<Difference>,
) {
    let of = |schema| Map::get(schema, keyword).and_then(Value::as_str);
    let (before, after) = (of(old), of(new));
    if before == after {
        return;
    }
    let is_column = |value: Option<&str>| value.is_some_and(|value| columns.contains(&value));
    let shown = |value: Option<&str>| value.map_or("absent".to_owned(), |value| format!("`{value}`"));
    let needs = match after {
        _ if is_column(before) || is_column(after) => Bump::Model,
        Some(_) => Bump::Revision,
        None => Bump::Addition,
    };
    say(found, at, keyword, needs, format!("`{keyword}` was {}, is {}", shown(before), shown(after)));
}

fn required(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<Difference>) {
    let of = |schema: &Map<String, Value>| -> BTreeSet<String> {
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let (before, after) = (of(old), of(new));
    let list = |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (more, fewer) =
        (list(after.difference(&before).collect()), list(before.difference(&after).collect()));
    if !more.is_empty() {
        say(found, at, "required", Bump::Revision, format!("old data may lack {more}"));
    }
    if !fewer.is_empty() {
        say(found, at, "required", Bump::Addition, format!("new data may lack {fewer}"));
    }
}

fn properties(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: &mut String,
    found: &mut Vec<Difference>,
) {
    let none = Map::new();
    let of = |schema: &Map<String, Value>| schema.get("properties").and_then(Value::as_object).cloned();
    let (before, after) = (of(old).unwrap_or_else(|| none.clone()), of(new).unwrap_or(none));
    let is_closed =
        |schema: &Map<String, Value>| schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, schema) in &before {
        let step = format!("properties/{}", escaped(name));
        match after.get(name) {
            Some(changed) => within(at, &step, |at| compare(schema, changed, at, found)),
            None if is_closed(new) => {
                say(found, at, &step, Bump::Revision, "is gone, and old data may hold it".into());
            }
            None => say(found, at, &step, Bump::Addition, "is gone; data that hold it stay valid".into()),
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        let what = if is_closed(old) { "is new" } else { "is new; old data may hold it as something else" };
        say(found, at, &format!("properties/{}", escaped(name)), Bump::Addition, what.into());
    }
}

fn additional_properties(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: &mut String,
    found: &mut Vec<Difference>,
) {
    const KEYWORD: &str = "additionalProperties";
    let open = Value::Bool(true);
    let (before, after) = (old.get(KEYWORD).unwrap_or(&open), new.get(KEYWORD).unwrap_or(&open));
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(_), Value::Object(_)) => within(at, KEYWORD, |at| compare(before, after, at, found)),
        (Value::Bool(false), _) | (_, Value::Bool(true)) => {
            say(found, at, KEYWORD, Bump::Addition, "more properties are taken".into());
        }
        _ => say(found, at, KEYWORD, Bump::Revision, "fewer properties are taken".into()),
    }
}

fn items(old: &Map<String, Value>, new: &Map<String, Value>, at: &mut String, found: &mut Vec<Difference>) {
    match (old.get("items"), new.get("items")) {
        (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) => {
            within(at, "items", |at| compare(before, after, at, found));
        }
        (before, after) if before != after => {
            let what = "columns have elements of another type";
            say(found, at, "items", Bump::Model, what.into());
        }
        _ => {}
    }
}

/// Integers are of 32 bits, of 64 or longer, as their bounds want it (`spec/iglu.md` 6.9).
fn integer_column(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<Difference>) {
    let column = |schema: &Map<String, Value>| {
        types_of(schema).filter(|types| types.contains("integer") && !types.contains("number"))?;
        let (Some(min), Some(max)) = (number(schema, "minimum"), number(schema, "maximum")) else {
            return Some("64 bits");
        };
        let fits = |low: i64, high: i64| {
            min >= Decimal::parse(&low.to_string()) && max <= Decimal::parse(&high.to_string())
        };
        Some(if fits(i32::MIN.into(), i32::MAX.into()) {
            "32 bits"
        } else if fits(i64::MIN, i64::MAX) {
            "64 bits"
        } else {
            "more than 64 bits"
        })
    };
    if let (Some(before), Some(after)) = (column(old), column(new))
        && before != after
    {
        let what = format!("integers had columns of {before} in Parquet, and need {after}");
        say(found, at, "", Bump::Model, what);
    }
}

fn within(at: &mut String, step: &str, work: impl FnOnce(&mut String)) {
    let length = at.len();
    at.push('/');
    at.push_str(step);
    work(at);
    at.truncate(length);
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
