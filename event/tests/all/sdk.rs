//! The Analytics SDK's JSON, recorded from the Scala SDK 3.2.1.

use event::{
    enriched::{EnrichedEvent, ParseError},
    json,
};
use serde_json::Value;

/// Recorded lines that we read differently, and why.
const DIFFERENT: [(i64, &str); 1] = [(
    141,
    "data that is no object is kept as it is; the original puts an object with nothing but the version in its place",
)];

#[test]
fn events_become_the_recorded_json() {
    let mut wrong = Vec::new();
    for line in include_str!("../golden/sdk/events.jsonl").lines() {
        let case = json::parse(line).unwrap();
        let number: i64 = case["line"].to_string().parse().unwrap();
        let tsv = case["tsv"].as_str().unwrap();
        let found = EnrichedEvent::split_tsv(tsv).and_then(|event| event.to_json());
        let same = match (&found, case["ok"].as_str(), case.get("error")) {
            (Ok(found), Some(recorded), _) => *found == json::parse(recorded).unwrap(),
            (Err(found), _, Some(recorded)) => found.to_json() == *recorded,
            _ => false,
        };
        if same == DIFFERENT.iter().any(|(line, _)| *line == number) {
            wrong.push(format!(
                "{number} {}: {}",
                case["note"],
                found.map_or_else(|e| e.to_string(), |v| difference(&v, &case))
            ));
        }
        // What the form with types says, the check of the whole line says too.
        assert_eq!(EnrichedEvent::parse_tsv(tsv).is_ok(), case.get("ok").is_some(), "{number}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    let found = event.to_json().unwrap();
    assert_eq!(found["geo_location"], "51.5,-0.09");
    // Entities of one schema stay together, wherever they come from (the original drops those of the tracker).
    let expect = r#"[{"_schema_version":"1-0-0","x":1E2},{"_schema_version":"1-0-2"}]"#;
    assert_eq!(json::to_compact(&found["contexts_a_b_1"]), expect);
    assert_eq!(json::to_compact(&found["contexts_a_d_1"]), "[[]]");
    assert_eq!(EnrichedEvent::split_tsv("a"), Err(ParseError::Columns { found: 1 }));
}
