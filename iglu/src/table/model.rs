//! All versions of one model -> one table (`spec/iglu.md` 6.8, `spec/loaders-and-leases.md` 3.4).

use std::collections::HashSet;

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

use super::{
    column::ColumnType,
    flatten::{is_above, leaves},
    keywords::Keywords,
    name,
};
use crate::syntax::NotASchema;

/// The columns that rows of enriched events begin with: they say which schema and which event a row belongs to.
pub const META: [(&str, ColumnType); 6] = [
    ("schema_vendor", ColumnType::Varchar(Some(128))),
    ("schema_name", ColumnType::Varchar(Some(128))),
    ("schema_format", ColumnType::Varchar(Some(128))),
    ("schema_version", ColumnType::Varchar(Some(128))),
    ("root_id", ColumnType::Uuid),
    ("root_tstamp", ColumnType::Timestamp),
];

/// The table of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its whole name; Postgres keeps [`name::cut`] of it.
    pub name: String,
    /// The latest schema, which the comment on the table names.
    pub latest: SchemaKey,
    /// Whether the columns of [`META`] come first.
    pub meta: bool,
    /// The columns of the data.
    pub columns: Vec<Column>,
    /// What each version says about each column.
    pub versions: Vec<(SchemaVersion, Vec<Rule>)>,
}

/// A column of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, as Postgres keeps it; no two columns share one.
    pub name: String,
    /// Where it stands in the schema.
    pub pointer: String,
    /// Where its value stands in the data.
    pub path: Vec<String>,
    /// Its type when it is created.
    pub ty: ColumnType,
    /// Whether it is created `NOT NULL`.
    pub not_null: bool,
    /// The longest text that any version allows; `None`: any.
    pub longest: Option<u32>,
    /// A later version took this place apart into columns of its own; it is made only when data need it.
    pub on_demand: bool,
}

/// What one version says about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Unknown,
    /// Data may lack it.
    Optional,
    /// Valid data have it.
    Required,
}

impl Table {
    /// The table for `versions` of one model, lowest first. `None` when there is no version.
    ///
    /// # Errors
    /// One of the documents is no schema.
    pub fn of(versions: &[(SchemaKey, &Value)], meta: bool) -> Result<Option<Self>, NotASchema> {
        let Some((latest, _)) = versions.last() else { return Ok(None) };
        let decoded: Vec<Keywords> =
            versions.iter().map(|(_, json)| Keywords::decode(json)).collect::<Result<_, _>>()?;
        let mut columns: Vec<Column> = Vec::new();
        for keywords in &decoded {
            add_version(&mut columns, keywords);
        }
        demote(&mut columns);
        make_names_unique(&mut columns, meta);
        let rules = versions.iter().zip(&decoded).map(|((key, _), keywords)| {
            let leaves = leaves(keywords);
            let rule = |column: &Column| match leaves.iter().find(|l| l.pointer == column.pointer) {
                None => Rule::Unknown,
                Some(leaf) if leaf.may_be_absent => Rule::Optional,
                Some(_) => Rule::Required,
            };
            (key.version, columns.iter().map(rule).collect())
        });
        Ok(Some(Self {
            name: name::table_name(&latest.vendor, &latest.name, latest.version.model),
            latest: latest.clone(),
            meta,
            versions: rules.collect(),
            columns,
        }))
    }

    /// What `version` says about the columns; `None` when it is not among the versions.
    pub fn rules(&self, version: SchemaVersion) -> Option<&[Rule]> {
        self.versions.iter().find(|(v, _)| *v == version).map(|(_, rules)| rules.as_slice())
    }
}

/// Appends the leaves that no earlier version had, those that are not null first, then by name.
fn add_version(columns: &mut Vec<Column>, keywords: &Keywords) {
    let mut new = Vec::new();
    for leaf in leaves(keywords) {
        let longest = ColumnType::longest(&leaf);
        if let Some(known) = columns.iter_mut().find(|c| c.pointer == leaf.pointer) {
            known.longest = known.longest.zip(longest).map(|(a, b)| a.max(b));
            continue;
        }
        let steps: Vec<String> = leaf.path.iter().map(|step| name::snake_case(step)).collect();
        new.push(Column {
            name: steps.join("."),
            path: leaf.path.iter().map(|&step| step.to_owned()).collect(),
            ty: ColumnType::of(&leaf),
            not_null: leaf.not_null,
            longest,
            on_demand: false,
            pointer: leaf.pointer,
        });
    }
    new.sort_by(|a, b| (!a.not_null, &a.name, &a.path).cmp(&(!b.not_null, &b.name, &b.path)));
    columns.append(&mut new);
}

/// Leaves above other leaves are not created; where they lie at the same place in the data they are not even needed.
fn demote(columns: &mut Vec<Column>) {
    let above: Vec<bool> =
        columns.iter().map(|c| columns.iter().any(|other| is_above(&c.pointer, &other.pointer))).collect();
    let same_place: Vec<bool> = columns
        .iter()
        .map(|c| columns.iter().any(|other| other.path == c.path && is_above(&c.pointer, &other.pointer)))
        .collect();
    let (mut kept, mut demoted) = (Vec::new(), Vec::new());
    for (i, mut column) in std::mem::take(columns).into_iter().enumerate() {
        if !above[i] {
            kept.push(column);
        } else if !same_place[i] {
            column.on_demand = true;
            column.not_null = false;
            demoted.push(column);
        }
    }
    kept.append(&mut demoted);
    *columns = kept;
}

/// `fooBar` and `foo_bar` meet in one name, and so do names that are cut: the later ones get a number.
fn make_names_unique(columns: &mut [Column], meta: bool) {
    let mut taken: HashSet<String> =
        META.iter().filter(|_| meta).map(|(name, _)| (*name).to_owned()).collect();
    for column in columns {
        let mut unique = name::cut(&column.name).to_owned();
        let mut number = 2;
        while unique.is_empty() || !taken.insert(unique.clone()) {
            unique = name::with_suffix(&column.name, &format!("_{number}"));
            number += 1;
        }
        column.name = unique;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(schemas: &[&str]) -> Table {
        let values: Vec<Value> = schemas.iter().map(|s| serde_json::from_str(s).unwrap()).collect();
        let keys = (0..).map(|addition| SchemaKey {
            vendor: "com.acme".into(),
            name: "x".into(),
            format: "jsonschema".into(),
            version: SchemaVersion { model: 1, revision: 0, addition },
        });
        let versions: Vec<_> = keys.zip(&values).collect();
        Table::of(&versions, true).unwrap().unwrap()
    }

    fn names(table: &Table) -> Vec<&str> {
        table.columns.iter().map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn colliding_names_get_numbers() {
        let long = format!("{}a", "n".repeat(63));
        let schema = format!(
            r#"{{"type":"object","properties":{{"fooBar":{{}},"foo_bar":{{}},"root_id":{{}},"{long}":{{}},"{long}b":{{}}}}}}"#
        );
        let expect = ["foo_bar", "foo_bar_2", &"n".repeat(63), &format!("{}_2", "n".repeat(61)), "root_id_2"];
        assert_eq!(names(&table(&[&schema])), expect);
    }

    #[test]
    fn a_property_that_comes_back_is_one_column() {
        let with = r#"{"type":"object","properties":{"a":{},"b":{}}}"#;
        let without = r#"{"type":"object","properties":{"a":{}}}"#;
        assert_eq!(names(&table(&[with, without, with])), ["a", "b"]);
    }

    #[test]
    fn an_object_that_is_filled_later_is_kept_for_older_data() {
        let open = r#"{"type":"object","properties":{"a":{"type":"object"}}}"#;
        let filled =
            r#"{"type":"object","properties":{"a":{"type":"object","properties":{"x":{"type":"string"}}}}}"#;
        let table = table(&[open, filled]);
        assert_eq!(names(&table), ["a.x", "a"]);
        assert!(table.columns[1].on_demand);
        assert_eq!(table.versions[0].1, [Rule::Unknown, Rule::Optional]);
        assert_eq!(table.versions[1].1, [Rule::Optional, Rule::Unknown]);
    }

    #[test]
    fn rules_follow_each_version() {
        let first = r#"{"type":"object","properties":{"q":{"type":"string"}},"required":["q"]}"#;
        let second = r#"{"type":"object","properties":{"q":{"type":"string"},"w":{"type":"string","maxLength":7}},"required":["w"]}"#;
        let table = table(&[first, second]);
        assert!(table.columns.iter().all(|c| c.not_null));
        assert_eq!(table.versions[0].1, [Rule::Required, Rule::Unknown]);
        assert_eq!(table.versions[1].1, [Rule::Optional, Rule::Required]);
        assert_eq!(table.columns[0].longest, None);
        assert_eq!(table.columns[1].longest, Some(7));
    }
}
