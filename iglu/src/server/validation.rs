//! What the validating routes say (`spec/iglu.md` 2.10).

use event::schema_key::SchemaKey;
use serde_json::{Value, json};

use super::response::Response;
use crate::{
    lint::{self, Finding, Level},
    schema::DataReport,
    validator::Validator,
};

/// Says what is wrong with a schema, whatever it is.
pub(super) fn of_schema(schema: &Value) -> Response {
    match lint::judged(schema) {
        (found, Some(key)) if found.is_empty() => {
            Response::message(200, &format!("The schema provided is a valid self-describing {key} schema"))
        }
        (found, _) => report(200, &found),
    }
}

/// The refusal of a schema that has errors; `None`: it has none.
pub(super) fn refusal(schema: &Value) -> Option<Response> {
    let (found, _) = lint::judged(schema);
    found.iter().any(|finding| finding.level == Level::Error).then(|| report(400, &found))
}

/// Says what is wrong with data.
pub(super) fn of_instance(key: &SchemaKey, schema: &Value, data: &Value) -> Response {
    let Ok(validator) = Validator::checked(schema) else {
        return Response::message(500, &format!("Schema {key} fetched from DB is invalid"));
    };
    if validator.is_valid(data) {
        return Response::message(200, &format!("Instance is valid {key}"));
    }
    let reports: Vec<Value> = validator.reports(data).iter().map(of_report).collect();
    let message = "The data for a field instance is invalid against its schema";
    Response::json(200, &json!({ "message": message, "report": reports }))
}

fn report(status: u16, found: &[Finding]) -> Response {
    let found: Vec<Value> = found
        .iter()
        .map(|finding| {
            let Finding { message, level, pointer, .. } = finding;
            json!({ "message": message, "level": level.name(), "pointer": pointer })
        })
        .collect();
    let message = "The schema does not conform to a JSON Schema v4 specification";
    Response::json(status, &json!({ "message": message, "report": found }))
}

fn of_report(report: &DataReport) -> Value {
    json!({
        "message": report.message, "path": report.path, "keyword": report.keyword, "targets": report.targets,
    })
}
