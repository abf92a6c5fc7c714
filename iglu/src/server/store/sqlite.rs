//! SQLite: the tables of the original in a file, or in memory.

pub mod client;
mod row;

/// Tables and indexes. Times are texts of ISO 8601 in UTC with microseconds, lists are JSON.
const SCHEMA: &str = "
create table if not exists iglu_permissions (
    apikey text not null primary key, vendor text, wildcard integer not null, schema_action text, key_action text not null
);
create table if not exists iglu_schemas (
    vendor text not null, name text not null, format text not null,
    model integer not null, revision integer not null, addition integer not null,
    created_at text not null, updated_at text not null, is_public integer not null, body text not null,
    superseded_by text, supersedes text not null,
    unique (vendor, name, format, model, revision, addition)
);
create index if not exists iglu_schemas_published on iglu_schemas (created_at);
create table if not exists iglu_drafts (
    vendor text not null, name text not null, format text not null, version integer not null,
    created_at text not null, updated_at text not null, is_public integer not null, body text not null,
    unique (vendor, name, format, version)
);
";

/// The columns of [`super::Row`].
const LISTED: &str = "vendor, name, format, model, revision, addition, created_at, updated_at, is_public, superseded_by, \
                      supersedes";

/// Where a schema is.
const KEY: &str =
    "vendor = ?1 and name = ?2 and format = ?3 and model = ?4 and revision = ?5 and addition = ?6";
