//! What the current line says of events that are not good: bad rows, failed events and failure entities. No recordings of
//! it exist; the expected values are those of `spec/enrich.md` 2.5, 4.1, 4.10, 5.1 and 6.

use enrich::{
    compatibility::Compatibility,
    output::{Kind, Output},
    settings::Settings,
};
use event::{atomic::Field, bad_row::Processor, enriched::EnrichedEvent, json, payload::CollectorPayload};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    registry::Registry,
    samples::{encoded, payload},
};

const NOW: &str = "2025-05-01T00:00:00.001234Z";

fn settings() -> Settings {
    let processor = Processor { artifact: "test".into(), version: "1".into() };
    Settings { emits_failed: true, ..Settings::new(Compatibility::Current, processor) }
}

fn outputs(record: &[u8], settings: &Settings) -> Vec<Output> {
    let now: Timestamp = NOW.parse().unwrap();
    thread_local! {
        static REGISTRY: Registry = Registry::at(NOW.parse().unwrap());
    }
    let made = REGISTRY.with(|registry| registry.process(record, settings, now, &mut || Uuid::nil()));
    made.expect("no foreign schema is needed")
}

/// A GET request with these parameters.
fn record(parameters: &[(&str, &str)], change: impl FnOnce(&mut CollectorPayload)) -> Vec<u8> {
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let mut request = CollectorPayload { querystring: Some(pairs.join("&")), ..payload() };
    change(&mut request);
    encoded(&request)
}

/// The failed event and the bad row of a request that gives these two.
fn failed_and_bad(record: &[u8], settings: &Settings) -> (EnrichedEvent, Value) {
    let outputs = outputs(record, settings);
    let [failed, bad] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
    assert_eq!((failed.kind, failed.event, bad.event), (Kind::Failed, 0, 0));
    let event = EnrichedEvent::split_tsv(std::str::from_utf8(&failed.data).unwrap()).unwrap();
    (event, json::parse(std::str::from_utf8(&bad.data).unwrap()).unwrap())
}

fn kind(row: &Value) -> &str {
    let schema = row["schema"].as_str().unwrap();
    schema.strip_prefix("iglu:com.snowplowanalytics.snowplow.badrows/").unwrap()
}

fn messages(row: &Value) -> &Value {
    &row["data"]["failure"]["messages"]
}

/// The data of the failure entities at the head of `derived_contexts`.
fn failures(event: &EnrichedEvent) -> Vec<Value> {
    let contexts = json::parse(event.get(Field::DerivedContexts).unwrap()).unwrap();
    let is_failure =
        |entity: &&Value| entity["schema"] == "iglu:com.snowplowanalytics.snowplow/failure/jsonschema/1-0-0";
    let entities = contexts["data"].as_array().unwrap();
    entities.iter().take_while(is_failure).map(|entity| entity["data"].clone()).collect()
}

/// Compared as text: the order of keys counts.
#[track_caller]
fn same(found: &Value, expect: Value) {
    assert_eq!(json::to_compact(found), json::to_compact(&expect));
}

fn atomic(reports: &[(&str, &str, &str)]) -> Value {
    let reports: Vec<_> = reports
        .iter()
        .map(|(message, path, keyword)| json!({"message": message, "path": path, "keyword": keyword, "targets": []}))
        .collect();
    json!({
        "schemaKey": "iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0",
        "error": {"error": "ValidationError", "dataReports": reports},
    })
}

const PARSE: &str = "atomic_field_parse_error";

#[test]
fn values_that_no_field_takes_are_one_violation_from_the_last_to_the_first() {
    let record = record(
        &[
            ("e", "PV"),
            ("p", "WEB"),
            ("tid", "x"),
            ("eid", "1-2-3-4-5"),
            ("tr_tt", "1.2.3"),
            ("cookie", "2"),
            ("dtm", "1111111111111111"),
            ("stm", "z"),
            ("res", "1"),
            ("vp", "99999999999x1"),
            ("aid", "shop"),
            ("url", "http://example.com/x"),
        ],
        |request| request.timestamp = 253_402_300_800_000,
    );
    let (event, row) = failed_and_bad(&record, &settings());
    assert_eq!(kind(&row), "schema_violations/jsonschema/2-0-1");
    let decimal = "Cannot be converted to java.math.BigDecimal. Error : Character array contains more than one decimal point.";
    same(
        messages(&row),
        json!([atomic(&[
            ("Formatted as 10000-01-01 00:00:00.000 is not Redshift-compatible", "collector_tstamp", PARSE),
            ("Cannot be converted to java.lang.Integer", "tid", PARSE),
            ("Formatting as 37179-09-17 07:18:31.111 is not Redshift-compatible", "dtm", PARSE),
            ("Not a valid platform", "p", PARSE),
            ("Cannot be converted to Boolean-like java.lang.Byte", "cookie", PARSE),
            (r"Does not conform to regex (\d+)x(\d+)", "res", PARSE),
            ("Could not be converted to java.lang.Integer s", "vp", PARSE),
            ("Not in the expected format: ms since epoch", "stm", PARSE),
            (decimal, "tr_tt", PARSE),
            ("Not a valid UUID", "eid", PARSE),
            ("Not a valid event type", "e", PARSE),
        ])]),
    );
    // The enrichments ran: the missing event type is a failure of its own, which the bad row does not list.
    let [values, schema_fields] = failures(&event).try_into().unwrap();
    assert_eq!(values["failureType"], "ValidationError");
    assert_eq!(values["errors"].as_array().unwrap().len(), 11);
    same(
        &values["errors"][1],
        json!({
            "message": "Cannot be converted to java.lang.Integer", "source": "atomic_field", "path": "tid",
            "keyword": PARSE, "targets": [],
        }),
    );
    assert_eq!(values["schema"], "iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0");
    // More than four keys stand in the map's order.
    let keys: Vec<_> = values["data"].as_object().unwrap().keys().map(String::as_str).collect();
    let protocol: Vec<_> = keys.iter().filter(|key| **key != "collector_tstamp").copied().collect();
    assert_eq!(protocol, ["e", "eid", "tr_tt", "stm", "vp", "res", "cookie", "p", "dtm", "tid"]);
    assert_eq!(values["data"]["collector_tstamp"], "10000-01-01T00:00:00.000Z");
    assert_eq!(values["data"]["tr_tt"], "1.2.3");
    assert_eq!(values["timestamp"], "2025-05-01T00:00:00.001Z");
    assert_eq!((&values["componentName"], &values["componentVersion"]), (&json!("test"), &json!("1")));
    assert_eq!(schema_fields["failureType"], "EnrichmentError: ");
    let left = |field| event.get(field);
    assert_eq!(left(Field::Event).or(left(Field::TrTotal)).or(left(Field::CollectorTstamp)), None);
    assert_eq!((left(Field::AppId), left(Field::PageUrlhost)), (Some("shop"), Some("example.com")));
    // An id is there even though the tracker's is none.
    assert_eq!(left(Field::EventId), Some("00000000-0000-0000-0000-000000000000"));
}

#[test]
fn few_values_keep_the_order_of_their_reports() {
    let record = record(&[("e", "pv"), ("p", "web"), ("tid", "x"), ("vid", "y")], |_| ());
    let (event, row) = failed_and_bad(&record, &settings());
    let text = "Cannot be converted to java.lang.Integer";
    same(messages(&row), json!([atomic(&[(text, "vid", PARSE), (text, "tid", PARSE)])]));
    same(&failures(&event)[0]["data"], json!({"vid": "y", "tid": "x"}));
}

fn unstruct(inner: &str) -> String {
    let schema = "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0";
    format!(r#"{{"schema":"{schema}","data":{inner}}}"#)
}

fn contexts(items: &str) -> String {
    let schema = "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0";
    format!(r#"{{"schema":"{schema}","data":[{items}]}}"#)
}

fn item(name: &str, data: &str) -> String {
    format!(r#"{{"schema":"iglu:com.acme.piste/{name}/jsonschema/1-0-0","data":{data}}}"#)
}

/// What the bad row says of one broken self-describing event, and the entity that tells the same.
#[test]
fn broken_self_describing_events() {
    let deep = unstruct(&item("open", &format!("{}1{}", "[".repeat(50), "]".repeat(50))));
    let sup = unstruct(&item("sup", r#"{"a":1}"#));
    let long = format!("iglu:com.acme/{}/jsonschema/1-0-0", "n".repeat(129));
    let long_item = format!(r#"{{"schema":"{long}","data":{{}}}}"#);
    let foreign = item("open", "{}");
    let report = json!({
        "message": "$.a: integer found, string expected", "path": "$.a", "keyword": "type",
        "targets": ["integer", "string"],
    });
    let table = [
        (
            r#"{"a":"#.to_owned(),
            json!({"field": "unstruct", "value": r#"{"a":"#, "error": "invalid json: exhausted input"}),
            json!({
                "failureType": "NotJSON",
                "errors": [{"message": "invalid json: exhausted input", "source": "unstruct"}],
                "schema": null, "data": {"unstruct": r#"{"a":"#},
            }),
        ),
        (
            deep.clone(),
            json!({
                "field": "unstruct", "value": deep,
                "error": "invalid json: maximum allowed JSON depth exceeded",
            }),
            json!({
                "failureType": "NotJSON",
                "errors": [{"message": "invalid json: maximum allowed JSON depth exceeded", "source": "unstruct"}],
                "schema": null, "data": {"unstruct": deep},
            }),
        ),
        (
            "[1]".to_owned(),
            json!({"json": [1], "error": "INVALID_DATA_PAYLOAD"}),
            json!({
                "failureType": "NotIglu",
                "errors": [{"message": "Invalid data payload", "source": "unstruct"}],
                "schema": null, "data": [1],
            }),
        ),
        (
            unstruct(&long_item),
            json!({"json": {"schema": long, "data": {}}, "error": "INVALID_IGLUURI"}),
            json!({
                "failureType": "NotIglu",
                "errors": [{"message": "Invalid Iglu URI", "source": "unstruct"}],
                "schema": null, "data": {"schema": long, "data": {}},
            }),
        ),
        (
            foreign,
            json!({
                "schemaKey": "iglu:com.acme.piste/open/jsonschema/1-0-0",
                "schemaCriterion": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-*",
            }),
            json!({
                "failureType": "CriterionMismatch",
                "errors": [{
                    "message": "Unexpected schema: iglu:com.acme.piste/open/jsonschema/1-0-0 does not match the criterion",
                    "source": "unstruct",
                    "criterion": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-*",
                }],
                "schema": "iglu:com.acme.piste/open/jsonschema/1-0-0", "data": {},
            }),
        ),
        (
            sup,
            json!({
                "schemaKey": "iglu:com.acme.piste/sup/jsonschema/1-0-0",
                "error": {"supersededBy": "1-0-1", "error": "ValidationError", "dataReports": [report]},
            }),
            json!({
                "failureType": "ValidationError",
                "errors": [{
                    "message": "$.a: integer found, string expected", "source": "unstruct", "path": "$.a",
                    "keyword": "type", "targets": ["integer", "string"],
                }],
                "schema": "iglu:com.acme.piste/sup/jsonschema/1-0-0", "data": {"a": 1},
            }),
        ),
    ];
    for (text, message, mut entity) in table {
        let record = record(&[("e", "ue"), ("p", "web"), ("ue_pr", &text)], |_| ());
        let (event, row) = failed_and_bad(&record, &settings());
        assert_eq!(kind(&row), "schema_violations/jsonschema/2-0-1", "{text}");
        same(messages(&row), json!([message]));
        for (key, value) in
            [("timestamp", "2025-05-01T00:00:00.001Z"), ("componentName", "test"), ("componentVersion", "1")]
        {
            entity[key] = value.into();
        }
        same(&json!(failures(&event)), json!([entity]));
        // Without the event there is no name, and that is no error.
        assert_eq!((event.get(Field::UnstructEvent), event.get(Field::EventName)), (None, None), "{text}");
        same(
            &row["data"]["payload"]["enriched"]["derived_contexts"],
            json!(event.get(Field::DerivedContexts)),
        );
    }
}

#[test]
fn an_unknown_schema_names_who_was_asked() {
    let text = unstruct(&item("nobody", "{}"));
    let record = record(&[("e", "ue"), ("p", "web"), ("ue_pr", &text)], |_| ());
    let (event, row) = failed_and_bad(&record, &settings());
    let asked = |repository| {
        json!({
            "repository": repository, "errors": [{"error": "NotFound"}], "attempts": 1,
            "lastAttempt": "2025-05-01T00:00:00.001234Z",
        })
    };
    let history = json!([asked("Iglu Central"), asked("Iglu Client Embedded")]);
    let key = "iglu:com.acme.piste/nobody/jsonschema/1-0-0";
    same(
        messages(&row),
        json!([{"schemaKey": key, "error": {"error": "ResolutionError", "lookupHistory": history}}]),
    );
    let [entity] = failures(&event).try_into().unwrap();
    assert_eq!(entity["failureType"], "ResolutionError");
    same(
        &entity["errors"],
        json!([{
            "message": format!("Resolution error: schema {key} not found"), "source": "unstruct",
            "lookupHistory": history,
        }]),
    );
}

/// Atomic, event, entities; only the invalid entities go, and the enrichments' failures are told by entities alone.
#[test]
fn all_phases_in_their_order() {
    let good = item("open", r#"{"n":1.50}"#);
    let sent_contexts = contexts(&format!("{},{good},{}", item("sup", "[]"), item("sup", r#"{"a":1}"#)));
    let sent_unstruct = unstruct(&item("sup", r#"{"z":1}"#));
    let record = record(
        &[
            ("e", "ad"),
            ("p", "web"),
            ("tid", "x"),
            ("co", &sent_contexts),
            ("ue_pr", &sent_unstruct),
            ("url", "http://[bad"),
        ],
        |request| request.collector = None,
    );
    let (event, row) = failed_and_bad(&record, &settings());
    assert_eq!(kind(&row), "schema_violations/jsonschema/2-0-1");
    let keys: Vec<_> =
        messages(&row).as_array().unwrap().iter().map(|m| m["schemaKey"].as_str().unwrap()).collect();
    let sup = "iglu:com.acme.piste/sup/jsonschema/1-0-0";
    assert_eq!(keys, ["iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0", sup, sup, sup]);
    let told: Vec<_> = failures(&event)
        .iter()
        .map(|f| format!("{} {}", f["failureType"].as_str().unwrap(), f["errors"][0]["source"]))
        .collect();
    let expect = [
        r#"ValidationError "atomic_field""#,
        r#"ValidationError "unstruct""#,
        r#"ValidationError "contexts""#,
        r#"ValidationError "contexts""#,
        r#"EnrichmentError:  "event""#,
        "EnrichmentError:  null",
        r#"EnrichmentError:  "v_collector""#,
    ];
    assert_eq!(told, expect);
    let left = format!(
        r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{good}]}}"#
    );
    assert_eq!(event.get(Field::Contexts), Some(left.as_str()));
    let entity = &failures(&event)[4];
    assert_eq!(entity["data"], json!({"event": "ad_impression"}));
    assert!(entity["errors"][0]["message"].as_str().unwrap().starts_with("event - trying to extract"));
    assert_eq!(entity["schema"], Value::Null);
}

#[test]
fn failures_of_steps_come_from_the_last_to_the_first() {
    let record = record(&[("p", "web"), ("url", "http://[bad")], |request| request.collector = None);
    let (_, row) = failed_and_bad(&record, &settings());
    assert_eq!(kind(&row), "enrichment_failures/jsonschema/2-0-1");
    let said: Vec<_> = messages(&row)
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["enrichment"].clone(), m["message"]["field"].clone()))
        .collect();
    let field = |name: &str| (Value::Null, json!(name));
    assert_eq!(said, [field("event"), (Value::Null, Value::Null), field("v_collector")]);
    same(
        &messages(&row)[2]["message"],
        json!({"field": "v_collector", "value": null, "expectation": "should be set"}),
    );
}

#[test]
fn long_fields() {
    let over = |n: usize| "x".repeat(n);
    let text = |limit: u32| format!("Field is longer than maximum allowed size {limit}");
    let length = "atomic_field_length_exceeded";
    let url = format!("http://e.com/?{}", over(10_000));
    let record = |aid: &str| {
        record(
            &[
                ("e", "pv"),
                ("p", "web"),
                ("tna", &over(129)),
                ("aid", aid),
                ("url", &url),
                ("cv", &over(101)),
            ],
            |_| (),
        )
    };
    let (event, row) = failed_and_bad(&record(&over(256)), &settings());
    assert_eq!(kind(&row), "schema_violations/jsonschema/2-0-1");
    same(
        messages(&row),
        json!([atomic(&[
            (&text(255), "app_id", length),
            (&text(128), "name_tracker", length),
            (&text(100), "v_collector", length),
            (&text(10_000), "page_url", length),
            (&text(6_000), "page_urlquery", length),
        ])]),
    );
    // With a sink for failed events they go, but for those that every event has.
    assert_eq!((event.get(Field::AppId), event.get(Field::PageUrl)), (None, None));
    assert_eq!(event.get(Field::VCollector).map(str::len), Some(101));
    assert_eq!(row["data"]["payload"]["enriched"]["app_id"], Value::Null);
    let [entity] = failures(&event).try_into().unwrap();
    assert_eq!(entity["data"]["app_id"], over(256));
    assert_eq!(entity["errors"][0]["source"], "atomic_field");

    // Without one they stay in the bad row.
    let alone = outputs(&record(&over(256)), &Settings { emits_failed: false, ..settings() });
    let [bad] = alone.as_slice() else { panic!("{} outputs", alone.len()) };
    let row = json::parse(std::str::from_utf8(&bad.data).unwrap()).unwrap();
    assert_eq!(row["data"]["payload"]["enriched"]["app_id"], over(256));

    // As many UTF-16 units as allowed, and accepted all the same.
    let accepting = Settings { accept_invalid: true, emits_failed: false, ..settings() };
    let accepted = outputs(&record(&"😀".repeat(128)), &accepting);
    assert_eq!(accepted.iter().map(|output| output.kind).collect::<Vec<_>>(), [Kind::Good]);
}

#[test]
fn superseded_schemas_are_told_once_and_behind() {
    let sup = item("sup", r#"{"a":"x","b":"y"}"#);
    let record = record(
        &[("e", "ue"), ("p", "web"), ("ue_pr", &unstruct(&sup)), ("co", &contexts(&format!("{sup},{sup}")))],
        |_| (),
    );
    let outputs = outputs(&record, &settings());
    let [good] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
    let event = EnrichedEvent::parse_tsv(std::str::from_utf8(&good.data).unwrap()).unwrap();
    assert_eq!(event.get(Field::EventVersion), Some("1-0-1"));
    assert!(event.get(Field::UnstructEvent).unwrap().contains("com.acme.piste/sup/jsonschema/1-0-1"));
    let info = json!({
        "schema": "iglu:com.snowplowanalytics.iglu/validation_info/jsonschema/1-0-0",
        "data": {"originalSchema": "iglu:com.acme.piste/sup/jsonschema/1-0-0", "validatedWith": "1-0-1"},
    });
    let derived = json::parse(event.get(Field::DerivedContexts).unwrap()).unwrap();
    same(&derived["data"], json!([info]));
}

#[test]
fn outputs_that_are_too_large() {
    let small = Settings { max_record_size: 1_000, ..settings() };
    let page = "é".repeat(600);
    let good = record(&[("e", "pv"), ("p", "web"), ("page", &page)], |_| ());
    let bad = record(&[("p", "web"), ("page", &page)], |_| ());
    let table = [
        (&good, "Enriched event exceeds the maximum allowed size of 1000 bytes"),
        (
            &bad,
            "Event failed enrichment and resulting bad row exceeds the maximum allowed size of 1000 bytes",
        ),
    ];
    for (record, expectation) in table {
        let whole = outputs(record, &settings());
        let text = std::str::from_utf8(&whole.last().unwrap().data).unwrap().to_owned();
        let outputs = outputs(record, &small);
        let [output] = outputs.as_slice() else { panic!("{} outputs", outputs.len()) };
        let row = json::parse(std::str::from_utf8(&output.data).unwrap()).unwrap();
        assert_eq!(kind(&row), "size_violation/jsonschema/1-0-0");
        same(
            &row["data"]["failure"],
            json!({
                "timestamp": "2025-05-01T00:00:00.001234Z", "maximumAllowedSizeBytes": 1_000,
                "actualSizeBytes": text.encode_utf16().count(), "expectation": expectation,
            }),
        );
        assert_eq!(row["data"]["payload"], text.chars().take(100).collect::<String>());
    }
}
