//! Bad rows: the recorded ones are read into their structs here, and must be printed as they were.

mod read;

use event::{
    bad_row::{BadRow, Failure, Message, NotABadRow, Processor, summary},
    enriched::EnrichedEvent,
    json,
    schema_key::SchemaKey,
};
use jiff::Timestamp;
use serde_json::Value;

use super::samples;

#[test]
fn recorded_bad_rows_are_printed_again() {
    let mut kinds = std::collections::BTreeSet::new();
    for case in samples::cases() {
        for bad in case["expect"].as_array().unwrap().iter().filter_map(|outcome| outcome.get("bad")) {
            let text = json::to_compact(bad);
            let far = samples::payload(&case).map(|p| p.timestamp);
            let row = read::bad_row(bad, far);
            assert_eq!(row.to_json(), text, "{}", case["id"]);
            assert_eq!(row.schema_key().to_string(), bad["schema"]);
            let summary = summary(&text).unwrap();
            assert_eq!(summary.schema, row.schema_key());
            assert!(!summary.reason.is_empty() && !summary.reason.contains('\n'), "{summary:?}");
            kinds.insert(summary.kind);
        }
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}

#[test]
fn recorded_loader_bad_rows_are_printed_again() {
    let mut events = 0;
    for line in include_str!("../golden/loaders/bad.jsonl").lines() {
        let case = json::parse(line).unwrap();
        let bad = &case["bad"];
        let row = read::bad_row(bad, None);
        assert_eq!(row.to_json(), json::to_compact(bad));
        assert!(!summary(&row.to_json()).unwrap().reason.is_empty());
        if bad["data"]["payload"].is_object() {
            let event = EnrichedEvent::split_tsv(case["tsv"].as_str().unwrap()).unwrap();
            assert_eq!(event.to_loader_payload().unwrap(), bad["data"]["payload"], "{}", case["line"]);
            events += 1;
        }
    }
    assert!(events > 10);
}

fn row(failure: Failure) -> BadRow {
    let processor = Processor { artifact: "piste".to_owned(), version: "0.1.0".to_owned() };
    BadRow { processor, failure }
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00.123456Z".parse().unwrap()
}

/// The kinds that were not recorded, and shapes of messages that are rare.
#[test]
fn other_kinds() {
    let check = |failure: Failure, name: &str, failure_and_payload: &str, reason: &str| {
        let json = row(failure).to_json();
        let expect = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow.badrows/{name}","data":{{"processor":{{"artifact":"piste","version":"0.1.0"}},{failure_and_payload}}}}}"#
        );
        assert_eq!(json, expect);
        assert_eq!(summary(&json).unwrap().reason, reason);
    };
    check(
        Failure::SizeViolation {
            timestamp: now(),
            maximum_allowed_size_bytes: 10,
            actual_size_bytes: 20,
            expectation: "too \"big\"".to_owned(),
            payload: "p".to_owned(),
        },
        "size_violation/jsonschema/1-0-0",
        r#""failure":{"timestamp":"2026-01-01T00:00:00.123456Z","maximumAllowedSizeBytes":10,"actualSizeBytes":20,"expectation":"too \"big\""},"payload":"p""#,
        "too \"big\" (20 bytes, 10 allowed)",
    );
    check(
        Failure::GenericError {
            timestamp: now(),
            errors: vec!["a\nb".to_owned(), "c".to_owned()],
            payload: "é\u{7f}".to_owned(),
        },
        "generic_error/jsonschema/1-0-0",
        r#""failure":{"timestamp":"2026-01-01T00:00:00.123456Z","errors":["a\nb","c"]},"payload":"é\u007f""#,
        "a b (and 1 more)",
    );
    check(
        Failure::CollectorPayloadFormatViolation {
            timestamp: now(),
            loader: "thrift".to_owned(),
            message: Message::InputData {
                field: "path".to_owned(),
                value: None,
                expectation: "request does not contain a path".to_owned(),
            },
            payload: "AA==".to_owned(),
        },
        "collector_payload_format_violation/jsonschema/1-0-0",
        r#""failure":{"timestamp":"2026-01-01T00:00:00.123456Z","loader":"thrift","message":{"payloadField":"path","value":null,"expectation":"request does not contain a path"}},"payload":"AA==""#,
        "path: request does not contain a path",
    );
    check(
        Failure::LoaderRecoveryError {
            error: json::parse(r#"{"message":"m","location":null}"#).unwrap(),
            payload: "l".to_owned(),
        },
        "loader_recovery_error/jsonschema/1-0-0",
        r#""failure":{"error":{"message":"m","location":null}},"payload":"l""#,
        r#"{"message":"m","location":null}"#,
    );
    check(
        Failure::LoaderRuntimeError { error: "gone".to_owned(), payload: Value::Null },
        "loader_runtime_error/jsonschema/1-0-1",
        r#""failure":"gone","payload":null"#,
        "gone",
    );
}

#[test]
fn summaries_of_messages() {
    let check = |failure: &str, payload: &str, reason: &str, event_id: Option<&str>| {
        let text = format!(
            r#"{{"schema":"iglu:com.snowplowanalytics.snowplow.badrows/schema_violations/jsonschema/2-0-9","data":{{"processor":{{"artifact":"a","version":"1"}},"failure":{failure},"payload":{payload}}}}}"#
        );
        let found = summary(&text).unwrap();
        assert_eq!((found.reason.as_str(), found.event_id.as_deref()), (reason, event_id));
        assert_eq!((found.kind.as_str(), found.processor.as_str()), ("schema_violations", "a 1"));
    };
    check(
        r#"{"messages":[{"schemaKey":"iglu:a/b/c/1-0-0","error":{"error":"ValidationError","dataReports":[{"message":"$.x: is missing"},{"message":"$.y: is bad"}]}},{}]}"#,
        r#"{"enriched":{"event_id":"e1"}}"#,
        "iglu:a/b/c/1-0-0: $.x: is missing; $.y: is bad (and 1 more)",
        Some("e1"),
    );
    check(
        r#"{"messages":[{"schemaKey":"iglu:a/b/c/1-0-0","error":{"error":"ResolutionError","lookupHistory":[{"repository":"R1"},{"repository":"R2"}]}}]}"#,
        r#"{"querystring":[{"name":"e","value":"pv"},{"name":"eid","value":"e2"}]}"#,
        "iglu:a/b/c/1-0-0: schema not found in R1, R2",
        Some("e2"),
    );
    check(
        r#"{"messages":[{"schemaKey":"iglu:a/b/c/1-0-0","schemaCriterion":"iglu:a/d/c/1-0-*"}]}"#,
        "null",
        "iglu:a/b/c/1-0-0 is not iglu:a/d/c/1-0-*",
        None,
    );
    check(
        r#"{"messages":[{"json":[1],"error":"INVALID_DATA_PAYLOAD"}]}"#,
        "1",
        "INVALID_DATA_PAYLOAD in [1]",
        None,
    );
    check(
        r#"{"messages":[{"enrichment":{"schemaKey":"x","identifier":"geo"},"message":{"error":"no file"}}]}"#,
        "1",
        "geo: no file",
        None,
    );
    check(r#"{"messages":[]}"#, "1", "no reason given", None);
    check(r#"{"what":"else"}"#, "1", r#"{"what":"else"}"#, None);
    check(&format!("\"{}\"", "x".repeat(1000)), "1", &format!("{}…", "x".repeat(399)), None);
}

#[test]
fn what_is_no_bad_row_has_no_summary() {
    assert_eq!(
        summary("x"),
        Err(NotABadRow::NotJson("expected json value got 'x' (line 1, column 1)".to_owned()))
    );
    assert_eq!(summary("{}"), Err(NotABadRow::NotOurs));
    assert_eq!(summary(r#"{"schema":"iglu:a/b/jsonschema/1-0-0","data":1}"#), Err(NotABadRow::NotOurs));
    let key: SchemaKey = "iglu:com.snowplowanalytics.snowplow.badrows/x/jsonschema/1-0-0".parse().unwrap();
    let odd = summary(&format!(r#"{{"schema":"{key}","data":1}}"#)).unwrap();
    assert_eq!((odd.reason.as_str(), odd.schema), ("null", key));
}
