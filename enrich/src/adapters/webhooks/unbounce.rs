//! Unbounce: a form that a visitor sent (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::{Map, Value};

use super::{
    body::{FORM, expect_type, filled_body, form_under, parse, with_values},
    events::emit_one,
    json_shape::camelized,
};
use crate::{
    adapters::{Adapter, Context, Emit, input, webhook_schemas::Table},
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.unbounce", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "unbounce",
    rows: &[("", "form_post", "iglu:com.unbounce/form_post/jsonschema/1-0-0")],
    apache: None,
};

const DATA: &str = "data.json";

/// Parameters that must be there, in the order in which they are looked for.
const REQUIRED: [&str; 5] = ["page_id", "page_name", "variant", "page_url", DATA];

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = filled_body(request)?;
    expect_type(request, FORM)?;
    // The original has the body for the name of the field.
    let form = with_values(&form_under(&body, &body)?);
    for name in REQUIRED {
        if !form.iter().any(|(found, _)| found == name) {
            return Err(vec![input(name, None, &format!("missing '{name}' field in body"))]);
        }
    }
    let text = form.iter().find(|(name, _)| name == DATA).map(|(_, text)| text.as_str()).unwrap_or_default();
    if text.is_empty() {
        return Err(vec![input(DATA, None, &format!("empty '{DATA}' field in body"))]);
    }
    let mut data = Map::new();
    data.insert(DATA.to_owned(), parse(DATA, text, context)?);
    let rest = form.into_iter().filter(|(name, _)| name != DATA && name != "data.xml");
    data.extend(rest.map(|(name, text)| (name, Value::String(text))));
    let schema = context.schemas.kinds(&TABLE).key("form_post");
    emit_one("com.unbounce-v1", schema, &camelized(Value::Object(data)), request, emit);
    Ok(())
}
