//! What sets the Apache line apart where no recorded case tells.

use enrich::{
    compatibility::Compatibility,
    enrichments::{Enrichments, assets::Assets, configuration::Configuration},
    output::{Kind, Output},
    settings::Settings,
};
use event::{atomic::Field, bad_row::Processor, enriched::EnrichedEvent, json};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    registry::Registry,
    samples::{encoded, get, payload},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn settings(compatibility: Compatibility) -> Settings {
    Settings::new(compatibility, Processor { artifact: "test".into(), version: "1".into() })
}

fn outputs(record: &[u8], settings: &Settings) -> Vec<Output> {
    thread_local! {
        static REGISTRY: Registry = Registry::at(NOW);
    }
    let made = REGISTRY.with(|registry| registry.process(record, settings, NOW, &mut || Uuid::nil()));
    made.expect("no foreign schema is needed")
}

fn row(output: &Output) -> Value {
    json::parse(std::str::from_utf8(&output.data).unwrap()).unwrap()
}

fn line(output: &Output) -> EnrichedEvent {
    assert_eq!(output.kind, Kind::Good, "{}", String::from_utf8_lossy(&output.data));
    EnrichedEvent::parse_tsv(std::str::from_utf8(&output.data).unwrap()).unwrap()
}

/// The Apache line hides addresses only after everything else went well.
#[test]
fn addresses_of_failed_events() {
    let configuration = json!({
        "schema": "iglu:com.snowplowanalytics.snowplow/anon_ip/jsonschema/1-0-1",
        "data": {
            "name": "anon_ip", "vendor": "com.snowplowanalytics.snowplow", "enabled": true,
            "parameters": {"anonOctets": 2, "anonSegments": 2},
        },
    });
    let configurations = [Configuration::from_json("anon_ip", configuration).unwrap()];
    for (compatibility, expect) in
        [(Compatibility::Current, "203.0.x.x"), (Compatibility::Apache, "203.0.113.7")]
    {
        let enrichments = Enrichments::build(&configurations, &Assets::default()).unwrap();
        let settings = Settings { enrichments: enrichments.into(), ..settings(compatibility) };
        let [bad] = outputs(&get("p=web"), &settings).try_into().unwrap();
        let enriched = &row(&bad)["data"]["payload"]["enriched"];
        assert_eq!(enriched["user_ipaddress"], expect, "{compatibility:?}");
        let [good] = outputs(&get("p=web&e=pv"), &settings).try_into().unwrap();
        assert_eq!(line(&good).get(Field::UserIpaddress), Some("203.0.x.x"));
    }
}

/// A payload of another schema is not looked into; the current line tells everything.
#[test]
fn payloads_of_another_schema() {
    let schema = "iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/2-0-0".to_owned();
    let record = encoded(&event::payload::CollectorPayload {
        schema,
        path: None,
        querystring: Some("%".into()),
        network_userid: Some("x".into()),
        ..payload()
    });
    let said = |compatibility| -> Vec<Value> {
        let outputs = outputs(&record, &settings(compatibility));
        outputs.iter().map(|output| row(output)["data"]["failure"]["message"].clone()).collect()
    };
    let last = json!({
        "error": "verifying record as iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/1-0-* failed: found iglu:com.snowplowanalytics.snowplow/CollectorPayload/thrift/2-0-0",
    });
    assert_eq!(said(Compatibility::Apache), std::slice::from_ref(&last));
    let all = said(Compatibility::Current);
    let fields: Vec<_> = all.iter().map(|message| message["payloadField"].as_str()).collect();
    assert_eq!(fields, [Some("querystring"), Some("path"), Some("networkUserId"), None]);
    assert_eq!(all[3], last);
}

/// An envelope without entities stays as the tracker wrote it.
#[test]
fn empty_envelopes() {
    let sent =
        "{%22data%22:[],%20%22schema%22:%22iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1%22}"
            .replace(['{', '}'], "");
    let record = get(&format!("e=pv&p=web&co=%7B{sent}%7D"));
    let kept = r#"{"data":[],"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1"}"#;
    for (compatibility, expect) in [(Compatibility::Apache, Some(kept)), (Compatibility::Current, None)] {
        let [good] = outputs(&record, &settings(compatibility)).try_into().unwrap();
        assert_eq!(line(&good).get(Field::Contexts), expect);
    }
}

/// What superseded what is told once, though the event and an entity were judged so.
#[test]
fn superseded_schemas() {
    let item = |name: &str, data: &str| {
        format!(r#"{{"schema":"iglu:com.acme.piste/{name}/jsonschema/1-0-0","data":{data}}}"#)
    };
    let envelope = |name: &str, data: &str| {
        format!(r#"{{"schema":"iglu:com.snowplowanalytics.snowplow/{name}/jsonschema/1-0-0","data":{data}}}"#)
    };
    let escaped = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let sup = item("sup", "{}");
    let event = escaped(&envelope("unstruct_event", &sup));
    let entities = escaped(&envelope("contexts", &format!("[{sup}]")));
    let record = get(&format!("e=ue&p=web&ue_pr={event}&co={entities}"));
    for compatibility in [Compatibility::Apache, Compatibility::Current] {
        let [good] = outputs(&record, &settings(compatibility)).try_into().unwrap();
        let derived = line(&good).get(Field::DerivedContexts).unwrap().to_owned();
        assert_eq!(derived.matches("validation_info").count(), 1, "the same is told once");
    }
}

/// Limits that are not those of the current line.
#[test]
fn limits() {
    let apache = Compatibility::Apache.limits();
    let current = Compatibility::Current.limits();
    let table = [
        (Field::PageUrl, 4096, 10_000),
        (Field::PageReferrer, 4096, 10_000),
        (Field::MktClickid, 128, 1000),
        (Field::SeLabel, 4096, 4096),
        (Field::PageUrlpath, 3000, 3000),
        (Field::RefrUrlpath, 6000, 6000),
        (Field::Useragent, 1000, 1000),
    ];
    for (field, in_apache, in_current) in table {
        let found = (apache[field as usize], current[field as usize]);
        assert_eq!(found, (Some(in_apache), Some(in_current)), "{}", field.name());
    }
}
