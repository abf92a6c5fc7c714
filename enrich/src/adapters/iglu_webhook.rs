//! Any system's webhook: the schema of its data is named in the query or in the body
//! (`spec/enrichments-and-adapters.md` 3.4).

use event::{bad_row::Message, schema_key::SchemaKey, self_describing::SelfDescribing};
use serde_json::{Map, Value};

use super::{Adapter, Context, Emit, NOT_DATA, input, unstruct};
use crate::{parameters::Parameters, querystring, raw::request::Request};

pub(super) const ADAPTER: Adapter =
    Adapter { vendor: "com.snowplowanalytics.iglu", version: "v1", is_tracker_protocol: false, read };

const TRACKER_VERSION: &str = "com.snowplowanalytics.iglu-v1";
const JSON: [&str; 2] = ["application/json", "application/json; charset=utf-8"];
const FORM: &str = "application/x-www-form-urlencoded";

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let mut query = Parameters::collect(request.query.iter());
    let schema = query.get("schema").flatten().map(str::to_owned);
    let body = request.body();
    let content_type = request.payload.content_type.as_deref();
    if body.is_some() && content_type.is_none() {
        return Err(vec![wrong_content_type(None, &[&JSON[..], &[FORM]].concat())]);
    }
    let Some(schema) = schema else {
        let Some(body) = body else {
            return Err(vec![
                input("schema", None, "empty `schema` field"),
                input("body", None, "empty body"),
            ]);
        };
        return self_describing(&body, request, &query, context, emit).map_err(|message| vec![*message]);
    };
    let schema = match context.judge.schema_key(&schema) {
        Ok(key) => key,
        Err(invalid) => return Err(vec![input("schema", Some(schema), invalid.code)]),
    };
    query.remove("schema");
    match body {
        None => {
            query.sort();
            let pairs = query.iter().filter(|p| !NOT_DATA.contains(&&*p.name));
            // An empty text is none here, but not in forms.
            let text = |value: Option<&str>| text_or_null(value.filter(|text| !text.is_empty()));
            let data = pairs.map(|p| (p.name.to_string(), text(p.value.as_deref()))).collect();
            emit(unstruct::event(TRACKER_VERSION, "app", &query, &schema, &Value::Object(data)), request);
            Ok(())
        }
        Some(body) => {
            with_body(&body, request, &query, &schema, context, emit).map_err(|message| vec![*message])
        }
    }
}

/// The body names its schema itself.
fn self_describing(
    body: &str,
    request: &Request,
    query: &Parameters<'_>,
    context: &Context<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), Box<Message>> {
    let content_type = request.payload.content_type.as_deref();
    if !content_type.is_some_and(|ct| JSON.contains(&ct)) {
        return Err(Box::new(wrong_content_type(content_type, &JSON)));
    }
    let SelfDescribing { schema, data } = context
        .judge
        .take_apart(parse(body, context)?)
        .map_err(|(json, error)| Box::new(Message::NotIglu { json, error }))?;
    emit(unstruct::event(TRACKER_VERSION, "app", query, &schema, &data), request);
    Ok(())
}

/// The body holds data of the schema in the query.
fn with_body(
    body: &str,
    request: &Request,
    query: &Parameters<'_>,
    schema: &SchemaKey,
    context: &Context<'_>,
    emit: &mut Emit<'_>,
) -> Result<(), Box<Message>> {
    let refuse = |expectation: &str| Box::new(input("body", Some(body.to_owned()), expectation));
    match request.payload.content_type.as_deref() {
        Some(ct) if JSON.contains(&ct) => match parse(body, context)? {
            Value::Array(items) if items.is_empty() => Err(refuse("empty array of events")),
            Value::Array(items) => {
                for item in items {
                    emit(unstruct::event(TRACKER_VERSION, "app", query, schema, &item), request);
                }
                Ok(())
            }
            Value::Object(members) if !members.is_empty() => {
                let data = Value::Object(members);
                emit(unstruct::event(TRACKER_VERSION, "app", query, schema, &data), request);
                Ok(())
            }
            _ => Err(refuse("has no key-value pairs")),
        },
        Some(FORM) => {
            let pairs = querystring::parse_form(body).map_err(|error| refuse(&error))?;
            let mut form = Parameters::collect(pairs.iter());
            form.sort();
            let data: Map<String, Value> =
                form.iter().map(|p| (p.name.to_string(), text_or_null(p.value.as_deref()))).collect();
            emit(unstruct::event(TRACKER_VERSION, "srv", query, schema, &Value::Object(data)), request);
            Ok(())
        }
        other => Err(Box::new(wrong_content_type(other, &[&JSON[..], &[FORM]].concat()))),
    }
}

fn parse(body: &str, context: &Context<'_>) -> Result<Value, Box<Message>> {
    context.rules.parse(body).map_err(|error| {
        Box::new(Message::NotJson { field: "body".into(), value: Some(body.to_owned()), error })
    })
}

fn text_or_null(value: Option<&str>) -> Value {
    value.map_or(Value::Null, |text| Value::String(text.to_owned()))
}

fn wrong_content_type(found: Option<&str>, expected: &[&str]) -> Message {
    let expectation = format!("expected one of {}", expected.join(", "));
    input("contentType", found.map(str::to_owned), &expectation)
}
