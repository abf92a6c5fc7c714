//! A schema -> its columns (`spec/iglu.md` 6.2, 6.3).

use std::collections::HashSet;

use super::column::{Column, ColumnType, is_union};
use crate::{
    syntax::{Kind, Syntax},
    table::name::snake_case,
};

/// The columns of one version: those that are not null first, then by name. The second part are names that another column
/// has already: two properties meet in them, and Redshift takes no table with both.
pub fn columns(schema: &Syntax) -> (Vec<Column>, Vec<String>) {
    let mut found = Vec::new();
    walk(schema, &Place { name: String::new(), root: true, required: true }, &mut found);
    found.retain(|column: &Column| !column.name.is_empty());
    found.sort_by(|a, b| (a.nullable, &a.name).cmp(&(b.nullable, &b.name)));
    let mut names = HashSet::new();
    let (kept, met): (Vec<Column>, Vec<Column>) =
        found.into_iter().partition(|column| names.insert(column.name.clone()));
    (kept, met.into_iter().map(|column| column.name).collect())
}

/// Where a part of a schema stands.
struct Place {
    name: String,
    root: bool,
    /// In `required` of the part above, and so on up to the root.
    required: bool,
}

fn walk(schema: &Syntax, place: &Place, found: &mut Vec<Column>) {
    let given = schema.types.as_ref().map(|types| types.kinds.as_slice());
    if is_leaf(schema, given) {
        let has_null = given.is_some_and(|kinds| kinds.contains(&Kind::Null))
            || schema.members.as_ref().is_some_and(|members| members.iter().any(serde_json::Value::is_null));
        let nullable = has_null || !(place.root || place.required);
        let mut kinds: Option<Vec<Kind>> = given.map(<[Kind]>::to_vec);
        if nullable && !kinds.as_ref().is_some_and(|kinds| kinds.contains(&Kind::Null)) {
            kinds.get_or_insert_default().push(Kind::Null);
        }
        found.push(Column {
            name: place.name.clone(),
            ty: ColumnType::of(schema, kinds.as_deref()),
            nullable,
            listed: schema.members.is_some(),
        });
        if kinds.as_deref().is_some_and(is_union) {
            return;
        }
    }
    for (name, property) in schema.properties.iter().flatten() {
        let is_listed = schema.required.as_ref().is_some_and(|required| required.contains(name));
        let name = snake_case(name);
        let name = if place.name.is_empty() { name } else { format!("{}.{name}", place.name) };
        walk(property, &Place { name, root: false, required: place.required && is_listed }, found);
    }
}

/// Whether it becomes a column itself: no object that is taken apart.
fn is_leaf(schema: &Syntax, kinds: Option<&[Kind]>) -> bool {
    let is_nested = kinds.is_some_and(|kinds| kinds.contains(&Kind::Object)) && schema.properties.is_some();
    !is_nested
        || kinds.is_none_or(is_union)
        || has_several_kinds(schema.one_of.as_deref().unwrap_or_default())
}

fn has_several_kinds(alternatives: &[Syntax]) -> bool {
    let kinds = alternatives.iter().flat_map(|one| one.types.iter()).flat_map(|types| &types.kinds);
    let mut others: Vec<Kind> = Vec::new();
    for kind in kinds.filter(|kind| **kind != Kind::Null) {
        if !others.contains(kind) {
            others.push(*kind);
        }
    }
    others.len() > 1
}
