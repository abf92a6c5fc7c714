//! The Analytics SDK's JSON, recorded from the Scala SDKs 3.2.1 and 2.1.0.

use event::{
    enriched::{EnrichedEvent, ParseError, Sdk},
    json,
};
use serde_json::Value;

/// Recorded lines that we read differently, and why.
const DIFFERENT: [(i64, &str); 1] = [(
    141,
    "data that is no object is kept as it is; the original puts an object with nothing but the version in its place",
)];

fn written(event: &EnrichedEvent, sdk: Sdk) -> Result<Value, ParseError> {
    let mut text = "before ".to_owned();
    match event.write_json(sdk, &mut text) {
        Ok(()) => Ok(json::parse(text.strip_prefix("before ").unwrap()).unwrap()),
        Err(error) => {
            assert_eq!(text, "before ");
            Err(error)
        }
    }
}

/// What of the recorded lines is read differently in this line of the SDK.
fn differences(sdk: Sdk) -> Vec<(i64, String)> {
    let mut found = Vec::new();
    for line in include_str!("../golden/sdk/events.jsonl").lines() {
        let case = json::parse(line).unwrap();
        let number: i64 = case["line"].to_string().parse().unwrap();
        let tsv = case["tsv"].as_str().unwrap();
        // Recorded apart only where the two differ.
        let expect = case.get("sdk_2").filter(|_| sdk == Sdk::Two).unwrap_or(&case);
        let read = EnrichedEvent::split_tsv(tsv).and_then(|event| written(&event, sdk));
        let same = match (&read, expect["ok"].as_str(), expect.get("error")) {
            (Ok(read), Some(recorded), _) => *read == json::parse(recorded).unwrap(),
            (Err(read), _, Some(recorded)) => read.to_json_of(sdk) == *recorded,
            _ => false,
        };
        if !same {
            let what = read.map_or_else(|e| e.to_string(), |read| difference(&read, expect));
            found.push((number, format!("{number} {}: {what}", case["note"])));
        }
        // What the form with types says, the check of the whole line says too.
        assert_eq!(EnrichedEvent::parse_tsv(tsv).is_ok(), case.get("ok").is_some(), "{number}");
    }
    found
}

#[test]
fn events_become_the_recorded_json() {
    for (sdk, different) in [(Sdk::Three, &DIFFERENT[..]), (Sdk::Two, &[])] {
        let found = differences(sdk);
        let said: Vec<&str> = found.iter().map(|(_, said)| said.as_str()).collect();
        let numbers: Vec<i64> = found.iter().map(|(number, _)| *number).collect();
        let expect: Vec<i64> = different.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, expect, "{sdk:?}\n{}", said.join("\n"));
    }
}

fn difference(found: &Value, case: &Value) -> String {
    let recorded = case["ok"].as_str().map(|text| json::parse(text).unwrap()).unwrap_or_default();
    let keys =
        found.as_object().unwrap().keys().chain(recorded.as_object().into_iter().flat_map(|o| o.keys()));
    let differing = keys.filter(|key| found.get(*key) != recorded.get(*key));
    differing
        .map(|key| format!("{key}: {:?} {:?}", found.get(key), recorded.get(key)))
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn places_entities_and_names() {
    let mut event = EnrichedEvent::default();
    use event::atomic::Field;
    for (field, text) in [
        (Field::CollectorTstamp, "2024-01-01 00:00:00.000"),
        (Field::EventId, "8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"),
        (Field::VCollector, "c"),
        (Field::VEtl, "e"),
        (Field::GeoLatitude, "51.5"),
        (Field::GeoLongitude, "-0.09"),
        (
            Field::Contexts,
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:a/b/c/1-0-0","data":{"x":1E2}},{"schema":"iglu:a/d/c/1-0-0","data":[]}]}"#,
        ),
        (
            Field::DerivedContexts,
            r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:a/b/c/1-0-2","data":{}}]}"#,
        ),
    ] {
        event.set(field, text);
    }
    let found = written(&event, Sdk::Three).unwrap();
    assert_eq!(found["geo_location"], "51.5,-0.09");
    // Entities of one schema stay together, wherever they come from (the original drops those of the tracker).
    let expect = r#"[{"_schema_version":"1-0-0","x":1E2},{"_schema_version":"1-0-2"}]"#;
    assert_eq!(json::to_compact(&found["contexts_a_b_1"]), expect);
    assert_eq!(json::to_compact(&found["contexts_a_d_1"]), "[[]]");
    let found = written(&event, Sdk::Two).unwrap();
    assert_eq!(json::to_compact(&found["contexts_a_b_1"]), r#"[{"x":1E2},{}]"#);
    assert_eq!(EnrichedEvent::split_tsv("a"), Err(ParseError::Columns { found: 1 }));
}
