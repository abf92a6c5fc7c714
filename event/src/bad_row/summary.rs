//! What a bad row says, in one line: for people who look for an event that did not arrive.

use serde_json::Value;

use super::VENDOR;
use crate::{json, schema_key::SchemaKey, self_describing::SelfDescribing};

/// The gist of a bad row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `schema_violations`, `size_violation` ...
    pub kind: String,
    /// The schema of the bad row.
    pub schema: SchemaKey,
    /// Who gave up: `artifact version`.
    pub processor: String,
    /// Why, in one line of at most [`MAX_REASON`] characters. Of several reasons the first, and how many more there are.
    pub reason: String,
    /// The event's id, where the bad row has it.
    pub event_id: Option<String>,
}

/// Why a text is no bad row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotABadRow {
    /// It is not JSON.
    #[error("invalid json: {0}")]
    NotJson(String),
    /// It is not self-describing, or not of the vendor of bad rows.
    #[error("no self-describing JSON of vendor {VENDOR}")]
    NotOurs,
}

/// Longest reason, in characters.
pub const MAX_REASON: usize = 400;

/// Reads the JSON of any bad row, also of kinds and versions that this program does not write.
///
/// # Errors
/// When the text is no bad row.
pub fn summary(text: &str) -> Result<Summary, NotABadRow> {
    let json = json::parse(text).map_err(NotABadRow::NotJson)?;
    let row = SelfDescribing::from_json(json).map_err(|_| NotABadRow::NotOurs)?;
    if row.schema.vendor != VENDOR {
        return Err(NotABadRow::NotOurs);
    }
    let data = &row.data;
    let processor = &data["processor"];
    Ok(Summary {
        kind: row.schema.name.clone(),
        processor: one_line(&format!("{} {}", plain(&processor["artifact"]), plain(&processor["version"]))),
        reason: one_line(&reason(&data["failure"])),
        event_id: event_id(&data["payload"]),
        schema: row.schema,
    })
}

fn reason(failure: &Value) -> String {
    let several = |items: &[Value], one: fn(&Value) -> String| match items {
        [] => "no reason given".to_owned(),
        [only] => one(only),
        [first, rest @ ..] => format!("{} (and {} more)", one(first), rest.len()),
    };
    match failure {
        // Loaders put the reason, or a list of reasons, in the place of the object.
        Value::Array(items) => several(items, message),
        Value::Object(object) => {
            if let Some(Value::Array(items)) = object.get("messages") {
                several(items, message)
            } else if let Some(Value::Array(items)) = object.get("errors") {
                several(items, message)
            } else if let Some(inner) = object.get("message") {
                message(inner)
            } else if let Some(limit) = object.get("maximumAllowedSizeBytes") {
                let actual = plain(&failure["actualSizeBytes"]);
                format!("{} ({actual} bytes, {} allowed)", plain(&failure["expectation"]), plain(limit))
            } else {
                message(failure)
            }
        }
        other => plain(other),
    }
}

/// One reason, told apart by its keys.
fn message(message: &Value) -> String {
    let Some(object) = message.as_object() else { return plain(message) };
    if let Some(inner) = object.get("message").filter(|m| m.is_object()) {
        // An enrichment's failure.
        let name = plain(&message["enrichment"]["identifier"]);
        let inner = self::message(inner);
        return if message["enrichment"].is_null() { inner } else { format!("{name}: {inner}") };
    }
    if let Some(criterion) = object.get("schemaCriterion") {
        return match object.get("error") {
            Some(error) => format!("{}: {}", plain(criterion), client_error(error)),
            None => format!("{} is not {}", plain(&message["schemaKey"]), plain(criterion)),
        };
    }
    if let Some(schema) = object.get("schemaKey") {
        let why = match (object.get("error"), object.get("expected"), object.get("message")) {
            (Some(error), _, _) => client_error(error),
            (_, Some(expected), _) => plain(expected),
            (_, _, Some(text)) => plain(text),
            _ => plain(message),
        };
        return format!("{}: {why}", plain(schema));
    }
    let what = object.get("expectation").or_else(|| object.get("error")).or_else(|| object.get("message"));
    let field = ["field", "payloadField", "key"].iter().find_map(|key| object.get(*key));
    match (field, what, object.get("value")) {
        (Some(field), Some(what), Some(value)) if !value.is_null() => {
            let value: String = plain(value).chars().take(80).collect();
            format!("{} `{value}`: {}", plain(field), plain(what))
        }
        (Some(field), Some(what), _) => format!("{}: {}", plain(field), plain(what)),
        (None, Some(what), _) => match object.get("json") {
            Some(json) => format!("{} in {}", plain(what), plain(json).chars().take(80).collect::<String>()),
            None => plain(what),
        },
        _ => plain(message),
    }
}

/// An error of the Iglu client.
fn client_error(error: &Value) -> String {
    let texts = |list: &str, key: &str| -> Vec<String> {
        error[list].as_array().into_iter().flatten().map(|item| plain(&item[key])).collect()
    };
    match error["error"].as_str() {
        Some("ResolutionError") => {
            let registries = texts("lookupHistory", "repository");
            match registries.is_empty() {
                true => "schema not found".to_owned(),
                false => format!("schema not found in {}", registries.join(", ")),
            }
        }
        Some("ValidationError") => {
            let lists = [&error["dataReports"], &error["schemaIssues"]];
            let reports = lists.into_iter().filter_map(Value::as_array).flatten().map(report);
            reports.collect::<Vec<_>>().join("; ")
        }
        _ => plain(error),
    }
}

/// A text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json::to_compact(other),
    }
}

/// The id among the enriched fields, else among the parameters of the raw event.
fn event_id(payload: &Value) -> Option<String> {
    let enriched = payload["enriched"]["event_id"].as_str().or_else(|| payload["event_id"].as_str());
    let parameter = || {
        let parameters = [&payload["raw"]["parameters"], &payload["querystring"]];
        let mut all = parameters.into_iter().filter_map(Value::as_array).flatten();
        all.find(|p| p["name"] == "eid").and_then(|p| p["value"].as_str())
    };
    enriched.or_else(parameter).map(str::to_owned)
}

/// A validator's complaint. Those about atomic fields do not name the field in their text.
fn report(report: &Value) -> String {
    let message = plain(&report["message"]);
    match report["path"].as_str() {
        Some(path) if path != "/" && !message.contains(path) => format!("{path}: {message}"),
        _ => message,
    }
}

fn one_line(text: &str) -> String {
    let mut line: String =
        text.chars().take(MAX_REASON).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_REASON).is_some() {
        line.pop();
        line.push('…');
    }
    line
}
