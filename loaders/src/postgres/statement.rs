//! SQL texts.

use iglu::table::name::quote;

/// COPY into these columns.
pub fn copy<'a>(schema: &str, table: &str, columns: impl Iterator<Item = &'a str>) -> String {
    let columns: Vec<String> = columns.map(quote).collect();
    if columns.is_empty() {
        // A table without columns still has rows; an empty list would be a syntax error.
        return format!("COPY {} FROM STDIN BINARY", table_in(schema, table));
    }
    format!("COPY {} ({}) FROM STDIN BINARY", table_in(schema, table), columns.join(", "))
}

/// `"schema"."table"`
pub fn table_in(schema: &str, table: &str) -> String {
    format!("{}.{}", quote(schema), quote(table))
}

/// Whether a schema exists. `$1`: its name.
pub const SCHEMA_EXISTS: &str = "SELECT 1 FROM pg_namespace WHERE nspname = $1";

/// The columns of a table in order: name, type, not null. `$1`: schema, `$2`: table. No row: there is no such table (or one
/// without columns).
pub const COLUMNS: &str = "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
    AND a.attgenerated = '' ORDER BY a.attnum";

/// A table's comment. `$1`: schema, `$2`: table. No row: there is no such table.
pub const COMMENT: &str = "SELECT obj_description(c.oid, 'pg_class') \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')";

/// Tables with a comment: name, comment. `$1`: schema.
pub const COMMENTED: &str = "SELECT c.relname::text, obj_description(c.oid, 'pg_class') \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') IS NOT NULL ORDER BY 1";

/// Held while tables are changed, so that several loaders do it one after the other. `$1`: the schema's name.
pub const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('piste.' || $1)::bigint)";
