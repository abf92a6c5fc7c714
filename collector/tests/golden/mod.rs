//! Raw requests that were recorded with the Apache line, each with its response and what reached the sinks.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
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
    settings.networking.http2 = false;
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
        let good: Vec<_> = running.good.take().iter().map(|r| payload(&r.data, random_id, true)).collect();
        let got = json!({
            "response": answer.map(|a| shown(a, random_id)),
            "good": good,
            "bad": running.bad_rows().into_iter().map(bad_row).collect::<Vec<_>>(),
        });
        let recorded_good = case["good_b64"].as_array().unwrap().iter();
        let recorded_good = recorded_good.map(|p| STANDARD.decode(p.as_str().unwrap()).unwrap());
        let expected = json!({
            "response": shown(recorded(&case["response"]), random_id),
            "good": recorded_good.map(|p| payload(&p.into(), random_id, false)).collect::<Vec<_>>(),
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

/// Status line, headers by lower-case name in their order and without what varies, body.
fn shown(answer: Answer, random_id: bool) -> Value {
    let mut headers = Vec::new();
    for (name, value) in &answer.headers {
        let name = name.to_lowercase();
        match name.as_str() {
            "server" => {}
            "date" => headers.push((name, "*".to_owned())),
            "set-cookie" => headers.push((name, steady_cookie(value, random_id))),
            _ => headers.push((name, value.clone())),
        }
    }
    let body = STANDARD.encode(&answer.body);
    json!({ "status": answer.status_line, "headers": headers, "body": body })
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
        status_line: response["status_line"].as_str().unwrap().to_owned(),
        status: response["status"].as_u64().unwrap() as u16,
        headers: headers
            .map(|h| (h[0].as_str().unwrap().to_owned(), h[1].as_str().unwrap().to_owned()))
            .collect(),
        body: STANDARD.decode(response["body_b64"].as_str().unwrap_or_default()).unwrap(),
    }
}

/// A payload without what varies, and without what the recorded program adds or cannot keep apart: its own first line of the
/// header list, and the spelling of names. `ours`: the bytes must be exactly those that the fields are written as.
fn payload(bytes: &Bytes, random_id: bool, ours: bool) -> Value {
    let mut payload = CollectorPayload::decode(bytes).unwrap();
    let encoded = |payload: &CollectorPayload| {
        let mut out = Vec::new();
        payload.encode(&mut out);
        out
    };
    assert!(!ours || encoded(&payload) == *bytes, "fields in ascending order, nothing else");
    payload.timestamp = 0;
    if random_id {
        payload.network_userid = payload.network_userid.map(|_| "*".into());
    }
    let lines = payload.headers.take().unwrap_or_default().into_iter();
    let lines = lines.filter(|l| !l.starts_with("Timeout-Access:")).map(|l| steady_line(&l));
    payload.headers = Some(lines.collect());
    json!({ "bytes": STANDARD.encode(encoded(&payload)), "fields": format!("{payload:?}") })
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

/// Without time and processor; the payload's text names the time too. It is cut at a length, so what stands behind the
/// recorded program's own line is compared as far as both go.
fn bad_row(mut row: Value) -> Value {
    row["data"]["processor"] = Value::Null;
    row["data"]["failure"]["timestamp"] = Value::Null;
    if let Some(text) = row["data"]["payload"].as_str() {
        let (before, rest) = text.split_once(", timestamp:").unwrap();
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let mut steady = format!("{before}, timestamp:*{rest}");
        if let Some(at) = steady.find(", headers:[") {
            steady.truncate(at);
        }
        row["data"]["payload"] = steady.into();
    }
    row
}
