//! Mandrill: a form of one parameter, a list of events (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{FORM, body, expect_type, form, parse, with_values},
    events::Events,
    json_shape::clean,
};
use crate::{
    adapters::{
        Adapter, Context, Emit, input,
        webhook_schemas::{Row, Table},
    },
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.mandrill", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table =
    Table { section: "mandrill", rows: &ROWS, apache: Some(&APACHE_ROWS) };

static ROWS: [Row; 10] = [
    ("hard_bounce", "message_bounced", "iglu:com.mandrill/message_bounced/jsonschema/1-0-2"),
    ("click", "message_clicked", "iglu:com.mandrill/message_clicked/jsonschema/1-0-2"),
    ("deferral", "message_delayed", "iglu:com.mandrill/message_delayed/jsonschema/1-0-2"),
    ("spam", "message_marked_as_spam", "iglu:com.mandrill/message_marked_as_spam/jsonschema/1-0-2"),
    ("open", "message_opened", "iglu:com.mandrill/message_opened/jsonschema/1-0-3"),
    ("reject", "message_rejected", "iglu:com.mandrill/message_rejected/jsonschema/1-0-1"),
    ("send", "message_sent", "iglu:com.mandrill/message_sent/jsonschema/1-0-1"),
    ("soft_bounce", "message_soft_bounced", "iglu:com.mandrill/message_soft_bounced/jsonschema/1-0-2"),
    ("unsub", "recipient_unsubscribed", "iglu:com.mandrill/recipient_unsubscribed/jsonschema/1-0-2"),
    ("delivered", "message_delivered", "iglu:com.mandrill/message_delivered/jsonschema/1-0-0"),
];

static APACHE_ROWS: [Row; 9] = [
    ("hard_bounce", "message_bounced", "iglu:com.mandrill/message_bounced/jsonschema/1-0-1"),
    ("click", "message_clicked", "iglu:com.mandrill/message_clicked/jsonschema/1-0-1"),
    ("deferral", "message_delayed", "iglu:com.mandrill/message_delayed/jsonschema/1-0-1"),
    ("spam", "message_marked_as_spam", "iglu:com.mandrill/message_marked_as_spam/jsonschema/1-0-1"),
    ("open", "message_opened", "iglu:com.mandrill/message_opened/jsonschema/1-0-1"),
    ("reject", "message_rejected", "iglu:com.mandrill/message_rejected/jsonschema/1-0-0"),
    ("send", "message_sent", "iglu:com.mandrill/message_sent/jsonschema/1-0-0"),
    ("soft_bounce", "message_soft_bounced", "iglu:com.mandrill/message_soft_bounced/jsonschema/1-0-1"),
    ("unsub", "recipient_unsubscribed", "iglu:com.mandrill/recipient_unsubscribed/jsonschema/1-0-1"),
];

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    expect_type(request, FORM)?;
    let items = items(&body, context)?;
    let kinds = context.schemas.kinds(&TABLE);
    let mut events = Events::default();
    for (index, item) in items.into_iter().enumerate() {
        let name = item.get("event").and_then(Value::as_str).map(str::to_owned);
        let schema = kinds.find(name.as_deref(), &format!(" at index {index}"));
        let kind = name.as_deref().map(|name| ("event", name));
        events.add(schema.map(|schema| (schema, clean(item, kind, &["ts"]))));
    }
    events.emit("com.mandrill-v1", request, emit)
}

fn items(body: &str, context: &Context<'_>) -> Result<Vec<Value>, Vec<Message>> {
    let refuse = |why: &str| vec![input("body", Some(body.to_owned()), why)];
    let parameters = with_values(&form(body)?);
    let [(name, text)] = parameters.as_slice() else {
        return Err(refuse(&format!("body should have size 1: actual size {}", parameters.len())));
    };
    if name != "mandrill_events" {
        return Err(refuse("no `mandrill_events` parameter provided"));
    }
    if text.is_empty() {
        return Err(refuse("`mandrill_events` field is empty"));
    }
    // The original's spelling.
    match parse("mandril_events", text, context)? {
        Value::Array(items) => Ok(items),
        _ => Err(vec![input("mandrill_events", Some(text.clone()), "not a json array")]),
    }
}
