//! Olark: a chat in a form (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{FORM, filled_body, form_under, parse, with_values},
    events::emit_one,
    json_shape::{camelized, date_of},
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    java::integer,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.olark", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "olark",
    rows: &[
        ("transcript", "transcript", "iglu:com.olark/transcript/jsonschema/1-0-0"),
        ("offline_message", "offline_message", "iglu:com.olark/offline_message/jsonschema/1-0-0"),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = filled_body(request)?;
    match request.payload.content_type.as_deref() {
        Some(FORM) => {}
        Some(_) => return Err(vec![input("contentType", None, &format!("expected {FORM}"))]),
        None => return Err(vec![input("contentType", None, &format!("no content type: expected {FORM}"))]),
    }
    // The original has the body for the name of the field.
    let form = with_values(&form_under(&body, &body)?);
    let data = form.iter().find(|(name, text)| name == "data" && !text.is_empty());
    let Some((_, text)) = data else { return Err(vec![input("data", None, "missing 'data' field")]) };
    let mut json = parse("data", text, context)?;
    let kind = if json.get("operators").is_some() { "transcript" } else { "offline_message" };
    let schema = context.schemas.kinds(&TABLE).key(kind);
    date_items(&mut json).map_err(|message| vec![*message])?;
    emit_one("com.olark-v1", schema, &camelized(json), request, emit);
    Ok(())
}

/// Turns the seconds of the items into dates.
fn date_items(json: &mut Value) -> Result<(), Box<Message>> {
    let items: Vec<&mut Value> = match json.get_mut("items") {
        Some(Value::Array(items)) => items.iter_mut().collect(),
        Some(Value::Object(members)) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    for item in items {
        if let Some(time) = item.get_mut("timestamp")
            && let Some(text) = time.as_str()
        {
            *time = date_of(millis(text)?);
        }
    }
    Ok(())
}

/// `seconds[.fraction]` in milliseconds.
fn millis(text: &str) -> Result<i64, Box<Message>> {
    let refuse = |value: &str, why: &str| Box::new(input("timestamp", Some(value.to_owned()), why));
    let mut parts: Vec<&str> = text.split('.').collect();
    // As Java splits.
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    let digits = match parts.as_slice() {
        [""] if !text.is_empty() => None,
        [seconds] => Some(format!("{seconds}000")),
        [seconds, fraction] => {
            let first: String = fraction.chars().take(3).collect();
            Some(format!("{seconds}{first:0<3}"))
        }
        _ => None,
    };
    let digits = digits.ok_or_else(|| refuse(text, "unexpected timestamp format"))?;
    integer::parse_long(&digits).ok_or_else(|| refuse(&digits, "cannot be converted to Double"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds() {
        let read = |text| {
            millis(text).map_err(|message| match *message {
                Message::InputData { value, expectation, .. } => (value.unwrap_or_default(), expectation),
                other => panic!("{other:?}"),
            })
        };
        let table =
            [("1307116657.1", 1_307_116_657_100), ("1.23456", 1_234), ("1.", 1_000), ("", 0), (".5", 500)];
        for (text, expect) in table {
            assert_eq!(read(text), Ok(expect), "{text}");
        }
        let table = [
            (".", ".", "unexpected timestamp format"),
            ("1.2.3", "1.2.3", "unexpected timestamp format"),
            ("x", "x000", "cannot be converted to Double"),
            ("1.x", "1x00", "cannot be converted to Double"),
        ];
        for (text, value, why) in table {
            assert_eq!(read(text), Err((value.to_owned(), why.to_owned())), "{text}");
        }
    }
}
