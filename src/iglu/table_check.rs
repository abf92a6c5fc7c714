//! `piste iglu table-check`: the tables of Redshift beside the schemas that they follow (`spec/iglu.md` 5.9).

use std::{env, path::PathBuf};

use ::iglu::{
    client::Client,
    redshift::{
        existing::{self, Existing, Verdict},
        model::Model,
    },
};
use clap::Args;
use event::schema_key::SchemaKey;
use loaders::postgres::{client::connect, config::PostgresConfig};
use serde_json::Value;
use service::{
    clock,
    exit::{ExitCode, RunError},
};

use super::{
    models::models,
    registry::{ApiKey, Registry, Root},
    said::{Said, tell},
};
use crate::{runtime, schemas::read_resolver};

/// The columns of a table, in order.
const COLUMNS: &str = "SELECT column_name::text, data_type::text, is_nullable::text = 'YES', character_maximum_length::int, \
                       numeric_precision::int, numeric_scale::int FROM information_schema.columns WHERE table_name = $1 AND \
                       table_schema = $2 ORDER BY ordinal_position";
/// The comment on a table.
const COMMENT: &str = "SELECT obj_description(pg_class.oid) FROM pg_class INNER JOIN pg_namespace ON pg_namespace.oid = \
                       pg_class.relnamespace WHERE pg_class.relname = $1 AND pg_namespace.nspname = $2";

/// Options of `piste iglu table-check`.
#[derive(Args, Clone, Debug)]
#[group(id = "schemas", required = true, multiple = true, args = ["schema", "server"])]
pub(crate) struct Options {
    /// A resolver's configuration, for one schema.
    #[arg(long, value_name = "FILE", requires = "schema")]
    resolver: Option<PathBuf>,
    /// The schema whose table is looked at, as an Iglu URI.
    #[arg(long, value_name = "URI", requires = "resolver", conflicts_with = "server")]
    schema: Option<SchemaKey>,
    /// A registry, without `/api`: the tables of all its schemas are looked at.
    #[arg(long, value_name = "URI")]
    server: Option<Root>,
    /// A key that may read.
    #[arg(long, value_name = "UUID", requires = "server")]
    apikey: Option<ApiKey>,
    /// The schema of the tables.
    #[arg(long, value_name = "NAME", default_value = "atomic")]
    dbschema: String,
    /// The database's host; without it PGHOST.
    #[arg(long)]
    host: Option<String>,
    /// Its port.
    #[arg(long, default_value_t = 5439)]
    port: u16,
    /// The database; without it PGDATABASE.
    #[arg(long)]
    dbname: Option<String>,
    /// Who asks; without it PGUSER.
    #[arg(long)]
    username: Option<String>,
    /// The password; without it PGPASSWORD, which other users of this machine do not see.
    #[arg(long)]
    password: Option<String>,
}

/// Compares them.
pub(crate) fn run(options: Options) -> Result<ExitCode, RunError> {
    runtime::run(Some(1), async move { Ok(tell(said(options).await)) })
}

async fn said(options: Options) -> Said {
    let database = database(&options)?;
    let one = |error: String| vec![error];
    let schemas = match (&options.schema, &options.resolver, options.server) {
        (Some(schema), Some(resolver), _) => family(resolver, schema).await.map_err(one)?,
        (_, _, Some(server)) => {
            let registry = Registry::new(server, options.apikey).map_err(one)?;
            registry.keyed_schemas().await.map_err(one)?
        }
        _ => vec![],
    };
    if schemas.is_empty() {
        return Err(vec!["No schema in the registry".into()]);
    }
    let (client, connection) =
        connect(&database).await.map_err(|error| vec![format!("{}: {error}", database.place())])?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    for model in models(schemas)? {
        let versions: Vec<_> = model.iter().map(|version| (version.key.clone(), &version.syntax)).collect();
        let (Some(table), Some((last, _))) = (Model::of(&versions), versions.last()) else { continue };
        let existing = existing(&client, &table.table, &options.dbschema).await.map_err(one)?;
        verdicts.push(existing::verdict(&table, last, &existing));
    }
    connection.abort();
    Ok(existing::report(&verdicts))
}

fn database(options: &Options) -> Result<PostgresConfig, Vec<String>> {
    let mut problems = Vec::new();
    let mut given = |name: &str, option: &Option<String>| {
        let value = option.clone().or_else(|| env::var(name).ok());
        value.unwrap_or_else(|| {
            problems.push(format!("{name} is not set"));
            String::new()
        })
    };
    let host = given("PGHOST", &options.host);
    let dbname = given("PGDATABASE", &options.dbname);
    let user = given("PGUSER", &options.username);
    let password = given("PGPASSWORD", &options.password);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut connection = tokio_postgres::Config::new();
    connection.host(&host).port(options.port).dbname(&dbname).user(&user).password(&password);
    let mode = env::var("PGSSLMODE").unwrap_or_else(|_| "prefer".into());
    PostgresConfig::new(connection, &mode, None, None).map_err(|error| vec![error.what])
}

/// All versions of the schema's model.
async fn family(resolver: &std::path::Path, schema: &SchemaKey) -> Result<Vec<(SchemaKey, Value)>, String> {
    let config = read_resolver(resolver).map_err(|error| format!("Configuration is invalid: {error}"))?;
    let client = Client::new(config, clock::now).without_superseding();
    let (vendor, name, model) = (&schema.vendor, &schema.name, schema.version.model);
    let Ok(keys) = client.versions(vendor, name, model).await else {
        // No registry has a list.
        let schemas = client.schemas_until(schema).await.map_err(|(key, _)| {
            format!("Error while lookup for schema family: {vendor}-{name}-{model}, {key} is not to be had")
        })?;
        return Ok(schemas.iter().map(|schema| (schema.key.clone(), schema.json.clone())).collect());
    };
    let mut schemas = Vec::new();
    for key in keys {
        let found = client.get(&key).await;
        let found = found.map_err(|_| {
            format!("Error while lookup for schema family: {vendor}-{name}-{model}, {key} is not to be had")
        })?;
        schemas.push((key, found.json.clone()));
    }
    Ok(schemas)
}

async fn existing(client: &tokio_postgres::Client, table: &str, dbschema: &str) -> Result<Existing, String> {
    let wrong = |error: tokio_postgres::Error| error.to_string();
    let number = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
    let mut columns = Vec::new();
    for row in client.query(COLUMNS, &[&table, &dbschema]).await.map_err(wrong)? {
        let precision = number(row.get(4)).zip(number(row.get(5)));
        let column = existing::column(row.get(0), row.get(1), row.get(2), number(row.get(3)), precision)?;
        columns.extend(column);
    }
    let comment = client.query_opt(COMMENT, &[&table, &dbschema]).await.map_err(wrong)?;
    Ok(Existing { columns, comment: comment.and_then(|row| row.get(0)) })
}
