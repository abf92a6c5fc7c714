//! Raw requests that were recorded with the Apache line, each with its response and what reached the sinks.

use std::{collections::BTreeMap, fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use event::payload::CollectorPayload;
use serde_json::{Value, json};

use crate::support::{
    Running,
    ask::{Answer, Asker},
    config,
};

/// Cases that are answered otherwise on purpose, and why.
const ON_PURPOSE: &[(&str, &str)] = &[
    (
        "col-small-redirdom-9",
        "a backslash before the host gets around the allow-list; the redirect is refused",
    ),
    ("col-full-redir-8", "a target with a line end is refused, not answered with 302 and no Location"),
];

#[tokio::test]
async fn default_profile() {
    replay("default").await;
}

#[tokio::test]
async fn full_profile() {
    replay("full").await;
}

#[tokio::test]
async fn small_profile() {
    replay("small").await;
}

#[tokio::test]
async fn nocookie6_profile() {
    replay("nocookie6").await;
}

/// Runs all cases of a profile and prints every difference.
async fn replay(profile: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/collector");
    let mut settings = config(&fs::read_to_string(folder.join(format!("{profile}.conf"))).unwrap());
    settings.compatibility = collector::compatibility::Compatibility::V2;
    settings.name = "osc-1.2.0-stdout".into();
    let running = Running::start(settings);
    let mut differing = Vec::new();
    let cases = fs::read_to_string(folder.join(format!("{profile}.jsonl"))).unwrap();
    for case in cases.lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let id = case["id"].as_str().unwrap();
        let request = STANDARD.decode(case["raw_request_b64"].as_str().unwrap()).unwrap();
        let answer = Asker::connect(running.address).await.ask(&request).await;
        let volatile: Vec<&str> =
            case["volatile"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let random_id =
            volatile.iter().any(|v| v.contains("networkUserId") || v.contains("Set-Cookie:value"));
        let got = json!({
            "response": answer.map(|a| shown(a, random_id)),
            "good": running.payloads().iter().map(|p| payload(p, random_id)).collect::<Vec<_>>(),
            "bad": running.bad_rows().into_iter().map(bad_row).collect::<Vec<_>>(),
        });
        let expected = json!({
            "response": shown(recorded(&case["response"]), random_id),
            "good": case["good"].as_array().unwrap().iter().map(|p| recorded_payload(p, random_id)).collect::<Vec<_>>(),
            "bad": case["bad"].as_array().unwrap().iter().cloned().map(recorded_bad_row).collect::<Vec<_>>(),
        });
        match (got == expected, ON_PURPOSE.iter().find(|(known, _)| *known == id)) {
            (true, None) | (false, Some(_)) => {}
            (true, Some((_, why))) => {
                differing.push(format!("{id} is equal, but listed as differing: {why}"))
            }
            (false, None) => differing.push(format!("{id}\n  got      {got}\n  expected {expected}")),
        }
    }
    assert!(differing.is_empty(), "{} cases differ:\n{}", differing.len(), differing.join("\n"));
}

/// Status, headers by lower-case name without what varies, body.
fn shown(answer: Answer, random_id: bool) -> Value {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &answer.headers {
        let name = name.to_lowercase();
        let value = match name.as_str() {
            "date" | "server" => continue,
            "set-cookie" => steady_cookie(value, random_id),
            _ => value.clone(),
        };
        headers.entry(name).or_default().push(value);
    }
    json!({ "status": answer.status, "headers": headers, "body": STANDARD.encode(&answer.body) })
}

/// Without the date, and without the value when it is random.
fn steady_cookie(cookie: &str, random_id: bool) -> String {
    let parts = cookie.split("; ").enumerate().map(|(i, part)| match part.split_once('=') {
        Some((name, _)) if name == "Expires" || (i == 0 && random_id) => format!("{name}=*"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn recorded(response: &Value) -> Answer {
    let headers = response["headers"].as_array().unwrap().iter();
    Answer {
        status: response["status"].as_u64().unwrap() as u16,
        headers: headers
            .map(|h| (h[0].as_str().unwrap().to_owned(), h[1].as_str().unwrap().to_owned()))
            .collect(),
        body: STANDARD.decode(response["body_b64"].as_str().unwrap_or_default()).unwrap(),
    }
}

fn payload(p: &CollectorPayload, random_id: bool) -> Value {
    let body = p.body.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
    let fields = [
        ("ipAddress", p.ip_address.clone()),
        ("encoding", p.encoding.clone()),
        ("collector", p.collector.clone()),
        ("userAgent", p.user_agent.clone()),
        ("refererUri", p.referer_uri.clone()),
        ("path", p.path.clone()),
        ("querystring", p.querystring.clone()),
        ("body", body),
        ("contentType", p.content_type.clone()),
        ("hostname", p.hostname.clone()),
        ("networkUserId", p.network_userid.clone().map(|id| if random_id { "*".into() } else { id })),
        ("schema", Some(p.schema.clone())),
    ];
    let mut object: serde_json::Map<String, Value> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    object.insert("headers".into(), p.headers.iter().flatten().map(|line| steady_line(line)).collect());
    Value::Object(object)
}

/// Without what the recorded program adds or cannot keep apart: its own first line, and the spelling of names.
fn recorded_payload(p: &Value, random_id: bool) -> Value {
    let mut object = p.as_object().unwrap().clone();
    object.remove("timestamp");
    if random_id {
        object.insert("networkUserId".into(), "*".into());
    }
    let lines = object["headers"].as_array().unwrap().iter().filter_map(Value::as_str);
    let lines: Value = lines.filter(|l| !l.starts_with("Timeout-Access:")).map(steady_line).collect();
    object.insert("headers".into(), lines);
    Value::Object(object)
}

fn steady_line(line: &str) -> String {
    match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
        None => line.to_owned(),
    }
}

/// The recorded program counts its own first line of the header list.
fn recorded_bad_row(mut row: Value) -> Value {
    let failure = &mut row["data"]["failure"];
    let of_an_event =
        failure["expectation"].as_str().unwrap().ends_with("this POST request split is still too large");
    if let (false, Some(size)) = (of_an_event, failure["actualSizeBytes"].as_u64()) {
        failure["actualSizeBytes"] = (size - 4 - "Timeout-Access: <function1>".len() as u64).into();
    }
    bad_row(row)
}

/// Without time and processor; the payload's text names the time too.
fn bad_row(mut row: Value) -> Value {
    row["data"]["processor"] = Value::Null;
    row["data"]["failure"]["timestamp"] = Value::Null;
    if let Some(text) = row["data"]["payload"].as_str() {
        let steady =
            text.split(", ").filter(|part| !part.starts_with("timestamp:")).collect::<Vec<_>>().join(", ");
        // It is cut at a length, and the list of headers begins otherwise.
        let steady: String = steady.split("headers:").next().unwrap_or_default().to_owned();
        row["data"]["payload"] = steady.into();
    }
    row
}
