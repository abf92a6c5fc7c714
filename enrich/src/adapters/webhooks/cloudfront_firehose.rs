//! CloudFront's log as Firehose delivers it: a page view for each line (`spec/enrichments-and-adapters.md` 3.7).

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use event::bad_row::Message;
use serde_json::Value;

use super::body::{body, parse};
use crate::{
    adapters::{Adapter, Context, Emit, MOST_MESSAGES, input},
    parameters::Parameters,
    raw::request::Request,
};

pub(in crate::adapters) const ADAPTER: Adapter =
    Adapter { vendor: "com.amazon.aws.cloudfront", version: "firehose", is_tracker_protocol: false, read };

const GZIP: [u8; 2] = [0x1F, 0x8B];

fn read(request: &Request, context: &Context<'_>, emit: &mut Emit<'_>) -> Result<(), Vec<Message>> {
    let text = body(request)?;
    if request.payload.body.as_deref().is_some_and(|body| body.starts_with(&GZIP)) {
        let why = "compressed with gzip: the delivery stream must not encode what it sends";
        return Err(vec![input("body", None, why)]);
    }
    let mut json = parse("body", &text, context)?;
    let Some(Value::Array(records)) = json.get_mut("records").map(Value::take) else {
        return Err(vec![input("records", Some(text.into_owned()), "field `records` is not an array")]);
    };
    let (mut lines, mut messages) = (Vec::new(), Vec::new());
    for (index, record) in records.iter().enumerate() {
        match read_record(record, &format!("records[{index}].data"), context) {
            Ok(found) => lines.extend(found),
            Err(wrong) if messages.len() < MOST_MESSAGES => messages.extend(wrong),
            Err(_) => {}
        }
    }
    if !messages.is_empty() {
        return Err(messages);
    }
    if lines.is_empty() {
        return Err(vec![input("", None, "empty list of events")]);
    }
    let query = Parameters::collect(request.query.iter());
    let app = query.get("aid").flatten().unwrap_or("cloudfront");
    for line in &lines {
        emit(page_view(line, app), request);
    }
    Ok(())
}

/// The lines of a record. A sender may put several into one.
fn read_record(record: &Value, field: &str, context: &Context<'_>) -> Result<Vec<Value>, Vec<Message>> {
    let data = record.get("data").and_then(Value::as_str);
    let decoded = data.and_then(|data| STANDARD.decode(data).ok());
    let Some(decoded) = decoded else {
        return Err(vec![input(field, data.map(str::to_owned), "not a text in Base64")]);
    };
    let text = event::utf8::decode(&decoded);
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let json = parse(field, line, context)?;
        if !json.is_object() {
            return Err(vec![input(field, Some(line.to_owned()), "not a json object")]);
        }
        found.push(json);
    }
    Ok(found)
}

fn page_view<'a>(line: &'a Value, app: &'a str) -> Parameters<'a> {
    let mut parameters = Parameters::with_room();
    let mut set = |name: &'static str, value: Option<Cow<'a, str>>| {
        if value.is_some() {
            parameters.insert(name.into(), value);
        }
    };
    set("e", Some("pv".into()));
    set("p", Some("srv".into()));
    set("tv", Some("com.amazon.aws.cloudfront/firehose".into()));
    set("aid", Some(app.into()));
    set("ua", text(line, "cs(User-Agent)"));
    set("url", url(line).map(Cow::Owned));
    set("refr", text(line, "cs(Referer)"));
    set("stm", text(line, "timestamp(ms)"));
    set("ip", text(line, "c-ip"));
    parameters
}

/// The address of the page; none without a host.
fn url(line: &Value) -> Option<String> {
    let host = text(line, "x-host-header")?;
    let scheme = text(line, "cs-protocol").unwrap_or("https".into());
    let path = text(line, "cs-uri-stem").unwrap_or_default();
    let query = text(line, "cs-uri-query").map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{path}{query}"))
}

/// A field; `-` is none.
fn text<'a>(line: &'a Value, name: &str) -> Option<Cow<'a, str>> {
    match line.get(name)? {
        Value::String(text) if !text.is_empty() && text != "-" => Some(text.into()),
        Value::Number(number) => Some(number.as_str().into()),
        _ => None,
    }
}
