//! Tracker protocol, version 2: events in a JSON body, or one in the query string (`spec/enrich.md` 2.2).

use std::borrow::Cow;

use event::{bad_row::Message, schema_key::SchemaCriterion};
use serde_json::Value;

use super::{Adapter, Context, Emit, input, tracker_body};
use crate::{judge::Judgement, parameters::Parameters, raw::request::Request};

pub(super) const ADAPTER: Adapter =
    Adapter { vendor: "com.snowplowanalytics.snowplow", version: "tp2", is_tracker_protocol: true, read };

const CONTENT_TYPES: [&str; 3] =
    ["application/json", "application/json; charset=utf-8", "application/json; charset=UTF-8"];

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let content_type = request.payload.content_type.as_deref();
    let allowed = content_type.is_some_and(|ct| CONTENT_TYPES.contains(&ct));
    let has_query = !request.query.is_empty();
    let body = request.body();
    match body {
        None if !has_query => Err(vec![
            input("body", None, "empty body: not a valid tracker protocol event"),
            input("querystring", None, "empty querystring: not a valid tracker protocol event"),
        ]),
        _ if content_type.is_some() && !allowed => Err(wrong_content_type(content_type)),
        Some(_) if content_type.is_none() => Err(wrong_content_type(None)),
        None if allowed => Err(vec![input("body", None, "empty body: not a valid track protocol event")]),
        None => {
            emit(Parameters::collect(request.query.iter()), request);
            Ok(())
        }
        Some(body) => read_body(&body, request, context, emit),
    }
}

fn wrong_content_type(found: Option<&str>) -> Vec<Message> {
    let expectation = format!("expected one of {}", CONTENT_TYPES.join(", "));
    vec![input("contentType", found.map(str::to_owned), &expectation)]
}

fn read_body(
    body: &str,
    request: &Request,
    context: &Context<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), Vec<Message>> {
    // Nearly every body is of the plain kind, whose grammar is checked while it is read.
    if let Some(events) = tracker_body::read(body) {
        for mut parameters in events {
            add_query(&mut parameters, request);
            emit(parameters, request);
        }
        return Ok(());
    }
    let json = context.rules.parse(body).map_err(|error| {
        vec![Message::NotJson { field: "body".into(), value: Some(body.to_owned()), error }]
    })?;
    let described = context
        .judge
        .take_apart(json)
        .map_err(|(json, code)| vec![Message::NotIglu { json, error: code }])?;
    match context.judge.judge(&described) {
        Judgement::Valid | Judgement::Superseded(_) => {}
        Judgement::Invalid(error) => {
            return Err(vec![Message::IgluError { schema_key: described.schema, error: error.to_json() }]);
        }
        Judgement::Unknown => return Ok(()),
    }
    let criterion = criterion();
    if !criterion.matches(&described.schema) {
        return Err(vec![Message::CriterionMismatch { schema_key: described.schema, criterion }]);
    }
    let events = events(&described.data)?;
    for event in events {
        let mut parameters = Parameters::default();
        for (name, value) in event {
            parameters.insert(Cow::Borrowed(name), value.as_str().map(Cow::Borrowed));
        }
        add_query(&mut parameters, request);
        emit(parameters, request);
    }
    Ok(())
}

/// The events of a valid body. A schema of another registry could let other shapes through.
///
/// # Errors
/// All values that are no text.
fn events(data: &Value) -> Result<Vec<&serde_json::Map<String, Value>>, Vec<Message>> {
    let refuse = |field: &str, value: &Value, expectation: &str| {
        let text = (!value.is_null()).then(|| event::json::to_compact(value));
        input(field, text, expectation)
    };
    let objects =
        data.as_array().and_then(|items| items.iter().map(Value::as_object).collect::<Option<Vec<_>>>());
    let events = objects.ok_or_else(|| vec![refuse("body", data, "json is not an array")])?;
    if events.is_empty() {
        return Err(vec![refuse("body", data, "empty list of events")]);
    }
    let wrong = |(name, value): (&String, &Value)| match value {
        Value::String(_) => None,
        Value::Null => Some(refuse(name, value, "value cannot be null")),
        _ => Some(refuse(name, value, "value is not a string")),
    };
    let messages: Vec<_> = events.iter().flat_map(|members| members.iter().filter_map(wrong)).collect();
    if messages.is_empty() { Ok(events) } else { Err(messages) }
}

/// Parameters of the query string override those of the body.
fn add_query<'a>(parameters: &mut Parameters<'a>, request: &'a Request) {
    for (name, value) in request.query.iter() {
        parameters.insert(Cow::Borrowed(name), value.map(Cow::Borrowed));
    }
}

fn criterion() -> SchemaCriterion {
    SchemaCriterion {
        vendor: "com.snowplowanalytics.snowplow".into(),
        name: "payload_data".into(),
        format: "jsonschema".into(),
        model: Some(1),
        revision: Some(0),
        addition: None,
    }
}
