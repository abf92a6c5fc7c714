//! Lines and schemas to write files from.

use bytes::Bytes;
use event::{
    atomic::{COUNT, Field},
    schema_key::SchemaKey,
};
use jiff::Timestamp;
use loaders::{
    lake::{config::HIVE, template::Template},
    parquet::{Options, gather::Gathering, gather::Object, read, schemas::Schemas},
};
use serde_json::{Value, json};

/// A line with these fields and all that is required.
pub(crate) fn line(fields: &[(Field, &str)]) -> String {
    let mut columns = vec![String::new(); COUNT];
    for (field, text) in [
        (Field::CollectorTstamp, "2026-01-02 03:04:05.678"),
        (Field::EventId, "c6ef3124-b53a-4b13-a233-0088f79dcbcb"),
        (Field::VCollector, "ssc"),
        (Field::VEtl, "piste"),
        (Field::EventName, "page_view"),
    ]
    .iter()
    .chain(fields)
    {
        columns[*field as usize] = (*text).to_owned();
    }
    columns.join("\t")
}

/// The column of contexts.
pub(crate) fn contexts(items: &[(&str, Value)]) -> String {
    let data: Vec<Value> =
        items.iter().map(|(key, data)| json!({"schema": format!("iglu:{key}"), "data": data})).collect();
    json!({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1", "data": data})
        .to_string()
}

/// The column of a self-describing event.
pub(crate) fn unstruct(key: &str, data: &Value) -> String {
    let inner = json!({"schema": format!("iglu:{key}"), "data": data});
    json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": inner})
        .to_string()
}

/// The schemas of these keys.
pub(crate) fn schemas(all: &[(&str, Value)]) -> Schemas {
    let mut schemas = Schemas::default();
    for (path, schema) in all {
        schemas.add(&SchemaKey::from_path(path).unwrap(), schema);
    }
    schemas
}

/// An object with these properties.
pub(crate) fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

pub(crate) fn stamp() -> Timestamp {
    "2026-01-02T03:05:00Z".parse().unwrap()
}

/// The files of these lines; lines that are no events at all are left out.
pub(crate) fn files(lines: &[String], schemas: &Schemas) -> Vec<Object> {
    let mut gathering = Gathering::new(Template::parse_for_events(HIVE).unwrap(), Options::default());
    for line in lines {
        let _ = gathering.push(line);
    }
    gathering.finish(schemas, stamp()).collect()
}

/// The lines of a file.
pub(crate) fn read(file: &Object) -> Vec<String> {
    read::lines(Bytes::from(file.file.bytes.clone())).unwrap().map(Result::unwrap).collect()
}

/// One field of a line.
pub(crate) fn field(line: &str, field: Field) -> &str {
    line.split('\t').nth(field as usize).unwrap()
}
