//! Tables of Redshift, compared with what the original made of the same schemas (`golden/ddl/redshift.jsonl`, and the families
//! of Iglu Central under `PISTE_GOLDEN`).
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::{collections::BTreeMap, fs, panic, path::Path};

use event::schema_key::SchemaKey;
use iglu::{
    redshift::{
        column::{Column, Encodings},
        ddl,
        model::Model,
    },
    syntax::Syntax,
};
use serde_json::Value;

/// Where our tables differ on purpose: (case, column, why).
const DIFFERENCES: [(&str, &str, &str); 4] = [
    ("enum-strings", "f", "CHAR(0): Redshift takes no text of no characters"),
    (
        "arrays",
        "tup2",
        "`additionalItems` is a second column of the array's name: the original's CREATE fails",
    ),
    ("names-case", "x_y", "two properties meet in one name: the original's CREATE fails"),
    ("names-clash-nested", "a.b", "two properties meet in one name: the original's CREATE fails"),
];

fn recorded(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn key(schema: &Value) -> SchemaKey {
    let part = |name: &str| schema["self"][name].as_str().unwrap();
    format!("iglu:{}/{}/{}/{}", part("vendor"), part("name"), part("format"), part("version"))
        .parse()
        .unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn rows(columns: &[Column]) -> Vec<(String, String, bool)> {
    columns.iter().map(|c| (c.name.clone(), c.ty.to_string(), c.nullable)).collect()
}

fn expected_rows(columns: &Value) -> Vec<(String, String, bool)> {
    let row = |c: &Value| {
        (text(c, "name").to_owned(), text(c, "type").to_owned(), c["nullable"].as_bool().unwrap())
    };
    columns.as_array().unwrap().iter().map(row).collect()
}

fn differs(id: &str, column: &str) -> bool {
    DIFFERENCES.iter().any(|(case, name, _)| *case == id && *name == column)
}

/// Columns that one version adds come in the order of their names; the original's more than four come in that of a hash.
fn as_set(mut rows: Vec<(String, String, bool)>, id: &str) -> Vec<(String, String, bool)> {
    rows.retain(|(name, ..)| !differs(id, name));
    rows.sort();
    rows
}

fn check(case: &Value) -> usize {
    let id = text(case, "id");
    let schemas = case["schemas"].as_array().unwrap();
    if case["expect"]["errors"].is_array() {
        assert!(schemas.iter().any(|schema| Syntax::decode(schema).is_err()), "{id}");
        return 0;
    }
    let mut models: BTreeMap<u32, Vec<(SchemaKey, Syntax)>> = BTreeMap::new();
    for schema in schemas {
        let key = key(schema);
        models.entry(key.version.model).or_default().push((key, Syntax::decode(schema).unwrap()));
    }
    for (number, versions) in &models {
        let expect = &case["expect"]["redshift"][number.to_string()];
        let versions: Vec<_> = versions.iter().map(|(key, schema)| (key.clone(), schema)).collect();
        let model = Model::of(&versions).unwrap();
        assert_eq!(model.table, text(expect, "table"), "{id}");
        assert_eq!(model.latest.to_string(), text(expect, "latest_merged"), "{id}");
        let ours = rows(&model.columns);
        let theirs = expected_rows(&expect["columns"]);
        let is_plain = !DIFFERENCES.iter().any(|(case, ..)| *case == id);
        let same_order = ours == theirs;
        if !same_order {
            assert_eq!(as_set(ours, id), as_set(theirs, id), "{id}");
        }
        let many = model.steps.iter().any(|step| step.added.len() > 4);
        assert!(same_order || many || !is_plain, "{id}: {:?} {:?}", model.columns, expect["columns"]);
        if same_order {
            let sql = ddl::create(&model.table, &model.columns, &model.latest, "atomic", Encodings::Loader);
            assert_eq!(sql, text(expect, "sql"), "{id}");
        }
        let recovery = expect["recovery"].as_array().unwrap();
        assert_eq!(model.recovered.len(), recovery.len(), "{id}");
        for (ours, theirs) in model.recovered.iter().zip(recovery) {
            assert_eq!(ours.key.to_string(), text(theirs, "uri"), "{id}");
            assert_eq!(ours.table, text(theirs, "table"), "{id}");
            assert_eq!(Value::from(ours.reasons.clone()), theirs["errors"], "{id}");
            let sql = ddl::create(&ours.table, &ours.columns, &ours.key, "atomic", Encodings::Loader);
            assert_eq!(sql, text(theirs, "sql"), "{id}");
        }
        let migrations = case["expect"]["redshift_migrations"][number.to_string()].as_array();
        for theirs in migrations.into_iter().flatten() {
            let named = |part: &str| {
                versions
                    .iter()
                    .find(|(key, _)| key.version.to_string() == text(theirs, part))
                    .unwrap()
                    .0
                    .clone()
            };
            let (from, to) = (named("from"), named("to"));
            let sql = ddl::migrate(&model, &from, &to, "atomic", Encodings::Loader);
            let lines = |sql: &str| {
                let mut lines: Vec<String> = sql.lines().map(str::to_owned).collect();
                if !same_order {
                    lines.sort();
                }
                lines.retain(|line| is_plain || !line.contains("COLUMN"));
                lines
            };
            assert_eq!(lines(&sql), lines(text(theirs, "sql")), "{id} {from} {to}");
        }
    }
    models.len()
}

/// Compares all of them, and tells of all that differ.
fn checked(cases: &[Value]) -> usize {
    let results: Vec<_> =
        cases.iter().map(|case| (text(case, "id"), panic::catch_unwind(|| check(case)))).collect();
    let differing: Vec<&str> =
        results.iter().filter(|(_, result)| result.is_err()).map(|(id, _)| *id).collect();
    assert!(differing.is_empty(), "{differing:?}");
    results.into_iter().map(|(_, result)| result.unwrap()).sum()
}

#[test]
fn tables_are_those_of_the_original() {
    let ours = recorded(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/ddl/redshift.jsonl")));
    let compared = checked(&ours);
    assert!(compared > 40, "{compared}");
}

/// Real families, which are not kept here.
#[test]
fn tables_of_recorded_families_are_those_of_the_original() {
    let Ok(golden) = std::env::var("PISTE_GOLDEN") else { return };
    let compared = checked(&recorded(&Path::new(&golden).join("iglu/ddl/cases.jsonl")));
    assert!(compared > 60, "{compared}");
}
