//! Versions of one model side by side.

use event::atomic::Field;
use serde_json::{Value, json};

use super::site::{contexts, field, files, line, object, read, schemas, unstruct};

const NAMES: [&str; 4] = [
    "com.acme/link/jsonschema/1-0-0",
    "com.acme/link/jsonschema/1-0-1",
    "com.acme/link/jsonschema/1-1-0",
    "com.acme/link/jsonschema/2-0-0",
];

/// 1-0-1 does not merge; 1-1-0 adds a field; 2-0-0 is another model.
fn family() -> loaders::parquet::schemas::Schemas {
    schemas(&[
        (NAMES[0], object(json!({"target": {"type": "string"}, "count": {"type": "integer"}}))),
        (NAMES[1], object(json!({"target": {"type": "string"}, "count": {"type": "string"}}))),
        (
            NAMES[2],
            object(
                json!({"target": {"type": "string"}, "count": {"type": "integer"}, "newOne": {"type": "boolean"}}),
            ),
        ),
        (NAMES[3], object(json!({"target": {"type": "array", "items": {"type": "string"}}}))),
    ])
}

fn data(name: usize) -> Value {
    [
        json!({"target": "a", "count": 1}),
        json!({"target": "b", "count": "two"}),
        json!({"target": "c", "newOne": true}),
        json!({"target": ["d", "e"]}),
    ][name]
        .clone()
}

#[test]
fn rows_of_all_versions_lie_side_by_side() {
    let lines: Vec<String> = (0..40)
        .map(|n| {
            let event = unstruct(NAMES[n % 4], &data(n % 4));
            let version = NAMES[n % 4].rsplit('/').next().unwrap();
            let list = contexts(&[(NAMES[(n + 1) % 4], data((n + 1) % 4)), (NAMES[n % 4], data(n % 4))]);
            let tstamp = format!("2026-01-02 03:04:05.{n:03}");
            line(&[
                (Field::UnstructEvent, &event),
                (Field::Contexts, &list),
                (Field::EventVersion, version),
                (Field::CollectorTstamp, &tstamp),
            ])
        })
        .collect();
    let files = files(&lines, &family());
    assert_eq!((files.len(), files[0].file.rows, files[0].file.refused.len()), (1, 40, 0));
    // Contexts of one column lie together: their order among those of others is not kept.
    let sorted = |line: &str| {
        let mut contexts: Value = serde_json::from_str(field(line, Field::Contexts)).unwrap();
        let items = contexts["data"].as_array_mut().unwrap();
        // A column that takes no merging has no version but its own.
        items.sort_by_key(Value::to_string);
        (contexts, serde_json::from_str::<Value>(field(line, Field::UnstructEvent)).unwrap())
    };
    for (read, line) in read(&files[0]).iter().zip(&lines) {
        assert_eq!(sorted(read), sorted(line));
    }
}
