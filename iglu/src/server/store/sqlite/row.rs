//! Rows of the tables, and what stands in their columns.

use event::json::to_compact;
use rusqlite::{Row as SqlRow, ToSql};
use serde_json::Value;
use uuid::Uuid;

use crate::server::{
    draft::{Draft, DraftId},
    permission::Permission,
    schema::{Listed, Scope, Stored},
    store::{Row, StoreError, json, moment, permission},
};

/// A row of `iglu_schemas` as it comes, its list of superseded versions beside it.
pub(super) type ListedRow = (Row, String);
/// The same with the body.
pub(super) type BodyRow = (ListedRow, String);
pub(super) type PermissionRow = (String, Option<String>, bool, Option<String>, String);
pub(super) type DraftRow = (DraftId, String, String, bool, String);

pub(super) fn listed_row(row: &SqlRow<'_>) -> rusqlite::Result<ListedRow> {
    let read = Row {
        vendor: row.get(0)?,
        name: row.get(1)?,
        format: row.get(2)?,
        version: [row.get(3)?, row.get(4)?, row.get(5)?],
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        is_public: row.get(8)?,
        superseded_by: row.get(9)?,
        supersedes: Vec::new(),
    };
    Ok((read, row.get(10)?))
}

pub(super) fn body_row(row: &SqlRow<'_>) -> rusqlite::Result<BodyRow> {
    Ok((listed_row(row)?, row.get(11)?))
}

pub(super) fn listed((row, supersedes): ListedRow) -> Result<Listed, StoreError> {
    Row { supersedes: of_texts(&supersedes)?, ..row }.read()
}

pub(super) fn stored((row, body): BodyRow) -> Result<Stored, StoreError> {
    Ok(Stored { listed: listed(row)?, body: json(&body)? })
}

pub(super) fn permission_row(row: &SqlRow<'_>) -> rusqlite::Result<PermissionRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

pub(super) fn read_permission(row: PermissionRow) -> Result<(Uuid, Permission), StoreError> {
    let (key, vendor, wildcard, schema, keys) = row;
    let key = key.parse().map_err(|_| StoreError::new("a key that is no UUID is stored"))?;
    Ok((key, permission(vendor, wildcard, schema, &of_texts(&keys)?)))
}

pub(super) fn draft_row(row: &SqlRow<'_>) -> rusqlite::Result<DraftRow> {
    let id = DraftId { vendor: row.get(0)?, name: row.get(1)?, format: row.get(2)?, version: row.get(3)? };
    Ok((id, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
}

pub(super) fn read_draft(
    (id, created_at, updated_at, is_public, body): DraftRow,
) -> Result<Draft, StoreError> {
    let (created_at, updated_at) = (moment(&created_at)?, moment(&updated_at)?);
    Ok(Draft { id, created_at, updated_at, is_public, body: json(&body)? })
}

pub(super) fn condition(scope: &Scope) -> (&'static str, Vec<Box<dyn ToSql>>) {
    match scope {
        Scope::All => ("", vec![]),
        Scope::Vendor(vendor) => ("where vendor = ?1", vec![Box::new(vendor.clone())]),
        Scope::Name(vendor, name) => {
            ("where vendor = ?1 and name = ?2", vec![Box::new(vendor.clone()), Box::new(name.clone())])
        }
        Scope::Model(vendor, name, model) => (
            "where vendor = ?1 and name = ?2 and format = 'jsonschema' and model = ?3",
            vec![Box::new(vendor.clone()), Box::new(name.clone()), Box::new(*model)],
        ),
    }
}

pub(super) fn time(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

pub(super) fn texts(texts: &[String]) -> String {
    to_compact(&Value::from(texts.to_vec()))
}

fn of_texts(stored: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(stored).map_err(StoreError::new)
}
