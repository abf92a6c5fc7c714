//! Mailgun: one signed event (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{JSON, expect_type, filled_body},
    events::emit_one,
    json_shape::{camelized, clean, long, merged},
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    java::text::tidy_message,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.mailgun", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "mailgun",
    rows: &[
        ("bounced", "message_bounced", "iglu:com.mailgun/message_bounced/jsonschema/1-0-0"),
        ("clicked", "message_clicked", "iglu:com.mailgun/message_clicked/jsonschema/1-0-0"),
        ("complained", "message_complained", "iglu:com.mailgun/message_complained/jsonschema/1-0-0"),
        ("delivered", "message_delivered", "iglu:com.mailgun/message_delivered/jsonschema/1-0-0"),
        ("dropped", "message_dropped", "iglu:com.mailgun/message_dropped/jsonschema/1-0-0"),
        ("opened", "message_opened", "iglu:com.mailgun/message_opened/jsonschema/1-0-0"),
        (
            "unsubscribed",
            "recipient_unsubscribed",
            "iglu:com.mailgun/recipient_unsubscribed/jsonschema/1-0-0",
        ),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = filled_body(request)?;
    expect_type(request, JSON)?;
    let refuse = |why: &str| vec![input("body", Some(body.clone().into_owned()), why)];
    let mut json = context.rules.parse(&body).map_err(|error| {
        let error = error.strip_prefix("invalid json: ").unwrap_or(&error);
        refuse(&format!("could not parse body: {}", tidy_message(error)))
    })?;
    let Some(kind) = json.get("event-data").and_then(|data| data.get("event")) else {
        return Err(refuse("no `event` parameter provided: cannot determine event type"));
    };
    let kind = kind.as_str().map(str::to_owned);
    let schema = context.schemas.kinds(&TABLE).find(kind.as_deref(), "").map_err(|message| vec![*message])?;
    let mut part = |name: &str| json.get_mut(name).map(Value::take).unwrap_or_default();
    let (signature, data) = (part("signature"), part("event-data"));
    let event = signed(signature, data).map_err(|message| vec![*message])?;
    let kind = kind.as_deref().map(|kind| ("event", kind));
    emit_one("com.mailgun-v1", schema, &clean(shaped(event), kind, &["timestamp"]), request, emit);
    Ok(())
}

/// The event with its signature, whose time counts.
fn signed(signature: Value, mut data: Value) -> Result<Value, Box<Message>> {
    let missing = |name: &str| Box::new(input(name, None, &format!("missing '{name}'")));
    for name in ["timestamp", "token", "signature"] {
        signature.get(name).ok_or_else(|| missing(name))?;
    }
    let time = data.get_mut("timestamp").ok_or_else(|| missing("event-data"))?;
    *time = signature.get("timestamp").cloned().unwrap_or_default();
    Ok(merged(signature, data))
}

fn shaped(event: Value) -> Value {
    let mut event = camelized(event);
    if let Value::Object(members) = &mut event {
        members.shift_remove("bodyPlain");
        let count = members.shift_remove("attachmentCount");
        if let Some(count) = count.as_ref().and_then(long).and_then(|count| i32::try_from(count).ok()) {
            members.insert("attachmentCount".to_owned(), count.into());
        }
    }
    event
}
