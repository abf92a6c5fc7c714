//! Columns from schemas, compared with what the original made of the same schemas (`golden/ddl/parquet.jsonl`, and the families
//! of Iglu Central under `PISTE_GOLDEN`).
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::{collections::BTreeMap, fs, path::Path};

use event::schema_key::{SchemaKey, SchemaVersion};
use iglu::field::{
    Field, FieldType,
    column::{Column, Place, columns},
    fingerprint,
    merge::{breaking, merge},
    select,
    syntax::Syntax,
};
use serde_json::{Value, json};

fn recorded(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ours() -> Vec<Value> {
    recorded(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/ddl/parquet.jsonl")))
}

fn key(schema: &Value) -> SchemaKey {
    let part = |name: &str| schema["self"][name].as_str().unwrap();
    format!("iglu:{}/{}/{}/{}", part("vendor"), part("name"), part("format"), part("version"))
        .parse()
        .unwrap()
}

/// As the recorder saw it: it dropped `$schema`, which the loader keeps.
fn decode(schema: &Value) -> Syntax {
    let mut schema = schema.clone();
    schema.as_object_mut().unwrap().remove("$schema");
    Syntax::decode(&schema).unwrap()
}

fn type_json(ty: &FieldType) -> Value {
    let word = |nullable: bool| if nullable { "nullable" } else { "required" };
    match ty {
        FieldType::Struct(fields) => json!({"struct": fields.iter().map(field_json).collect::<Vec<_>>()}),
        FieldType::Array { element, nullable } => {
            json!({"array": type_json(element), "element": word(*nullable)})
        }
        FieldType::Decimal { precision, scale } => json!({"decimal": [precision, scale]}),
        plain => Value::String(plain.to_string().to_lowercase()),
    }
}

fn field_json(field: &Field) -> Value {
    let nullability = if field.nullable { "nullable" } else { "required" };
    json!({"name": field.name, "type": type_json(&field.ty), "nullability": nullability, "accessors": field.accessors})
}

fn check(case: &Value) -> usize {
    let id = case["id"].as_str().unwrap();
    let schemas = case["schemas"].as_array().unwrap();
    if case["expect"]["errors"].is_array() {
        assert!(schemas.iter().any(|schema| Syntax::decode(schema).is_err()), "{id}");
        return 0;
    }
    let mut models: BTreeMap<u32, Vec<(SchemaKey, Syntax)>> = BTreeMap::new();
    for schema in schemas {
        let key = key(schema);
        models.entry(key.version.model).or_default().push((key, decode(schema)));
    }
    for (model, versions) in &models {
        let expect = &case["expect"]["parquet"][model.to_string()];
        for (expect, (key, schema)) in expect["versions"].as_array().unwrap().iter().zip(versions) {
            assert_eq!(fingerprint::text(schema), expect["ast"].as_str().unwrap(), "{id} {key}");
            assert_eq!(fingerprint::fingerprint(schema), expect["ast_hash"].as_str().unwrap(), "{id} {key}");
            let field = select::unstruct("f", schema);
            assert_eq!(field.as_ref().map_or(Value::Null, field_json), expect["normalized"], "{id} {key}");
            let element = select::contexts("f", schema).map(|field| match field.ty {
                FieldType::Array { nullable, .. } => {
                    if nullable {
                        "nullable"
                    } else {
                        "required"
                    }
                }
                other => panic!("{other}"),
            });
            assert_eq!(element, expect["repeated_element"].as_str(), "{id} {key}");
        }
        let mut merged: Option<Field> = None;
        for (expect, (key, schema)) in expect["merge"].as_array().unwrap().iter().zip(versions) {
            let newer = select::unstruct("f", schema);
            let verdict = match (&merged, newer) {
                (_, None) => "no field",
                (None, Some(newer)) => {
                    merged = Some(newer);
                    "first"
                }
                (Some(older), Some(newer)) => match merge(older, &newer) {
                    Some(field) => {
                        merged = Some(field);
                        "merged"
                    }
                    None => {
                        let mut why = breaking(older, &newer);
                        why.sort();
                        assert_eq!(Value::from(why), expect["breaking"], "{id} {key}");
                        "breaking"
                    }
                },
            };
            assert_eq!(verdict, expect["verdict"].as_str().unwrap(), "{id} {key}");
        }
        assert_eq!(merged.as_ref().map_or(Value::Null, field_json), expect["merged"], "{id} {model}");
    }
    models.len()
}

#[test]
fn fields_are_those_of_the_original() {
    let compared: usize = ours().iter().map(check).sum();
    assert!(compared > 40, "{compared}");
}

/// Real families, which are not kept here.
#[test]
fn fields_of_recorded_families_are_those_of_the_original() {
    let Ok(golden) = std::env::var("PISTE_GOLDEN") else { return };
    let compared: usize = recorded(&Path::new(&golden).join("iglu/ddl/cases.jsonl")).iter().map(check).sum();
    assert!(compared > 60, "{compared}");
}

fn version(text: &str) -> SchemaVersion {
    text.parse().unwrap()
}

/// The columns of com.acme/x for data of the versions `present`.
fn of_family(place: Place, family: &[(&str, Value)], present: &[&str]) -> Vec<Column> {
    let decoded: Vec<(SchemaVersion, Syntax)> =
        family.iter().map(|(v, schema)| (version(v), Syntax::decode(schema).unwrap())).collect();
    let versions: Vec<_> = decoded.iter().map(|(v, schema)| (*v, schema)).collect();
    let present: Vec<_> = present.iter().map(|v| version(v)).collect();
    columns(place, &"iglu:com.acme/someThing/jsonschema/1-0-0".parse().unwrap(), &versions, &present)
}

#[test]
fn versions_that_break_have_columns_of_their_own_where_they_occur() {
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    let family = [
        ("1-0-0", object(json!({"a": {"type": "integer"}}))),
        ("1-0-1", object(json!({"a": {"type": "string"}}))),
        ("1-1-0", object(json!({"a": {"type": "integer"}, "b": {"type": "boolean"}}))),
        ("1-1-1", json!({"type": "object", "additionalProperties": false})),
    ];
    let names = |present: &[&str]| -> Vec<(String, Vec<String>)> {
        of_family(Place::Contexts, &family, present)
            .into_iter()
            .map(|column| (column.field.name, column.versions.iter().map(ToString::to_string).collect()))
            .collect()
    };
    let main = "contexts_com_acme_some_thing_1".to_owned();
    let all = || vec!["1-0-0".to_owned(), "1-1-0".to_owned()];
    assert_eq!(names(&["1-0-0"]), [(main.clone(), all())]);
    assert_eq!(names(&["1-1-1"]), []);
    let recovered = format!("{main}_recovered_1_0_1_{}", {
        let schema = Syntax::decode(&family[1].1).unwrap();
        fingerprint::fingerprint(&schema)
    });
    assert_eq!(names(&["1-0-1"]), [(recovered.clone(), vec!["1-0-1".to_owned()])]);
    assert_eq!(names(&["1-0-1", "1-1-0"]), [(main, all()), (recovered, vec!["1-0-1".to_owned()])]);
}

#[test]
fn contexts_tell_their_version_first() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "_schema_version": {"type": "integer"}}});
    let columns = of_family(Place::Contexts, &[("1-0-0", schema)], &["1-0-0"]);
    assert_eq!(
        field_json(&columns[0].field)["type"],
        json!({"array": {"struct": [
            {"name": "_schema_version", "type": "string", "nullability": "required", "accessors": ["_schema_version"]},
            {"name": "a", "type": "string", "nullability": "nullable", "accessors": ["a"]},
        ]}, "element": "required"}),
    );
    let columns = of_family(Place::Contexts, &[("1-0-0", json!({"type": ["string", "null"]}))], &["1-0-0"]);
    assert_eq!(field_json(&columns[0].field)["type"], json!({"array": "string", "element": "nullable"}));
}
