//! What columns take is what the slow look at refused lines finds right.

use event::atomic::Field;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::site::{contexts, field, files, line, read, schemas};

/// A field of every type, and two properties that meet in one name.
fn schema() -> Value {
    json!({"type": "object", "required": ["r"], "properties": {
        "s": {"type": "string"},
        "r": {"type": "boolean"},
        "i": {"type": "integer", "minimum": 0, "maximum": 10},
        "l": {"type": ["integer", "null"]},
        "d": {"type": "number"},
        "m": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 100},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "any": {"type": ["string", "integer"]},
        "open": {"type": "object"},
        "o": {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "integer"}}, "required": ["x"]},
        "a": {"type": "array", "items": {"type": ["integer", "null"]}},
        "ao": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "array", "items": {"type": "string"}}}}},
        "twoWords": {"type": "string"},
        "two_words": {"type": "string"},
    }})
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..20).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.25, 1.005, 1e300, 3.0]).prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "x",
            "a \\ \" \n",
            "2026-01-02",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04+01:00"
        ])
        .prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(vec!["x", "y", "k"]), inner), 0..3).prop_map(
                |members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            ),
        ]
    })
}

fn data() -> impl Strategy<Value = Value> {
    let keys = vec![
        "s",
        "r",
        "i",
        "l",
        "d",
        "m",
        "day",
        "at",
        "any",
        "open",
        "o",
        "a",
        "ao",
        "twoWords",
        "two_words",
        "unknown",
    ];
    prop::collection::vec((prop::sample::select(keys), anything()), 0..4).prop_map(|members| {
        let mut object = serde_json::Map::from_iter([("r".to_owned(), Value::Bool(true))]);
        object.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
        Value::Object(object)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// A row is refused just when something in it is wrong, and then says what; the row before and the one behind are whole.
    #[test]
    fn refused_lines_have_something_wrong(all in prop::collection::vec(data(), 20)) {
        let schemas = schemas(&[("com.acme/all/jsonschema/1-0-0", schema())]);
        let good = line(&[(Field::Contexts, &contexts(&[("com.acme/all/jsonschema/1-0-0", json!({"r": false, "a": [1, null], "o": {"x": "y"}}))]))]);
        let tried = |data: &Value| line(&[(Field::Contexts, &contexts(&[("com.acme/all/jsonschema/1-0-0", data.clone())]))]);
        let tried: Vec<String> = [good.clone()].into_iter().chain(all.iter().map(tried)).chain([good]).collect();
        let files = files(&tried, &schemas);
        let file = &files[0];
        for (why, _) in &file.file.refused {
            let shown = format!("{why:?}");
            prop_assert!(shown.contains("expected"), "{shown}");
        }
        let lines = read(file);
        prop_assert_eq!(lines.len() + file.file.refused.len(), tried.len());
        prop_assert_eq!(&lines[0], lines.last().unwrap());
        // What came back is cast to itself.
        let again = super::site::files(&lines, &schemas);
        prop_assert_eq!(read(&again[0]), lines);
    }
}

#[test]
fn values_of_every_type_come_back() {
    let schemas = schemas(&[("com.acme/all/jsonschema/1-0-0", schema())]);
    let data = json!({
        "s": "é\"\\\n", "r": true, "i": 3, "l": -9_007_199_254_740_993_i64, "d": 0.1, "m": 12.34, "day": "2026-01-02",
        "at": "2026-01-02T03:04:05.678Z", "any": "1", "open": {"b": [1, {"c": null}]}, "o": {"x": "t"}, "a": [1, null, 3],
        "ao": [{"k": ["p", "q"]}, {}, {"k": []}], "twoWords": "w",
    });
    let whole = line(&[(Field::Contexts, &contexts(&[("com.acme/all/jsonschema/1-0-0", data)]))]);
    let file = &files(std::slice::from_ref(&whole), &schemas)[0];
    assert!(file.file.refused.is_empty(), "{:?}", file.file.refused);
    let json = |line: &str| serde_json::from_str::<Value>(field(line, Field::Contexts)).unwrap();
    assert_eq!(json(&read(file)[0]), json(&whole));
}
