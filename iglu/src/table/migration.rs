//! The table as it is in the database and as it should be -> statements (`spec/loaders-and-leases.md` 3.6). Columns are added
//! and relaxed, never dropped; what an operator added is left alone. The catalog decides, not the comment.

use std::fmt;

use super::{
    column::ColumnType,
    model::{META, Table},
    name,
};

/// A table as the catalog shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Existing {
    /// Its columns, in order.
    pub columns: Vec<ExistingColumn>,
    /// The comment on the table.
    pub comment: Option<String>,
}

/// A column as the catalog shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it refuses nulls.
    pub not_null: bool,
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Make it, with these columns (name, type, not null).
    Create(Vec<(String, ColumnType, bool)>),
    /// Add a column; old rows have no value for it, so it takes nulls.
    Add(String, ColumnType),
    /// Give a text column more room. Postgres does this in its catalog alone.
    Widen(String, ColumnType),
    /// Let a column take nulls.
    Relax(String),
    /// Say which schema the table follows.
    Comment(String),
}

impl Existing {
    /// The table as the loader makes it.
    pub fn of(table: &Table) -> Self {
        let meta =
            META.iter().filter(|_| table.meta).map(|(name, ty)| ((*name).to_owned(), ty.clone(), false));
        let data = table.columns.iter().filter(|column| !column.on_demand);
        let data = data.map(|column| (column.name.clone(), column.ty.clone(), column.not_null));
        let columns = meta.chain(data).map(|(name, ty, not_null)| ExistingColumn { name, ty, not_null });
        Self { columns: columns.collect(), comment: Some(table.latest.to_string()) }
    }
}

/// What makes `existing` fit `wanted`; nothing when it fits.
pub fn plan(wanted: &Table, existing: Option<&Existing>) -> Vec<Change> {
    let uri = wanted.latest.to_string();
    let meta = META.iter().filter(|_| wanted.meta).map(|(name, ty)| ((*name).to_owned(), ty.clone(), false));
    let data =
        wanted.columns.iter().filter(|c| !c.on_demand).map(|c| (c.name.clone(), c.ty.clone(), c.not_null));
    let columns = meta.chain(data);
    let Some(existing) = existing else {
        return vec![Change::Create(columns.collect()), Change::Comment(uri)];
    };
    let missing = columns.filter(|(name, ..)| existing.columns.iter().all(|c| c.name != *name));
    let mut changes: Vec<Change> = missing.map(|(name, ty, _)| Change::Add(name, ty)).collect();
    if existing.comment.as_ref() != Some(&uri) {
        changes.push(Change::Comment(uri));
    }
    changes
}

impl Change {
    /// What kind of change it is, in one word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Add(..) => "add",
            Self::Widen(..) => "widen",
            Self::Relax(_) => "relax",
            Self::Comment(_) => "comment",
        }
    }

    /// The statement. `table` is quoted and has its schema.
    pub fn sql(&self, table: &str) -> String {
        match self {
            Self::Create(columns) => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|(column, ty, not_null)| {
                        format!(
                            "{} {ty} {}",
                            name::quote(column),
                            if *not_null { "NOT NULL" } else { "NULL" }
                        )
                    })
                    .collect();
                format!("CREATE TABLE IF NOT EXISTS {table} (\n{}\n)", columns.join(",\n"))
            }
            Self::Add(column, ty) => {
                format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} {ty} NULL", name::quote(column))
            }
            Self::Widen(column, ty) => {
                format!("ALTER TABLE {table} ALTER COLUMN {} TYPE {ty}", name::quote(column))
            }
            Self::Relax(column) => {
                format!("ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL", name::quote(column))
            }
            Self::Comment(uri) => format!("COMMENT ON TABLE {table} IS '{}'", uri.replace('\'', "''")),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(columns) => write!(f, "create with {} columns", columns.len()),
            Self::Add(column, ty) => write!(f, "add {column} {ty}"),
            Self::Widen(column, ty) => write!(f, "widen {column} to {ty}"),
            Self::Relax(column) => write!(f, "let {column} be null"),
            Self::Comment(uri) => write!(f, "comment {uri}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::model::Column;

    fn wanted() -> Table {
        let column = |name: &str, on_demand: bool| Column {
            name: name.into(),
            pointer: format!("/properties/{name}"),
            path: vec![name.into()],
            ty: ColumnType::BigInt,
            not_null: !on_demand,
            longest: None,
            on_demand,
        };
        Table {
            name: "t_1".into(),
            latest: event::schema_key::SchemaKey {
                vendor: "com.acme".into(),
                name: "t".into(),
                format: "jsonschema".into(),
                version: event::schema_key::SchemaVersion { model: 1, revision: 0, addition: 1 },
            },
            meta: false,
            columns: vec![column("a", false), column("b", false), column("c", true)],
            versions: vec![],
        }
    }

    fn existing(columns: &[&str], comment: &str) -> Existing {
        let column =
            |name: &&str| ExistingColumn { name: (*name).into(), ty: ColumnType::Text, not_null: true };
        Existing { columns: columns.iter().map(column).collect(), comment: Some(comment.into()) }
    }

    #[test]
    fn a_table_that_fits_is_left_alone() {
        let existing = existing(&["b", "load_tstamp", "a"], "iglu:com.acme/t/jsonschema/1-0-1");
        assert_eq!(plan(&wanted(), Some(&existing)), []);
    }

    #[test]
    fn columns_that_a_trusted_comment_hides_are_added() {
        let existing = existing(&["a"], "iglu:com.acme/t/jsonschema/1-0-1");
        let changes = plan(&wanted(), Some(&existing));
        assert_eq!(changes, [Change::Add("b".into(), ColumnType::BigInt)]);
        assert_eq!(
            changes[0].sql("\"s\".\"t\""),
            "ALTER TABLE \"s\".\"t\" ADD COLUMN IF NOT EXISTS \"b\" BIGINT NULL"
        );
    }

    #[test]
    fn creation() {
        let statements: Vec<String> = plan(&wanted(), None).iter().map(|c| c.sql("t")).collect();
        assert_eq!(
            statements[0],
            "CREATE TABLE IF NOT EXISTS t (\n\"a\" BIGINT NOT NULL,\n\"b\" BIGINT NOT NULL\n)"
        );
        assert_eq!(statements[1], "COMMENT ON TABLE t IS 'iglu:com.acme/t/jsonschema/1-0-1'");
    }
}
