//! Enriched events as Parquet, read by pyarrow and DuckDB: values, types, partitions, versions of a schema side by side.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    clients, http,
    piste::{Launch, PATIENCE},
    wait,
};

/// 1-1-0 adds a field, 1-1-1 changes a type, 2-0-0 is another model; data of `either` may be valid and fit no column.
fn publish(folder: &Path) {
    let text = json!({"type": "string"});
    let integer = json!({"type": "integer"});
    let link = |count: &Value, more: Value| {
        let mut properties = json!({"targetUrl": text, "count": count});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"type": "object", "properties": properties, "required": ["targetUrl"], "additionalProperties": false})
    };
    let seen = json!({"seenAt": {"type": "string", "format": "date-time"}, "tags": {"type": "array", "items": text}});
    for (name, version, schema) in [
        ("link", "1-0-0", link(&integer, json!({}))),
        ("link", "1-1-0", link(&integer, seen)),
        ("link", "1-1-1", link(&text, json!({}))),
        ("link", "2-0-0", link(&json!({"type": "array", "items": integer}), json!({}))),
        (
            "either",
            "1-0-0",
            json!({"type": "object", "oneOf": [{"properties": {"a": text}}, {"properties": {"b": integer}}]}),
        ),
    ] {
        let mut schema = schema;
        schema["$schema"] =
            json!("http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#");
        schema["self"] =
            json!({"vendor": "com.acme", "name": name, "format": "jsonschema", "version": version});
        let file = folder.join("com.acme").join(name).join("jsonschema").join(version);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, schema.to_string()).unwrap();
    }
}

/// The schema and the data of an event, by turns.
fn data(n: usize) -> (&'static str, Value) {
    match n % 4 {
        0 => ("link/jsonschema/1-0-0", json!({"targetUrl": "https://a/", "count": n})),
        1 => (
            "link/jsonschema/1-1-0",
            json!({"targetUrl": "https://b/", "seenAt": "2026-01-02T04:04:05.5+01:00", "tags": ["x", "ü"]}),
        ),
        2 => ("link/jsonschema/1-1-1", json!({"targetUrl": "https://c/", "count": "many"})),
        _ => ("link/jsonschema/2-0-0", json!({"targetUrl": "https://d/", "count": [1, 2]})),
    }
}

fn described(key: &str, data: &Value) -> Value {
    json!({"schema": format!("iglu:com.acme/{key}"), "data": data})
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// An event that describes itself, with the next one's data as a context.
fn event(n: usize) -> Value {
    let ((key, this), (next, context)) = (data(n), data(n + 1));
    let unstruct = json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": described(key, &this)});
    let contexts = json!({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", "data": [described(next, &context), described(next, &context)]});
    json!({"e": "ue", "p": "web", "tv": "story", "eid": id(n), "ue_pr": unstruct.to_string(), "co": contexts.to_string()})
}

const EVENTS: usize = 24;

#[test]
fn columns_are_what_pyarrow_and_duckdb_read() {
    let folder = TempDir::new().unwrap();
    let schemas = folder.path().join("schemas");
    publish(&schemas);
    let data_folder = folder.path().join("data");
    let piste = Launch::up(&data_folder)
        .with(&["--schemas", &schemas.display().to_string(), "-Dlake.fileFormat=parquet"])
        .start();
    let mut events: Vec<Value> = (0..EVENTS).map(event).collect();
    events.push(json!({"e": "tr", "p": "web", "tv": "story", "eid": id(EVENTS), "tr_id": "o1", "tr_tt": "12.50", "tr_cu": "EUR"}));
    // Valid, and of no type that a column could have.
    let surprising = json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
        "data": described("either/jsonschema/1-0-0", &json!({"a": "ok", "b": "surprising"}))});
    events.push(
        json!({"e": "ue", "p": "web", "tv": "story", "eid": id(EVENTS + 1), "ue_pr": surprising.to_string()}),
    );
    for some in events.chunks(7) {
        let body = json!({"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": some});
        let path = "/com.snowplowanalytics.snowplow/tp2";
        let headers = [("Content-Type", "application/json")];
        let answer =
            http::once(piste.collector, "POST", path, &headers, body.to_string().as_bytes()).unwrap();
        assert_eq!(answer.status, 200);
    }
    wait::until("the bad row", PATIENCE, || (piste.lake().bad().len() == 1).then_some(()));
    let rows = EVENTS + 1;
    wait::until("the rows", PATIENCE, || {
        let written = piste.metric_of("piste_lake_records_total", "enriched")?;
        (written >= rows as f64).then_some(())
    });
    let bad = piste.lake().bad().remove(0);
    piste.finish_well();
    assert_eq!(
        bad["schema"],
        "iglu:com.snowplowanalytics.snowplow.badrows/loader_iglu_error/jsonschema/2-0-0"
    );
    let failure = json!([{"schemaKey": "iglu:com.acme/either/jsonschema/1-0-0", "value": "surprising", "expected": "Long"}]);
    assert_eq!(
        (&bad["data"]["failure"], &bad["data"]["payload"]["event_id"]),
        (&failure, &json!(id(EVENTS + 1)))
    );

    let read = clients::parquet_readers(&data_folder.join("lake/enriched"));
    assert_eq!(
        (&read["codec"], &read["has_statistics"], &read["has_page_index"]),
        (&json!("ZSTD"), &json!(true), &json!(true))
    );
    assert_eq!(read["codec_without_values"], json!(["UNCOMPRESSED"]));
    assert_eq!(read["partitions"], json!({"link": EVENTS, "transaction": 1}));
    assert_eq!(
        read["required"],
        json!(["collector_tstamp", "event_id", "v_collector", "v_etl", "load_tstamp"])
    );
    let types = &read["types"];
    let link = "struct<count: int64, target_url: string not null, seen_at: timestamp[us, tz=UTC], tags: list<element: string not null>>";
    for (column, ty) in [
        ("event_id", "string"),
        ("load_tstamp", "timestamp[us, tz=UTC]"),
        ("txn_id", "int32"),
        ("br_cookies", "bool"),
        ("geo_latitude", "double"),
        ("tr_total", "decimal128(18, 2)"),
        ("unstruct_event_com_acme_link_1", link),
    ] {
        assert_eq!(types[column], ty, "{column}");
    }
    let recovered: Vec<&String> =
        types.as_object().unwrap().keys().filter(|name| name.contains("_recovered_1_1_1_")).collect();
    assert_eq!(recovered.len(), 2, "{recovered:?}");
    for (reader, rows_read) in [("pyarrow", &read["pyarrow"]), ("duckdb", &read["duckdb"])] {
        let all = rows_read.as_array().unwrap();
        assert_eq!(all.len(), rows, "{reader}");
        for (n, row) in all.iter().enumerate() {
            assert_eq!(row["event_id"], id(n), "{reader}");
            assert_eq!(entities(row), expected(n), "{reader} {n}");
        }
        assert_eq!(all[EVENTS]["tr_total"], "12.50", "{reader}");
    }
    let value = |reader: &str, n: usize, column: &str| read[reader][n][column].clone();
    for column in ["collector_tstamp", "load_tstamp", "v_etl", "event_name", "event_version", "load_date"] {
        for n in 0..rows {
            assert_eq!(value("pyarrow", n, column), value("duckdb", n, column), "{column}");
        }
    }
}

/// The columns of entities that have a value, without hashes, and their values without what is null.
fn entities(row: &Value) -> BTreeMap<String, Value> {
    let columns = row.as_object().unwrap().iter();
    let entities = columns.filter(|(name, value)| {
        (name.starts_with("contexts_com_acme") || name.starts_with("unstruct_event_")) && !value.is_null()
    });
    entities
        .map(|(name, value)| {
            let name = match name.rsplit_once("_1_1_1_") {
                Some((before, _)) => before.to_owned(),
                None => name.clone(),
            };
            (name, without_nulls(value))
        })
        .collect()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        scalar => scalar.clone(),
    }
}

fn expected(n: usize) -> BTreeMap<String, Value> {
    if n == EVENTS {
        return BTreeMap::new();
    }
    let stored = |n: usize| match n % 4 {
        0 => ("link_1", "1-0-0", json!({"target_url": "https://a/", "count": n})),
        1 => (
            "link_1",
            "1-1-0",
            json!({"target_url": "https://b/", "seen_at": "2026-01-02T03:04:05.500000Z", "tags": ["x", "ü"]}),
        ),
        2 => ("link_1_recovered", "1-1-1", json!({"target_url": "https://c/", "count": "many"})),
        _ => ("link_2", "2-0-0", json!({"target_url": "https://d/", "count": [1, 2]})),
    };
    let ((name, _, event), (next, version, mut context)) = (stored(n), stored(n + 1));
    context["_schema_version"] = json!(version);
    BTreeMap::from([
        (format!("unstruct_event_com_acme_{name}"), event),
        (format!("contexts_com_acme_{next}"), json!([context, context])),
    ])
}
