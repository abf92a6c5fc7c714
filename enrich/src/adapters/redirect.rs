//! Click redirects: `/r/tp2?u=...` (`spec/enrich.md` 2.3).

use std::borrow::Cow;

use event::{bad_row::Message, json};
use serde_json::{Value, json};

use super::{Adapter, Context, Emit, all_of, input};
use crate::{java::base64, parameters::Parameters, raw::request::Request};

pub(super) const ADAPTER: Adapter = Adapter { vendor: "r", version: "tp2", is_tracker_protocol: true, read };

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    if request.query.is_empty() {
        return Err(vec![input("querystring", None, "empty querystring: not a valid URI redirect")]);
    }
    let mut parameters = Parameters::collect(request.query.iter());
    let Some(target) = parameters.get("u").flatten().map(str::to_owned) else {
        return Err(vec![input(
            "querystring",
            Some(all_of(&mut parameters)),
            "missing `u` parameter: not a valid URI redirect",
        )]);
    };
    parameters.remove("u");
    let redirect = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/uri_redirect/jsonschema/1-0-0",
        "data": {"uri": target},
    });
    if parameters.get("e").is_none() {
        let event = json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
            "data": redirect,
        });
        parameters.insert("e".into(), Some("ue".into()));
        parameters.insert("ue_pr".into(), Some(Cow::Owned(json::to_compact(&event))));
    } else {
        add_entity(&mut parameters, redirect, context).map_err(|message| vec![*message])?;
    }
    parameters.insert("tv".into(), Some("r-tp2".into()));
    if parameters.get("p").is_none() {
        parameters.insert("p".into(), Some("web".into()));
    }
    emit(parameters, request);
    Ok(())
}

/// Puts the redirect first among the entities of `cx`, of `co`, or into a new `co`.
fn add_entity(
    parameters: &mut Parameters<'_>,
    redirect: Value,
    context: &Context<'_>,
) -> Result<(), Box<Message>> {
    // A parameter without value crashes the original; here it counts as absent.
    if let Some(Some(encoded)) = parameters.get("cx") {
        let text = with_entity(&base64::decode_lenient(encoded), redirect, context)?;
        parameters.insert("cx".into(), Some(Cow::Owned(encode(&text))));
        return Ok(());
    }
    let text = match parameters.get("co").flatten() {
        Some(text) if !text.is_empty() => with_entity(text, redirect, context)?,
        _ => json::to_compact(&json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1",
            "data": [redirect],
        })),
    };
    parameters.insert("co".into(), Some(Cow::Owned(text)));
    Ok(())
}

fn with_entity(text: &str, redirect: Value, context: &Context<'_>) -> Result<String, Box<Message>> {
    let mut contexts = context.rules.parse(text).map_err(|error| {
        Box::new(Message::NotJson { field: "co|cx".into(), value: Some(text.to_owned()), error })
    })?;
    if let Some(entities) = contexts.get_mut("data").and_then(Value::as_array_mut) {
        entities.insert(0, redirect);
    }
    Ok(json::to_compact(&contexts))
}

/// Lines of 76 characters, as commons-codec writes them. Whoever reads Base64 skips their ends; bad rows show them.
fn encode(text: &str) -> String {
    use ::base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    const LINE: usize = 76;
    let encoded = URL_SAFE_NO_PAD.encode(text);
    let lines = (0..encoded.len()).step_by(LINE).map(|at| &encoded[at..encoded.len().min(at + LINE)]);
    lines.collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_lines() {
        let line = "eHh4".repeat(19);
        let table = [
            ("x".repeat(57), line.clone()),
            ("x".repeat(58), format!("{line}\r\neA")),
            ("x".repeat(114), format!("{line}\r\n{line}")),
            ("??>".into(), "Pz8-".into()),
            (String::new(), String::new()),
        ];
        for (text, expected) in table {
            assert_eq!(encode(&text), expected, "{text}");
        }
    }
}
