//! StatusGator: the state of a service in a form (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::{
    body::{FORM, expect_type, filled_body, form_under},
    events::emit_one,
    json_shape::{camelized, text_or_null},
};
use crate::{
    adapters::{Adapter, Context, Emit, webhook_schemas::Table},
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.statusgator", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "statusgator",
    rows: &[("", "status_change", "iglu:com.statusgator/status_change/jsonschema/1-0-0")],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let body = filled_body(request)?;
    expect_type(request, FORM)?;
    let pairs = form_under("body", &body)?;
    let mut form = Parameters::collect(pairs.iter());
    form.sort();
    let data = form.iter().map(|p| (p.name.to_string(), text_or_null(p.value.as_deref()))).collect();
    let schema = context.schemas.kinds(&TABLE).key("status_change");
    emit_one("com.statusgator-v1", schema, &camelized(Value::Object(data)), request, emit);
    Ok(())
}
