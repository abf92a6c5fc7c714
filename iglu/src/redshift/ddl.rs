//! Statements for Redshift (`spec/iglu.md` 6.4, 6.6), letter for letter those of the original.

use std::fmt::Write as _;

use event::schema_key::SchemaKey;

use super::{
    column::{Column, Encodings},
    model::{Model, Step},
};

/// The columns that rows begin with: name, type, encoding. They are never null.
pub const COMMON: [(&str, &str, &str); 9] = [
    ("schema_vendor", "VARCHAR(128)", "ENCODE ZSTD"),
    ("schema_name", "VARCHAR(128)", "ENCODE ZSTD"),
    ("schema_format", "VARCHAR(128)", "ENCODE ZSTD"),
    ("schema_version", "VARCHAR(128)", "ENCODE ZSTD"),
    ("root_id", "CHAR(36)", "ENCODE RAW"),
    ("root_tstamp", "TIMESTAMP", "ENCODE ZSTD"),
    ("ref_root", "VARCHAR(255)", "ENCODE ZSTD"),
    ("ref_tree", "VARCHAR(1500)", "ENCODE ZSTD"),
    ("ref_parent", "VARCHAR(255)", "ENCODE ZSTD"),
];

/// Makes a table that follows `latest`.
pub fn create(
    table: &str,
    columns: &[Column],
    latest: &SchemaKey,
    dbschema: &str,
    encodings: Encodings,
) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {dbschema}.{table} (\n{},\n  FOREIGN KEY (root_id) REFERENCES \
         {dbschema}.events(event_id)\n)\nDISTSTYLE KEY\nDISTKEY (root_id)\nSORTKEY (root_tstamp);\n\n{}\n",
        lines(columns, encodings),
        comment(table, latest, dbschema),
    )
}

/// Brings the table of a model from one version to a later one.
pub fn migrate(
    model: &Model,
    from: &SchemaKey,
    to: &SchemaKey,
    dbschema: &str,
    encodings: Encodings,
) -> String {
    let table = &model.table;
    let steps = between(&model.steps, from, to);
    let mut sql = format!(
        "-- WARNING: only apply this file to your database if the following SQL returns the expected:\n--\n\
         -- SELECT pg_catalog.obj_description(c.oid) FROM pg_catalog.pg_class c WHERE c.relname = '{table}';\n\
         --  obj_description\n-- -----------------\n--  {from}\n--  (1 row)\n\n"
    );
    for column in steps.iter().flat_map(|step| &step.widened) {
        let _ = writeln!(
            sql,
            "  ALTER TABLE {dbschema}.{table}\n    ALTER COLUMN \"{}\" TYPE {};",
            column.name, column.ty
        );
    }
    let comment = comment(table, to, dbschema);
    let mut added = steps.iter().flat_map(|step| &step.added).peekable();
    if added.peek().is_none() {
        let _ = write!(sql, "\n-- NO ADDED COLUMNS CAN BE EXPRESSED IN SQL MIGRATION\n\n{comment}\n");
        return sql;
    }
    sql.push_str("\nBEGIN TRANSACTION;\n\n");
    for column in added {
        let _ = writeln!(
            sql,
            "  ALTER TABLE {dbschema}.{table}\n    ADD COLUMN \"{}\" {} {};",
            column.name,
            column.ty,
            column.encoding(encodings)
        );
    }
    let _ = write!(sql, "\n  {comment}\n\nEND TRANSACTION;");
    sql
}

/// One line for each column, in columns themselves. Their hash names tables of versions that do not fit.
pub(super) fn lines(columns: &[Column], encodings: Encodings) -> String {
    let common = COMMON.map(|(name, ty, encoding)| (name.to_owned(), ty.to_owned(), encoding, "NOT NULL"));
    let data = columns.iter().map(|column| {
        let null = if column.nullable { "" } else { "NOT NULL" };
        (column.name.clone(), column.ty.to_string(), column.encoding(encodings), null)
    });
    let all: Vec<_> = common.into_iter().chain(data).collect();
    let units = |text: &str| text.encode_utf16().count();
    let name_width = all.iter().map(|(name, ..)| units(name) + 2).max().unwrap_or(2);
    let type_width = all.iter().map(|(_, ty, ..)| units(ty)).max().unwrap_or(0);
    let encoding_width = all.iter().map(|(_, _, encoding, _)| units(encoding)).max().unwrap_or(0);
    let lines = all.iter().map(|(name, ty, encoding, null)| {
        let name = format!("\"{name}\"");
        let blanks = " ".repeat(name_width - units(&name));
        let line = format!("  {name}{blanks} {ty:type_width$} {encoding:encoding_width$} {null}");
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join(",\n")
}

fn comment(table: &str, key: &SchemaKey, dbschema: &str) -> String {
    format!("COMMENT ON TABLE {dbschema}.{table} IS '{key}';")
}

/// The steps after `from` up to `to`. To a version that does not fit there is none; from one, all that come before `to`.
fn between<'a>(steps: &'a [Step], from: &SchemaKey, to: &SchemaKey) -> &'a [Step] {
    let Some(last) = steps.iter().position(|step| step.key == *to) else { return &[] };
    let first = steps[..=last].iter().position(|step| step.key == *from).map_or(0, |at| at + 1);
    &steps[first..=last]
}
