//! Whatever a client sends ends as an event, as a bad row that says why, or as a documented refusal.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::told::schemas;
use crate::support::{
    expect, http,
    lake::Line,
    load::{JSON, TP2, batch},
    piste::{Launch, PATIENCE, Piste},
    wait,
};

const PAYLOAD: &str = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";

/// One request, with what it is about and the status it deserves.
struct Case {
    about: &'static str,
    method: &'static str,
    target: String,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    status: u16,
    bad: usize,
    good: usize,
}

fn post(about: &'static str, body: impl Into<Vec<u8>>, bad: usize, good: usize) -> Case {
    let body = body.into();
    Case { about, method: "POST", target: TP2.into(), content_type: Some(JSON), body, status: 200, bad, good }
}

fn get(about: &'static str, target: &str, bad: usize, good: usize) -> Case {
    let target = target.to_owned();
    Case { about, method: "GET", target, content_type: None, body: Vec::new(), status: 200, bad, good }
}

/// An event of the tracker protocol.
fn event(more: &Value) -> Value {
    let mut event = json!({"e": "pv", "tv": "story", "p": "web", "url": "https://shop.example/"});
    for (name, value) in more.as_object().expect("parameters") {
        event[name] = value.clone();
    }
    event
}

fn envelope(events: &[Value]) -> String {
    json!({"schema": PAYLOAD, "data": events}).to_string()
}

/// A self-describing event.
fn unstruct(schema: &str, data: &Value) -> Value {
    let inner = json!({"schema": schema, "data": data});
    let outer = json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": inner});
    event(&json!({"e": "ue", "ue_pr": outer.to_string()}))
}

/// A page view with one entity.
fn with_entity(schema: &str, data: &Value) -> Value {
    let inner = json!([{"schema": schema, "data": data}]);
    let outer =
        json!({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1", "data": inner});
    event(&json!({"co": outer.to_string()}))
}

fn cases() -> Vec<Case> {
    const LINK_CLICK: &str = "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1";
    const PRODUCT: &str = "iglu:com.example.shop/product/jsonschema/1-0-0";
    vec![
        post("a good event", envelope(&[event(&json!({}))]), 0, 1),
        post(
            "a required field is missing",
            envelope(&[unstruct(LINK_CLICK, &json!({"elementId": "buy"}))]),
            1,
            0,
        ),
        post(
            "our own schema is kept",
            envelope(&[unstruct(PRODUCT, &json!({"sku": "a", "price": 1}))]),
            0,
            1,
        ),
        post(
            "our own schema is broken",
            envelope(&[unstruct(PRODUCT, &json!({"sku": 7, "price": "1", "x": 0}))]),
            1,
            0,
        ),
        post("an entity breaks its schema", envelope(&[with_entity(PRODUCT, &json!({"price": -1}))]), 1, 0),
        post(
            "nobody knows the schema",
            envelope(&[unstruct("iglu:com.example.shop/unknown/jsonschema/1-0-0", &json!({}))]),
            1,
            0,
        ),
        post("not an Iglu URI", envelope(&[unstruct("product", &json!({}))]), 1, 0),
        post("a field does not convert", envelope(&[event(&json!({"tr_tt": "much", "vp": "wide"}))]), 1, 0),
        post("no such kind of event", envelope(&[event(&json!({"e": "xx"}))]), 1, 0),
        post(
            "one of three is broken",
            envelope(&[event(&json!({})), unstruct(LINK_CLICK, &json!({})), event(&json!({}))]),
            1,
            2,
        ),
        post("not JSON", "{\"schema\":", 1, 0),
        post("not self-describing", "{\"a\":1}", 1, 0),
        post("no events", envelope(&[]), 1, 0),
        post("unknown parameters", envelope(&[event(&json!({"nonsense": "1"}))]), 1, 0),
        post("bytes", vec![0xff, 0x00, 0xfe], 1, 0),
        Case {
            content_type: Some("text/plain"),
            ..post("not JSON by its type", envelope(&[event(&json!({}))]), 1, 0)
        },
        Case { target: "/com.example/v1".into(), ..post("a webhook nobody knows", "{}", 1, 0) },
        get("no parameters", "/i", 1, 0),
        get("broken escapes", "/i?e=pv&p=web&tv=%zz", 1, 0),
        get("a good pixel", "/i?e=pv&p=web&tv=story&url=https%3A%2F%2Fshop.example%2F", 0, 1),
    ]
}

fn send(piste: &Piste, case: &Case) -> http::Answer {
    let headers: Vec<(&str, &str)> = case.content_type.map(|t| ("Content-Type", t)).into_iter().collect();
    http::once(piste.collector, case.method, &case.target, &headers, &case.body).unwrap()
}

/// What a bad row says: its kind, and its failure without the time.
fn summary(row: &Value) -> String {
    let mut failure = row["data"]["failure"].clone();
    failure.as_object_mut().expect("a failure").shift_remove("timestamp");
    let kind = row["schema"].as_str().expect("a schema");
    format!("{kind}\n{}", serde_json::to_string_pretty(&failure).unwrap())
}

#[test]
fn broken_events_become_bad_rows_that_say_why() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).with(&["--schemas", &schemas().display().to_string()]).start();
    let mut told = String::new();
    let (mut bad_so_far, mut good_so_far): (Vec<Value>, usize) = (Vec::new(), 0);
    for case in cases() {
        let answer = send(&piste, &case);
        assert_eq!(answer.status, case.status, "{}: {}", case.about, answer.text());
        good_so_far += case.good;
        let seen = wait::until(case.about, PATIENCE, || {
            let (bad, good) = (piste.lake().bad(), piste.lake().enriched().len());
            (bad.len() >= bad_so_far.len() + case.bad && good >= good_so_far).then_some((bad, good))
        });
        assert_eq!((seen.0.len(), seen.1), (bad_so_far.len() + case.bad, good_so_far), "{}", case.about);
        writeln!(told, "== {}", case.about).unwrap();
        for row in seen.0.iter().filter(|row| !bad_so_far.contains(row)) {
            writeln!(told, "{}", summary(row)).unwrap();
        }
        bad_so_far = seen.0;
    }
    let told = told.replace(&schemas().display().to_string(), "<schemas>");
    expect::file("bad_rows.txt", &expect::masked(&told, &[]));

    // What could be enriched of an event is kept beside its bad row.
    let is_of_event = |row: &&Value| {
        let kind = row["schema"].as_str().expect("a schema");
        kind.contains("/schema_violations/") || kind.contains("/enrichment_failures/")
    };
    let expected = bad_so_far.iter().filter(is_of_event).count();
    let failed = || piste.lake().lines("failed").iter().map(|line| Line::parse(line)).collect::<Vec<_>>();
    let failed =
        wait::until("failed events", PATIENCE, || Some(failed()).filter(|lines| lines.len() >= expected));
    assert_eq!(failed.len(), expected);
    assert!(failed.iter().all(|line| line.get("derived_contexts").contains("/failure/jsonschema/1-0-0")));
    piste.finish_well();
}

#[test]
fn a_bad_row_holds_what_was_sent() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let body = "{\"broken\": \"payload – ü\"";
    assert_eq!(send(&piste, &post("", body, 1, 0)).status, 200);
    let rows =
        wait::until("the bad row", PATIENCE, || Some(piste.lake().bad()).filter(|rows| !rows.is_empty()));
    assert_eq!(rows[0]["data"]["payload"]["body"], body);
    piste.finish_well();
}

#[test]
fn what_is_too_large_is_refused_or_kept_as_a_size_violation() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();

    // More than the collector reads at all.
    let answer = send(&piste, &post("", vec![b'x'; (2 << 20) + 1], 0, 0));
    assert_eq!(answer.status, 413);

    // More than a record may have, with one event that cannot be split.
    let large = envelope(&[event(&json!({"page": "x".repeat(1_100_000)}))]);
    assert_eq!(send(&piste, &post("", large.clone(), 1, 0)).status, 200);
    let rows =
        wait::until("the bad row", PATIENCE, || Some(piste.lake().bad()).filter(|rows| !rows.is_empty()));
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0]["schema"],
        "iglu:com.snowplowanalytics.snowplow.badrows/size_violation/jsonschema/1-0-0"
    );
    let failure = &rows[0]["data"]["failure"];
    let said = failure["expectation"].as_str().unwrap();
    assert!(said.starts_with("oversized collector payload: "), "{said}");
    let (actual, most) = (failure["actualSizeBytes"].as_u64(), failure["maximumAllowedSizeBytes"].as_u64());
    assert!(actual > most && actual >= Some(large.len() as u64), "{failure}");

    // Many events that fit when they are split: none is lost, each arrives once.
    let id = service::clock::random_id().to_string();
    let one = batch(&[id.clone(), id.clone()], 1_900).len() - batch(&[id], 1_900).len();
    let ids: Vec<String> = (0..1_020_000 / one).map(|_| service::clock::random_id().to_string()).collect();
    let body = batch(&ids, 1_900);
    // The payload around it adds some hundred bytes.
    assert!((1_000_000..1_047_000).contains(&body.len()), "{} bytes are between the limits", body.len());
    assert_eq!(send(&piste, &post("", body, 0, ids.len())).status, 200);
    wait::until_equal("the split events", PATIENCE, &ids.len(), || piste.lake().enriched().len());
    let counts = piste.lake().event_ids();
    assert!(ids.iter().all(|id| counts.get(id) == Some(&1)), "{counts:?}");
    assert_eq!(piste.lake().bad().len(), 1);
    piste.finish_well();
}
