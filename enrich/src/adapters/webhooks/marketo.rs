//! Marketo: one event (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{body, parse},
    events::emit_one,
    json_shape::in_map_order,
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    java::joda,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.marketo", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "marketo",
    rows: &[("event", "event", "iglu:com.marketo/event/jsonschema/2-0-0")],
    apache: None,
};

/// Members whose texts are dates.
const DATES: [&str; 8] = [
    "acquisition_date",
    "created_at",
    "email_suspended_at",
    "last_referred_enrollment",
    "last_referred_visit",
    "updated_at",
    "datetime",
    "last_interesting_moment_date",
];

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    let json = parse("body", &body, context)?;
    if !json.is_object() {
        return Err(vec![input("body", Some(body.into_owned()), "not a json object")]);
    }
    let schema = context.schemas.kinds(&TABLE).key("event");
    emit_one("com.marketo-v1", schema, &dated(json), request, emit);
    Ok(())
}

/// Dates in objects at any depth, but not in arrays.
fn dated(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let dated = in_map_order(members).into_iter().map(|(key, value)| {
        let value = match value {
            Value::String(text) if DATES.contains(&key.as_str()) => Value::String(joda::reformatted(&text)),
            value if DATES.contains(&key.as_str()) => value,
            value => dated(value),
        };
        (key, value)
    });
    dated.collect()
}
