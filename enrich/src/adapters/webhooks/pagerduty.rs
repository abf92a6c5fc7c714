//! PagerDuty: a list of messages about incidents (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{JSON, body, expect_type, parse},
    events::Events,
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.pagerduty", version: "v1", is_tracker_protocol: false, read };

const INCIDENT: &str = "iglu:com.pagerduty/incident/jsonschema/1-0-0";

pub(in crate::adapters) static TABLE: Table = Table {
    section: "pagerduty",
    rows: &[
        ("incident.trigger", "incident", INCIDENT),
        ("incident.acknowledge", "incident", INCIDENT),
        ("incident.unacknowledge", "incident", INCIDENT),
        ("incident.resolve", "incident", INCIDENT),
        ("incident.assign", "incident", INCIDENT),
        ("incident.escalate", "incident", INCIDENT),
        ("incident.delegate", "incident", INCIDENT),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    expect_type(request, JSON)?;
    let mut json = parse("body", &body, context)?;
    let Some(Value::Array(items)) = json.get_mut("messages").map(Value::take) else {
        let why = "field `messages` is not an array";
        return Err(vec![input("messages", Some(body.into_owned()), why)]);
    };
    let kinds = context.schemas.kinds(&TABLE);
    let mut events = Events::default();
    for (index, item) in items.into_iter().enumerate() {
        let name = item.get("type").and_then(Value::as_str);
        events.add(kinds.find(name, &format!(" at index {index}")).map(|schema| (schema, tidied(item))));
    }
    events.emit("com.pagerduty-v1", request, emit)
}

/// Nulls, types and dates in objects at any depth, but not in arrays. Members stay in their order (`spec/enrichments-and-adapters.md` 0.1).
fn tidied(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let tidied = members.into_iter().map(|(key, value)| {
        let value = match (key.as_str(), value) {
            (_, Value::String(text)) if text == "null" => Value::Null,
            ("type", Value::String(text)) => Value::String(text.replace("incident.", "")),
            ("created_on" | "last_status_change_on", Value::String(text)) => Value::String(dated(text)),
            (_, value) => tidied(value),
        };
        (key, value)
    });
    tidied.collect()
}

/// A final ` 00:00` is an offset that lost its plus.
fn dated(text: String) -> String {
    match text.strip_suffix(" 00:00") {
        Some(date) => format!("{date}+00:00"),
        None => text,
    }
}
