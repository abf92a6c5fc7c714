//! CallRail: a finished call in the query (`spec/enrichments-and-adapters.md` 3.5).

use event::bad_row::Message;
use serde_json::{Number, Value};

use crate::{
    adapters::{Adapter, Context, Emit, NOT_DATA, input, unstruct, webhook_schemas::Table},
    java::{integer, joda},
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.callrail", version: "v1", is_tracker_protocol: false, read };

pub(in crate::adapters) static TABLE: Table = Table {
    section: "callrail",
    rows: &[("", "call_complete", "iglu:com.callrail/call_complete/jsonschema/1-0-2")],
    apache: None,
};

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    if request.query.is_empty() {
        return Err(vec![input("querystring", None, "empty querystring")]);
    }
    let mut query = Parameters::collect(request.query.iter());
    query.sort();
    let data = query.iter().filter(|p| !NOT_DATA.contains(&&*p.name));
    let data = data.map(|p| (p.name.to_string(), value(&p.name, p.value.as_deref().unwrap_or("")))).collect();
    let schema = context.schemas.kinds(&TABLE).key("call_complete");
    emit(unstruct::event("com.callrail-v1", "srv", &query, schema, &Value::Object(data)), request);
    Ok(())
}

/// A parameter as the schema wants it, or as it came.
fn value(name: &str, text: &str) -> Value {
    match (name, text) {
        (_, "") => Value::Null,
        ("first_call" | "answered", "true") => Value::Bool(true),
        ("first_call" | "answered", "false") => Value::Bool(false),
        ("duration", text) => number(text).unwrap_or_else(|| Value::String(text.to_owned())),
        ("datetime", text) => Value::String(joda::reformatted(text)),
        (_, text) => Value::String(text.to_owned()),
    }
}

/// An integer of any size, read as `java.math.BigInteger` reads it.
fn number(text: &str) -> Option<Value> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.chars().map(integer::digit).collect::<Option<Vec<_>>>()?;
    let significant = digits.iter().skip_while(|digit| **digit == 0).map(|digit| char::from(b'0' + digit));
    let significant: String = significant.collect();
    let text = match (significant.is_empty(), digits.is_empty()) {
        (_, true) => return None,
        (true, false) => "0".to_owned(),
        (false, false) => format!("{sign}{significant}"),
    };
    Some(Value::Number(Number::from_string_unchecked(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let table = [
            ("duration", "007", "7"),
            ("duration", "+7", "7"),
            ("duration", "-0", "0"),
            ("duration", "-٣", "-3"),
            ("duration", "123456789012345678901234567890", "123456789012345678901234567890"),
            ("duration", "+-7", "\"+-7\""),
            ("duration", "-", "\"-\""),
            ("duration", "1.0", "\"1.0\""),
            ("answered", "true", "true"),
            ("answered", "TRUE", "\"TRUE\""),
            ("first_call", "false", "false"),
            ("datetime", "2014-1-9 1:2:3", "\"2014-01-09T01:02:03.000Z\""),
            ("other", "", "null"),
        ];
        for (name, text, expect) in table {
            assert_eq!(event::json::to_compact(&value(name, text)), expect, "{name}={text}");
        }
    }
}
