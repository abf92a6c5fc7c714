//! `sql_query_enrichment_config`: entities out of the rows of a database (`spec/enrichments-and-adapters.md` 2.20).

mod rows;

use std::sync::Arc;

use event::{
    atomic::{Field, Kind as FieldKind},
    bad_row::Message,
    schema_key::SchemaKey,
};
use serde::Deserialize;
use serde_json::Value;

use self::rows::{Expected, Output, Shape};
use super::{
    Built, Enrichment, Kind,
    api_request::Cache,
    assets::Assets,
    configuration::Configuration,
    inputs::{self, Found, Input},
};
use crate::{
    java::integer,
    lookup::{
        Ask, Memory, Place, Service,
        postgres::{self, Database, Parameter, Query},
    },
    problem::{StepFailure, StepProblem},
    steps::Working,
};

pub(crate) static KIND: Kind = Kind::new("sql_query_enrichment_config", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    inputs: Vec<Numbered>,
    database: Databases,
    query: ConfiguredQuery,
    output: ConfiguredOutput,
    cache: Cache,
    ignore_on_error: Option<bool>,
}

#[derive(Deserialize)]
struct Numbered {
    placeholder: usize,
    #[serde(flatten)]
    input: inputs::Configured,
}

#[derive(Deserialize)]
struct Databases {
    postgresql: Option<Login>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    host: String,
    port: u16,
    ssl_mode: bool,
    username: String,
    password: String,
    database: String,
}

#[derive(Deserialize)]
struct ConfiguredQuery {
    sql: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfiguredOutput {
    expected_rows: Expected,
    json: Shape,
}

struct SqlQuery {
    key: SchemaKey,
    /// By their placeholders, from 1.
    inputs: Vec<(usize, Input)>,
    /// Parameters that the query has.
    parameters: usize,
    output: Output,
    service: Arc<Service>,
    ignores_errors: bool,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { inputs, database, query, output, cache, ignore_on_error } = configuration.read()?;
    let Some(login) = database.postgresql else {
        return Err("parameters.database: there is no client for MySQL here: set enabled to false".to_owned());
    };
    let inputs = inputs.into_iter().enumerate().map(|(n, Numbered { placeholder, input })| {
        let input = Input::read(input).map_err(|what| format!("parameters.inputs[{n}].{what}"))?;
        Ok((placeholder, input))
    });
    let ConfiguredOutput { expected_rows, json } = output;
    let output = Output::new(expected_rows, json).map_err(|what| format!("parameters.output.json.{what}"))?;
    let query = Query::of_jdbc(&query.sql);
    let parameters = query.parameters;
    let Login { host, port, ssl_mode: is_encrypted, username, password, database } = login;
    let database = Database { host, port, is_encrypted, username, password, database, query };
    let memory = Memory::new(cache.size, cache.ttl);
    let service = Service::new("sql_query", Place::Postgres(database), memory);
    Ok(Box::new(SqlQuery {
        key: configuration.key.clone(),
        inputs: inputs.collect::<Result<_, String>>()?,
        parameters,
        output,
        service: Arc::new(service),
        ignores_errors: ignore_on_error.unwrap_or(false),
    }))
}

impl Enrichment for SqlQuery {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let Some(parameters) = self.parameters(working) else { return Ok(()) };
        let rows = if parameters.len() == self.parameters {
            match working.inquiry.answer(&self.service, Ask::Sql(parameters)) {
                Some(Ok(rows)) => Ok(rows),
                Some(Err(error)) => Err(error.to_string()),
                None => return Ok(()),
            }
        } else {
            Ok(Arc::new(Value::Array(Vec::new())))
        };
        match rows.and_then(|rows| self.output.entities(&rows)) {
            Ok(entities) => working.derive_all(entities),
            Err(_) if self.ignores_errors => {}
            Err(error) => {
                let head = "Error while executing the sql lookup".to_owned();
                working.fail_all([head, error].into_iter().map(|error| self.failure(error)));
            }
        }
        Ok(())
    }
}

impl SqlQuery {
    /// The parameters from the first to the last. `None`: one in between is missing, so nothing is asked.
    fn parameters(&self, working: &Working<'_>) -> Option<Vec<Parameter>> {
        let mut found: Vec<(usize, Parameter)> = Vec::new();
        for (placeholder, input) in &self.inputs {
            let parameter = match input.find(working) {
                Found::Field(field, text) => Some(of_field(field, text)),
                Found::Values(mut values) if values.len() == 1 => of_value(&values.swap_remove(0)),
                Found::Values(_) | Found::Nothing => None,
                Found::Unknown => return None,
            };
            if let Some(parameter) = parameter {
                found.retain(|(other, _)| other != placeholder);
                found.push((*placeholder, parameter));
            }
        }
        found.sort_by_key(|(placeholder, _)| *placeholder);
        let has_gaps = found.iter().enumerate().any(|(n, (placeholder, _))| *placeholder != n + 1);
        (!has_gaps).then(|| found.into_iter().map(|(_, parameter)| parameter).collect())
    }

    fn failure(&self, error: String) -> StepFailure {
        let enrichment = Some((self.key.clone(), "sql-query".to_owned()));
        StepFailure { enrichment, what: StepProblem::Message(Message::Simple { error }) }
    }
}

fn parameter(kind: postgres::Kind, text: impl Into<String>) -> Parameter {
    Parameter { kind, text: text.into() }
}

/// A field as the original's Java class has it.
fn of_field(field: Field, text: &str) -> Parameter {
    let kind = match field.definition().kind {
        FieldKind::Int => postgres::Kind::Int,
        FieldKind::Bool => postgres::Kind::Short,
        FieldKind::Float => postgres::Kind::Float,
        FieldKind::Decimal => postgres::Kind::Decimal,
        FieldKind::Text | FieldKind::Uuid | FieldKind::Timestamp | FieldKind::Json => postgres::Kind::Text,
    };
    parameter(kind, text)
}

/// A value of JSON, a text as what it looks like.
fn of_value(value: &Value) -> Option<Parameter> {
    match value {
        Value::Bool(value) => Some(parameter(postgres::Kind::Bool, value.to_string())),
        Value::Number(number) => Some(
            of_number(number.as_str()).unwrap_or_else(|| parameter(postgres::Kind::Double, number.as_str())),
        ),
        Value::String(text) => Some(of_number(text).unwrap_or_else(|| match text.as_str() {
            "true" | "false" => parameter(postgres::Kind::Bool, text),
            _ => parameter(postgres::Kind::Text, text),
        })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn of_number(text: &str) -> Option<Parameter> {
    if let Some(number) = integer::parse_int(text) {
        return Some(parameter(postgres::Kind::Int, number.to_string()));
    }
    if let Some(number) = integer::parse_long(text) {
        return Some(parameter(postgres::Kind::Long, number.to_string()));
    }
    let double = event::number::parse_double(text).filter(|double| double.is_finite())?;
    Some(parameter(postgres::Kind::Double, double.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_what_they_look_like() {
        use postgres::Kind::{Bool, Double, Int, Long, Text};
        let check = |value: Value, kind: postgres::Kind, text: &str| {
            assert_eq!(of_value(&value), Some(parameter(kind, text)), "{value}");
        };
        check(json!(1), Int, "1");
        check(json!(3_000_000_000_u64), Long, "3000000000");
        check(json!(1.5), Double, "1.5");
        check(json!(true), Bool, "true");
        check(json!("1"), Int, "1");
        check(json!("1e3"), Double, "1000");
        check(json!("false"), Bool, "false");
        check(json!("one"), Text, "one");
        check(json!(""), Text, "");
        for value in [json!(null), json!([1]), json!({})] {
            assert_eq!(of_value(&value), None);
        }
    }
}
