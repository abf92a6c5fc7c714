//! Pingdom: a message about an incident in the query (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::Value;

use super::body::parse;
use crate::{
    adapters::{Adapter, Context, Emit, all_of, input, unstruct, webhook_schemas::Table},
    compatibility::Compatibility,
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.pingdom", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "pingdom",
    rows: &[
        ("assign", "incident_assign", "iglu:com.pingdom/incident_assign/jsonschema/1-0-0"),
        ("notify_user", "incident_notify_user", "iglu:com.pingdom/incident_notify_user/jsonschema/1-0-0"),
        (
            "notify_of_close",
            "incident_notify_of_close",
            "iglu:com.pingdom/incident_notify_of_close/jsonschema/1-0-0",
        ),
    ],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    if request.query.is_empty() {
        return Err(vec![input("querystring", None, "empty querystring: no events to process")]);
    }
    let line = context.rules.compatibility;
    let wrapped = request.query.iter().filter_map(|(name, value)| {
        let why =
            format!("should not pass regex \\(u'({})',\\)", if line.is_apache() { ".+" } else { "[^']+" });
        Some(input(name, Some(wrapped(value?, line)?.to_owned()), &why))
    });
    let wrapped: Vec<_> = wrapped.collect();
    if !wrapped.is_empty() {
        return Err(wrapped);
    }
    let mut query = Parameters::collect(request.query.iter());
    let Some(text) = query.get("message").flatten().map(str::to_owned) else {
        let why = "no `message` parameter provided";
        return Err(vec![input("querystring", Some(all_of(&mut query)), why)]);
    };
    let mut json = parse("message", &text, context)?;
    let action = json.get("action").and_then(Value::as_str);
    let schema = context.schemas.kinds(&TABLE).find(action, "").map_err(|message| vec![*message])?;
    if let Value::Object(members) = &mut json {
        members.shift_remove("action");
    }
    query.remove("message");
    emit(unstruct::event("com.pingdom-v1", "srv", &query, schema, &json), request);
    Ok(())
}

/// What stands in a text of Python's that was not taken out of its tuple.
fn wrapped(text: &str, line: Compatibility) -> Option<&str> {
    let inner = text.strip_prefix("(u'")?.strip_suffix("',)").filter(|inner| !inner.is_empty())?;
    let ends_line = |c| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let refused = if line.is_apache() { inner.contains(ends_line) } else { inner.contains('\'') };
    (!refused).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_leaks() {
        let table = [
            ("(u'x',)", Some("x"), Some("x")),
            ("(u'a'b',)", None, Some("a'b")),
            ("(u'a\nb',)", Some("a\nb"), None),
            ("(u'',)", None, None),
            ("(u'',", None, None),
            (" (u'x',)", None, None),
        ];
        for (text, current, apache) in table {
            assert_eq!(wrapped(text, Compatibility::Current), current, "{text}");
            assert_eq!(wrapped(text, Compatibility::Apache), apache, "{text}");
        }
    }
}
