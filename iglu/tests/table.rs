//! Tables from schemas, compared with what the original made of the same schemas (`golden/ddl/postgres.jsonl`).
#![allow(clippy::unwrap_used, reason = "test code: a panic is the report")]

use std::{collections::BTreeMap, fs};

use event::schema_key::SchemaKey;
use iglu::table::{
    cell::Cell,
    column::ColumnType,
    migration::{Change, plan},
    model::{Column, Table},
    name,
};
use serde_json::Value;

/// Where our tables differ on purpose: (case, column as in the original or as in ours, why).
const DIFFERENCES: [(&str, &str, &str); 5] = [
    ("names-case", "x_y", "two properties meet in one name: the original's CREATE fails"),
    ("names-clash-nested", "a.b", "two properties meet in one name: the original's CREATE fails"),
    ("family-readd", "b", "named twice in the original, whose CREATE fails"),
    ("arrays", "tup2", "the array can never be cast to the type of its additionalItems: JSONB"),
    ("root-additional", "", "an empty name: the original's CREATE fails"),
];

fn cases() -> Vec<Value> {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/ddl/postgres.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn key(schema: &Value) -> SchemaKey {
    let part = |name: &str| schema["self"][name].as_str().unwrap();
    format!("iglu:{}/{}/{}/{}", part("vendor"), part("name"), part("format"), part("version"))
        .parse()
        .unwrap()
}

fn models(schemas: &[Value]) -> BTreeMap<u32, Vec<(SchemaKey, &Value)>> {
    let mut models: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for schema in schemas {
        let key = key(schema);
        models.entry(key.version.model).or_default().push((key, schema));
    }
    models
}

fn differs(id: &str, column: &str) -> bool {
    DIFFERENCES.iter().any(|(case, name, _)| *case == id && *name == column)
}

#[test]
fn tables_are_those_of_the_original() {
    let mut compared = 0;
    for case in cases() {
        let id = case["id"].as_str().unwrap();
        let schemas = case["schemas"].as_array().unwrap();
        for (model, versions) in models(schemas) {
            let table = Table::of(&versions, true);
            let expect = &case["expect"]["postgres"][model.to_string()];
            if expect.is_null() {
                assert!(case["expect"]["postgres_errors"].is_array(), "{id}");
                table.expect_err(id);
                continue;
            }
            let table = table.unwrap().unwrap();
            if expect["schema_list_error"].is_string() {
                // The original has no table at all, because the list has a gap or begins late; we make one of what exists.
                assert!(table.name.ends_with(&format!("_{model}")), "{id}");
                continue;
            }
            assert_eq!(table.name, expect["table"], "{id}");
            assert_eq!(table.latest.to_string(), expect["latest"], "{id}");
            let row = |c: &Column| (c.pointer.clone(), c.name.clone(), c.ty.to_string(), !c.not_null);
            let ours: Vec<_> = table
                .columns
                .iter()
                .filter(|c| !c.on_demand && !differs(id, column_of(c)))
                .map(row)
                .collect();
            let text = |c: &Value, key: &str| c[key].as_str().unwrap().to_owned();
            let theirs: Vec<_> = expect["columns"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| {
                    (text(c, "pointer"), text(c, "name"), text(c, "type"), c["nullable"].as_bool().unwrap())
                })
                .filter(|(_, name, ..)| !differs(id, name))
                .collect();
            assert_eq!(ours, theirs, "{id}");
            let statements: Vec<String> = plan(&table, None)
                .iter()
                .map(|c: &Change| c.sql(&format!("atomic.{}", name::cut(&table.name))))
                .collect();
            if !DIFFERENCES.iter().any(|(case, ..)| *case == id)
                && !table.columns.iter().any(|c| c.name.contains('\t'))
            {
                let create = statements[0].replace("IF NOT EXISTS ", "").replace("\n)", "\n) ");
                assert_eq!(create, expect["create_with_meta"].as_str().unwrap(), "{id}");
            }
            assert_eq!(statements[1], expect["comment"].as_str().unwrap(), "{id}");
            casts(id, &table, &case["values"], &expect["cast"]);
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

/// The name without the number that made it unique.
fn column_of(column: &Column) -> &str {
    column.name.strip_suffix("_2").unwrap_or(&column.name)
}

fn casts(id: &str, table: &Table, values: &Value, expect: &Value) {
    for (value, expect) in
        values.as_array().into_iter().flatten().zip(expect.as_array().into_iter().flatten())
    {
        for (column, expect) in table.columns.iter().zip(expect.as_array().unwrap()) {
            assert_eq!(column.name, expect["column"], "{id}");
            let pointer: String = column.path.iter().map(|step| format!("/{step}")).collect();
            let json = value.pointer(&pointer).map_or("null".to_owned(), ToString::to_string);
            match Cell::cast(&json, &column.ty) {
                Err(wrong) => assert_eq!(wrong.0, expect["result"]["error"], "{id} {}", column.name),
                Ok(cell) => {
                    // The recorded JSON is printed over several lines.
                    let theirs = expect["result"]["value"].as_str().map(|s| s.replace([' ', '\n'], ""));
                    assert_eq!(shown(&cell, &column.ty), theirs, "{id} {}", column.name);
                }
            }
        }
    }
}

/// As the recorder printed the original's values.
fn shown(cell: &Cell<'_>, ty: &ColumnType) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Boolean(b) => format!("Bool({b})"),
        Cell::Integer(n) if *ty == ColumnType::BigInt => format!("BigInt({n})"),
        Cell::Integer(n) => format!("Integer({n})"),
        Cell::Double(n) => format!("Double({n:?})"),
        Cell::Text(text) => format!("Varchar({text})"),
        Cell::Json(json) => format!("Jsonb({json})"),
        other => panic!("{other:?}"),
    })
}

#[test]
fn values_that_the_original_refuses_or_loses() {
    for (json, ty, expect) in [
        ("\"2024-03-01\"", ColumnType::Date, Ok(Cell::Date(19_783))),
        ("\"03/01/2024\"", ColumnType::Date, Err("Invalid type DATE for value Some(\"03/01/2024\")")),
        ("\"x\"", ColumnType::Uuid, Err("Invalid type UUID for value Some(\"x\")")),
        ("\"x\"", ColumnType::Timestamp, Err("Text 'x' could not be parsed at index 0")),
        ("5", ColumnType::Timestamp, Err("Invalid type TIMESTAMP for value Some(5)")),
        (
            "{\"a\":[1,{}]}",
            ColumnType::BigInt,
            Err("Invalid type BIGINT for value Some({\n  \"a\" : [\n    1,\n    {\n      \n    }\n  ]\n})"),
        ),
        ("2147483648", ColumnType::Integer, Err("Invalid type INTEGER for value Some(2147483648)")),
        ("12.50", ColumnType::Numeric, Ok(Cell::Decimal("12.50"))),
        ("\"a\\u00e9\\n\"", ColumnType::Text, Ok(Cell::Text("aé\n".into()))),
        ("{ \"a\": 1 }", ColumnType::Text, Ok(Cell::Text("{\"a\":1}".into()))),
        ("1", ColumnType::Other("mood".into()), Err("Invalid type mood for value Some(1)")),
    ] {
        assert_eq!(
            Cell::cast(json, &ty),
            expect.map_err(|e| iglu::table::cell::WrongType(e.into())),
            "{json}"
        );
    }
}
