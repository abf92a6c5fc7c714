//! PostgreSQL: the tables of the original, as they are (`spec/iglu.md` 2.7).

pub mod client;

/// Types and tables, where they are not there.
const SCHEMA: &str = "
do $$ begin
    if not exists (select 1 from pg_type where typname = 'schema_action' and pg_type_is_visible(oid)) then
        create type schema_action as enum ('READ', 'BUMP', 'CREATE', 'CREATE_VENDOR');
    end if;
    if not exists (select 1 from pg_type where typname = 'key_action' and pg_type_is_visible(oid)) then
        create type key_action as enum ('CREATE', 'DELETE');
    end if;
end $$;
create table if not exists iglu_permissions (
    apikey uuid not null primary key, vendor varchar(128), wildcard boolean not null, schema_action schema_action,
    key_action key_action[] not null
);
create table if not exists iglu_schemas (
    vendor varchar(128) not null, name varchar(128) not null, format varchar(128) not null,
    model integer not null, revision integer not null, addition integer not null,
    created_at timestamp not null, updated_at timestamp not null, is_public boolean not null, body json not null,
    superseded_by varchar(32), supersedes varchar(32)[]
);
create table if not exists iglu_drafts (
    vendor varchar(128) not null, name varchar(128) not null, format varchar(128) not null, version integer not null,
    created_at timestamp not null, updated_at timestamp not null, is_public boolean not null, body json not null
);
";

/// What older databases of the original lack.
const COLUMNS: &str = "
alter table iglu_schemas add column if not exists superseded_by varchar(32);
alter table iglu_schemas add column if not exists supersedes varchar(32)[];
";

/// Ours: lookups without a scan, and no version twice. A database that refuses it goes without.
const INDEX: &str = "create unique index if not exists iglu_schemas_version on iglu_schemas \
                     (vendor, name, format, model, revision, addition)";

/// The columns of [`super::Row`].
const LISTED: &str = "vendor, name, format, model, revision, addition, \
                      to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
                      to_char(updated_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
                      is_public, superseded_by, coalesce(supersedes, '{}')::text[]";

/// The columns of a draft.
const DRAFT: &str = "vendor, name, format, version, to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
                     to_char(updated_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), is_public, body::text";

/// The columns of a permission.
const PERMISSION: &str = "apikey::text, vendor, wildcard, schema_action::text, key_action::text[]";

/// Where a schema is.
const KEY: &str =
    "vendor = $1 and name = $2 and format = $3 and model = $4 and revision = $5 and addition = $6";
