//! Urban Airship Connect: one event (`spec/enrichments-and-adapters.md` 3.5).

use std::borrow::Cow;

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{body, parse},
    json_shape::string_at,
};
use crate::{
    adapters::{Adapter, Context, Emit, input, unstruct, webhook_schemas::Table},
    java::joda,
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.urbanairship.connect", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "urbanAirship",
    rows: &[
        ("CLOSE", "close", "iglu:com.urbanairship.connect/CLOSE/jsonschema/1-0-0"),
        ("CUSTOM", "custom", "iglu:com.urbanairship.connect/CUSTOM/jsonschema/1-0-0"),
        ("FIRST_OPEN", "first_open", "iglu:com.urbanairship.connect/FIRST_OPEN/jsonschema/1-0-0"),
        (
            "IN_APP_MESSAGE_DISPLAY",
            "in_app_message_display",
            "iglu:com.urbanairship.connect/IN_APP_MESSAGE_DISPLAY/jsonschema/1-0-0",
        ),
        (
            "IN_APP_MESSAGE_EXPIRATION",
            "in_app_message_expiration",
            "iglu:com.urbanairship.connect/IN_APP_MESSAGE_EXPIRATION/jsonschema/1-0-0",
        ),
        (
            "IN_APP_MESSAGE_RESOLUTION",
            "in_app_message_resolution",
            "iglu:com.urbanairship.connect/IN_APP_MESSAGE_RESOLUTION/jsonschema/1-0-0",
        ),
        ("LOCATION", "location", "iglu:com.urbanairship.connect/LOCATION/jsonschema/1-0-0"),
        ("OPEN", "open", "iglu:com.urbanairship.connect/OPEN/jsonschema/1-0-0"),
        ("PUSH_BODY", "push_body", "iglu:com.urbanairship.connect/PUSH_BODY/jsonschema/1-0-0"),
        ("REGION", "region", "iglu:com.urbanairship.connect/REGION/jsonschema/1-0-0"),
        ("RICH_DELETE", "rich_delete", "iglu:com.urbanairship.connect/RICH_DELETE/jsonschema/1-0-0"),
        ("RICH_DELIVERY", "rich_delivery", "iglu:com.urbanairship.connect/RICH_DELIVERY/jsonschema/1-0-0"),
        ("RICH_HEAD", "rich_head", "iglu:com.urbanairship.connect/RICH_HEAD/jsonschema/1-0-0"),
        ("SEND", "send", "iglu:com.urbanairship.connect/SEND/jsonschema/1-0-0"),
        ("TAG_CHANGE", "tag_change", "iglu:com.urbanairship.connect/TAG_CHANGE/jsonschema/1-0-0"),
        ("UNINSTALL", "uninstall", "iglu:com.urbanairship.connect/UNINSTALL/jsonschema/1-0-0"),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = body(request)?;
    if let Some(found) = &request.payload.content_type {
        return Err(vec![input("contentType", Some(found.clone()), "expected no content type")]);
    }
    let json = parse("body", &body, context)?;
    let mut messages = Vec::new();
    let mut keep =
        |found: Result<String, Box<Message>>| found.map_err(|message| messages.push(*message)).ok();
    let occurred = keep(text(&json, "occurred"));
    let id = keep(text(&json, "id"));
    let processed = keep(text(&json, "processed"));
    let name = json.get("type").and_then(Value::as_str);
    let schema = context.schemas.kinds(&TABLE).find(name, "").map_err(|message| messages.push(*message)).ok();
    let (Some(occurred), Some(id), Some(processed), Some(schema)) = (occurred, id, processed, schema) else {
        return Err(messages);
    };
    // A text that is no date kills the original.
    let millis = |name: &str, text: String| {
        let why =
            |why| Box::new(input(name, Some(text.clone()), &format!("could not extract '{name}': {why}")));
        joda::iso(&text).map_err(why)
    };
    let (occurred, processed) = match (millis("occurred", occurred), millis("processed", processed)) {
        (Ok(occurred), Ok(processed)) => (occurred, processed),
        (occurred, processed) => {
            return Err([occurred.err(), processed.err()]
                .into_iter()
                .flatten()
                .map(|message| *message)
                .collect());
        }
    };
    let mut query = Parameters::collect(request.query.iter());
    query.insert("ttm".into(), Some(Cow::Owned(occurred.to_string())));
    query.insert("eid".into(), Some(Cow::Owned(id)));
    let mut request = request.clone();
    request.payload.timestamp = processed;
    emit(unstruct::event("com.urbanairship.connect-v1", "srv", &query, schema, &json), &request);
    Ok(())
}

/// A member that must be a text.
fn text(json: &Value, name: &str) -> Result<String, Box<Message>> {
    string_at(json, name)
        .map_err(|why| Box::new(input(name, None, &format!("could not extract '{name}': {why}"))))
}
