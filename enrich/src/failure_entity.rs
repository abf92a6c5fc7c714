//! Failures as entities of the event: `failure` 1-0-0 (`spec/enrich.md` 6.5).

use event::{
    bad_row::Message,
    json, scala_map,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::{NotSelfDescribing, SelfDescribing},
    timestamp,
};
use iglu::{
    client_error::ClientError,
    schema::{DataReport, Invalid},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    compatibility::Compatibility,
    enrichment::Finished,
    problem::{Problem, Source, StepFailure},
    render,
    settings::Settings,
};

/// One entity per problem, in the order of the phases.
pub(crate) fn of(finished: &Finished, settings: &Settings, now: Timestamp) -> Vec<SelfDescribing> {
    let mut entities = Vec::new();
    let atomic = render::atomic_reports(finished);
    if !atomic.is_empty() {
        let of_collector = finished.conversions.iter().filter_map(|problem| match problem {
            Problem::CollectorTstamp { iso, .. } => Some(("collector_tstamp".to_owned(), iso.clone())),
            _ => None,
        });
        // As the reports: from the last to the first.
        let of_parameters = finished.conversions.iter().rev().filter_map(|problem| match problem {
            Problem::Parameter { name, value, .. } => Some(((*name).to_owned(), value.clone())),
            _ => None,
        });
        entities.push(of_atomic(&atomic, of_collector.chain(of_parameters)));
    }
    entities.extend(render::input_problems(finished).filter_map(of_problem));
    entities.extend(finished.failures.iter().map(of_failure));
    entities.extend(finished.output.iter().filter_map(of_problem));
    let moment = now_text(now);
    entities.into_iter().map(|entity| entity.describe(&moment, settings)).collect()
}

struct Entity {
    failure_type: String,
    errors: Vec<Value>,
    schema: Option<String>,
    data: Value,
}

impl Entity {
    fn describe(self, moment: &str, settings: &Settings) -> SelfDescribing {
        let schema = SchemaKey::new(
            "com.snowplowanalytics.snowplow",
            "failure",
            "jsonschema",
            SchemaVersion::new(1, 0, 0),
        );
        let mut data = Map::with_capacity(7);
        data.insert("failureType".into(), self.failure_type.into());
        data.insert("errors".into(), self.errors.into());
        data.insert("schema".into(), self.schema.into());
        data.insert("data".into(), self.data);
        data.insert("timestamp".into(), moment.into());
        data.insert("componentName".into(), settings.processor.artifact.clone().into());
        data.insert("componentVersion".into(), settings.processor.version.clone().into());
        SelfDescribing::new(schema, Value::Object(data))
    }
}

/// Milliseconds at most, as the original cuts the batch's clock.
fn now_text(now: Timestamp) -> String {
    let cut = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    timestamp::instant(cut).to_string()
}

fn of_atomic(reports: &[DataReport], values: impl Iterator<Item = (String, String)>) -> Entity {
    let values = scala_map::from_pairs(values.map(|(name, value)| (name, Value::String(value))));
    Entity {
        failure_type: "ValidationError".into(),
        errors: reports.iter().map(|report| of_report(report, "atomic_field")).collect(),
        schema: Some(render::atomic_key().to_string()),
        data: Value::Object(values.into_iter().collect()),
    }
}

fn of_problem(problem: &Problem) -> Option<Entity> {
    Some(match problem {
        // These two were put into one entity.
        Problem::CollectorTstamp { .. } | Problem::Parameter { .. } => return None,
        Problem::TooLong(fields) => {
            let values = fields.iter().map(|(field, _, value)| (field.name().to_owned(), value.clone()));
            of_atomic(&render::length_reports(problem), values)
        }
        Problem::NotJson { source, text, error, .. } => Entity {
            failure_type: "NotJSON".into(),
            errors: vec![json!({"message": error, "source": source.label()})],
            schema: None,
            data: json!({source.label(): text}),
        },
        Problem::NotIglu { source, json, code } => Entity {
            failure_type: "NotIglu".into(),
            errors: vec![json!({"message": NotSelfDescribing { code }.sentence(), "source": source.label()})],
            schema: None,
            data: json.clone(),
        },
        Problem::Criterion { source, key, criterion, data } => Entity {
            failure_type: "CriterionMismatch".into(),
            errors: vec![json!({
                "message": format!("Unexpected schema: {key} does not match the criterion"),
                "source": source.label(),
                "criterion": criterion.to_string(),
            })],
            schema: Some(key.to_string()),
            data: data.clone(),
        },
        Problem::Iglu { source, key, error, data } => {
            let (failure_type, errors) = of_client_error(error, key, *source);
            Entity {
                failure_type: failure_type.into(),
                errors,
                schema: Some(key.to_string()),
                data: data.clone(),
            }
        }
    })
}

fn of_client_error(error: &ClientError, key: &SchemaKey, source: Source) -> (&'static str, Vec<Value>) {
    match error {
        ClientError::Resolution(_) => {
            let history = error.to_json().get_mut("lookupHistory").map(Value::take).unwrap_or_default();
            let message = format!("Resolution error: schema {key} not found");
            let one = json!({"message": message, "source": source.label(), "lookupHistory": history});
            ("ResolutionError", vec![one])
        }
        ClientError::Validation { invalid: Invalid::Data(reports), .. } => {
            ("ValidationError", reports.iter().map(|report| of_report(report, source.label())).collect())
        }
        ClientError::Validation { invalid: Invalid::Schema(issues), .. } => {
            let of_issue = |issue: &iglu::schema::SchemaIssue| {
                let message = format!("Invalid schema: {key} - {}", issue.message);
                json!({"message": message, "source": source.label(), "path": issue.path})
            };
            ("ValidationError", issues.iter().map(of_issue).collect())
        }
    }
}

fn of_report(report: &DataReport, source: &str) -> Value {
    json!({
        "message": report.message,
        "source": source,
        "path": report.path,
        "keyword": report.keyword,
        "targets": report.targets,
    })
}

fn of_failure(failure: &StepFailure) -> Entity {
    let identifier = failure.enrichment.as_ref().map_or("", |(_, identifier)| identifier);
    let (error, data) = match failure.message(Compatibility::Current).message {
        Message::InputData { field, value, expectation } => {
            (json!({"message": format!("{field} - {expectation}"), "source": field}), json!({field: value}))
        }
        Message::Simple { error } => (json!({"message": error}), Value::Null),
        other => (json!({"message": json::to_compact(&json!(format!("{other:?}")))}), Value::Null),
    };
    Entity {
        failure_type: format!("EnrichmentError: {identifier}"),
        errors: vec![error],
        schema: failure.enrichment.as_ref().map(|(key, _)| key.to_string()),
        data,
    }
}
