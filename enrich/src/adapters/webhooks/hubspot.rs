//! HubSpot: a list of changes (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{JSON, expect_type, parse},
    events::Events,
    json_shape::{date_of, long},
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.hubspot", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "hubspot",
    rows: &[
        ("contact.creation", "contact_creation", "iglu:com.hubspot/contact_creation/jsonschema/1-0-0"),
        ("contact.deletion", "contact_deletion", "iglu:com.hubspot/contact_deletion/jsonschema/1-0-0"),
        ("contact.propertyChange", "contact_change", "iglu:com.hubspot/contact_change/jsonschema/1-0-0"),
        ("company.creation", "company_creation", "iglu:com.hubspot/company_creation/jsonschema/1-0-0"),
        ("company.deletion", "company_deletion", "iglu:com.hubspot/company_deletion/jsonschema/1-0-0"),
        ("company.propertyChange", "company_change", "iglu:com.hubspot/company_change/jsonschema/1-0-0"),
        ("deal.creation", "deal_creation", "iglu:com.hubspot/deal_creation/jsonschema/1-0-0"),
        ("deal.deletion", "deal_deletion", "iglu:com.hubspot/deal_deletion/jsonschema/1-0-0"),
        ("deal.propertyChange", "deal_change", "iglu:com.hubspot/deal_change/jsonschema/1-0-0"),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    // The original's words.
    let none = || vec![input("body", None, "empty body: not events to process")];
    let body = request.body().ok_or_else(none)?;
    expect_type(request, JSON)?;
    let Value::Array(items) = parse("body", &body, context)? else {
        return Err(vec![input("body", Some(body.into_owned()), "not a json array")]);
    };
    let kinds = context.schemas.kinds(&TABLE);
    let mut events = Events::default();
    for (index, item) in items.into_iter().enumerate() {
        let name = item.get("subscriptionType").and_then(Value::as_str);
        events.add(kinds.find(name, &format!(" at index {index}")).map(|schema| (schema, data(item))));
    }
    events.emit("com.hubspot-v1", request, emit)
}

fn data(mut item: Value) -> Value {
    if let Value::Object(members) = &mut item {
        if let Some(occurred) = members.get_mut("occurredAt")
            && let Some(millis) = long(occurred)
        {
            *occurred = date_of(millis);
        }
        members.shift_remove("subscriptionType");
    }
    item
}
