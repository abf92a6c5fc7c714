//! Vero: one event (`spec/enrichments-and-adapters.md` 3.5).

use event::{bad_row::Message, scala_map};
use serde_json::Value;

use super::{
    body::{body, parse},
    events::emit_one,
    json_shape::{clean, in_map_order, string_at},
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.getvero", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "vero",
    rows: &[
        ("bounced", "bounced", "iglu:com.getvero/bounced/jsonschema/1-0-0"),
        ("clicked", "clicked", "iglu:com.getvero/clicked/jsonschema/1-0-0"),
        ("delivered", "delivered", "iglu:com.getvero/delivered/jsonschema/1-0-0"),
        ("opened", "opened", "iglu:com.getvero/opened/jsonschema/1-0-0"),
        ("sent", "sent", "iglu:com.getvero/sent/jsonschema/1-0-0"),
        ("unsubscribed", "unsubscribed", "iglu:com.getvero/unsubscribed/jsonschema/1-0-0"),
        ("user_created", "created", "iglu:com.getvero/created/jsonschema/1-0-0"),
        ("user_updated", "updated", "iglu:com.getvero/updated/jsonschema/1-0-0"),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    let json = parse("body", &body, context)?;
    let kind = string_at(&json, "type")
        .map_err(|why| vec![input("type", None, &format!("could not extract 'type': {why}"))])?;
    let schema = context.schemas.kinds(&TABLE).find(Some(&kind), "").map_err(|message| vec![*message])?;
    let cleaned = clean(json, Some(("type", &kind)), &[&format!("{kind}_at"), "triggered_at"]);
    emit_one("com.getvero-v1", schema, &renamed(cleaned), request, emit);
    Ok(())
}

/// `_tags` is called `tags`, in objects at any depth, but not in arrays.
fn renamed(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let renamed = in_map_order(members).into_iter().map(|(key, value)| match key.as_str() {
        "_tags" => ("tags".to_owned(), value),
        _ => (key, renamed(value)),
    });
    Value::Object(scala_map::from_pairs(renamed).into_iter().collect())
}
