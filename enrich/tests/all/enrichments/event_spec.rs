//! `event_spec_enrichment_config`.

use serde_json::{Value, json};

use super::{ENRICHMENTS, Enricher, build, configuration, contexts, escaped, unstruct};
use crate::samples::get;

fn config() -> Value {
    configuration(
        ENRICHMENTS,
        "event_spec_enrichment_config/1-0-0",
        json!({"uri": "http://h", "database": "specs.json"}),
    )
}

fn enricher(specs: &Value) -> Enricher {
    let file = json!({"eventSpecs": specs}).to_string();
    Enricher::with(&[config()], &[("specs.json", file.as_bytes())])
}

const OPEN: &str = "iglu:com.acme.piste/open/jsonschema/1-0-0";
const PAGE_VIEW: &str = "iglu:com.snowplowanalytics.snowplow/page_view/jsonschema/1-0-0";
const PAGE_PING: &str = "iglu:com.snowplowanalytics.snowplow/page_ping/jsonschema/1-0-0";

/// Ids of the specifications that an event follows.
fn ids(enricher: &Enricher, query: &str) -> Vec<String> {
    let entities = enricher.derived(&get(query));
    let id = |entity: &String| {
        let data = entity.strip_prefix("com.snowplowanalytics.snowplow/event_specification/1-0-4 ").unwrap();
        serde_json::from_str::<Value>(data).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let mut ids: Vec<_> = entities.iter().map(id).collect();
    ids.sort_unstable();
    ids
}

fn event(data: &str) -> String {
    format!("e=ue&p=web&ue_pr={}", escaped(&unstruct("open", data)))
}

fn with(query: &str, entities: &[&str]) -> String {
    format!("{query}&co={}", escaped(&contexts("open", entities)))
}

#[test]
fn the_entity() {
    let specs = json!([
        {"id": "a", "name": "A", "version": 3, "schemaKey": OPEN, "entities": []},
        {"id": "b", "name": "B", "schemaKey": OPEN, "entities": []},
    ]);
    let mut entities = enricher(&specs).derived(&get(&event("{}")));
    entities.sort_unstable();
    let name = "com.snowplowanalytics.snowplow/event_specification/1-0-4";
    assert_eq!(
        entities,
        [
            format!(r#"{name} {{"id":"a","name":"A","version":3}}"#),
            format!(r#"{name} {{"id":"b","name":"B"}}"#)
        ]
    );
}

#[test]
fn constraints_of_events() {
    let specs = json!([
        {"id": "any", "name": "n", "schemaKey": OPEN, "entities": []},
        {"id": "x", "name": "n", "schemaKey": OPEN, "constraint": {"properties": {"k": {"enum": ["x"]}}, "required": ["k"]}, "entities": []},
        {"id": "other", "name": "n", "schemaKey": "iglu:com.acme.piste/open/jsonschema/1-0-1", "entities": []},
        {"id": "nothing", "name": "n", "schemaKey": OPEN, "constraint": {"not": {}}, "entities": []},
    ]);
    let enricher = enricher(&specs);
    let table: [(&str, &[&str]); 4] = [
        (r#"{"k":"x"}"#, &["any", "x"]),
        (r#"{"k":"y"}"#, &["any"]),
        ("{}", &["any"]),
        (r#"{"k":1}"#, &["any"]),
    ];
    for (data, expect) in table {
        assert_eq!(ids(&enricher, &event(data)), expect, "{data}");
    }
    for query in ["e=se&p=web", "e=ue&p=web", "e=pv&p=web"] {
        assert_eq!(ids(&enricher, query), [""; 0], "{query}");
    }
}

#[test]
fn pages_and_pings() {
    let host = |schema: &str| {
        json!({
            "id": schema.split('/').nth(1).unwrap(), "name": "n", "schemaKey": schema, "entities": [],
            "constraint": {"properties": {"page_urlhost": {"enum": ["shop.example.com"]}, "page_urlport": {"enum": [80]}, "page_referrer": {"type": "null"}}},
        })
    };
    let scrolled = json!({
        "id": "scrolled", "name": "n", "schemaKey": PAGE_PING, "entities": [],
        "constraint": {"properties": {"pp_yoffset_max": {"type": "integer", "minimum": 100}}},
    });
    let enricher = enricher(&json!([host(PAGE_VIEW), host(PAGE_PING), scrolled]));
    let shop = escaped("http://shop.example.com/hats?x#y");
    let table: [(String, &[&str]); 5] = [
        (format!("e=pv&p=web&url={shop}"), &["page_view"]),
        (format!("e=pv&p=web&url={shop}&refr={shop}"), &[]),
        (format!("e=pp&p=web&url={shop}&pp_may=50"), &["page_ping"]),
        (format!("e=pp&p=web&url={shop}&pp_may=500"), &["page_ping", "scrolled"]),
        ("e=pp&p=web".to_owned(), &[]),
    ];
    for (query, expect) in table {
        assert_eq!(ids(&enricher, &query), expect, "{query}");
    }
}

#[test]
fn counts_and_constraints_of_entities() {
    let listed = |min: Value, max: Value, constraint: Value| {
        let mut entity = json!({"schemaKey": OPEN});
        for (name, value) in [("minCardinality", min), ("maxCardinality", max), ("constraint", constraint)] {
            if !value.is_null() {
                entity[name] = value;
            }
        }
        let id = format!(
            "{}-{}-{}",
            entity["minCardinality"],
            entity["maxCardinality"],
            entity["constraint"] != Value::Null
        );
        json!({"id": id, "name": "n", "schemaKey": PAGE_VIEW, "entities": [entity]})
    };
    let none = Value::Null;
    let is_x = json!({"properties": {"k": {"enum": ["x"]}}});
    let specs = json!([
        listed(none.clone(), none.clone(), none.clone()),
        listed(json!(1), none.clone(), none.clone()),
        listed(json!(2), json!(3), none.clone()),
        listed(none.clone(), json!(1), none.clone()),
        listed(json!(0), json!(0), none.clone()),
        listed(json!(1), none, is_x),
    ]);
    let enricher = enricher(&specs);
    let view = "e=pv&p=web";
    let (x, y) = (r#"{"k":"x"}"#, r#"{"k":"y"}"#);
    let table: [(String, &[&str]); 5] = [
        (view.to_owned(), &["0-0-false", "null-1-false", "null-null-false"]),
        (with(view, &[x]), &["1-null-false", "1-null-true", "null-1-false", "null-null-false"]),
        (with(view, &[y]), &["1-null-false", "null-1-false", "null-null-false"]),
        (with(view, &[x, y]), &["1-null-false", "2-3-false", "null-null-false"]),
        (with(view, &[x, x, x, x]), &["1-null-false", "1-null-true", "null-null-false"]),
    ];
    for (query, expect) in table {
        assert_eq!(ids(&enricher, &query), expect, "{query}");
    }
}

/// Of an id with versions the latest counts.
#[test]
fn versions() {
    let spec = |version: Value, k: &str| {
        let constraint = json!({"properties": {"k": {"enum": [k]}}, "required": ["k"]});
        let mut spec =
            json!({"id": "s", "name": "n", "schemaKey": OPEN, "constraint": constraint, "entities": []});
        if !version.is_null() {
            spec["version"] = version;
        }
        spec
    };
    let enricher = enricher(&json!([
        spec(json!(2), "two"),
        spec(json!(10), "ten"),
        spec(json!(9), "nine"),
        spec(Value::Null, "none")
    ]));
    for (k, expect) in [("two", 0), ("nine", 0), ("ten", 1), ("none", 1)] {
        assert_eq!(ids(&enricher, &event(&json!({"k": k}).to_string())).len(), expect, "{k}");
    }
}

/// A tracker that says which specification its event follows is believed.
#[test]
fn what_the_tracker_says() {
    let enricher = enricher(&json!([{"id": "a", "name": "A", "schemaKey": PAGE_VIEW, "entities": []}]));
    let told = r#"{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[{"schema":"iglu:com.snowplowanalytics.snowplow/event_specification/jsonschema/1-0-0","data":{"id":"b7b1b2f4-0000-4000-8000-000000000000"}}]}"#;
    assert_eq!(enricher.derived(&get(&format!("e=pv&p=web&co={}", escaped(told)))), [""; 0]);
    assert_eq!(ids(&enricher, "e=pv&p=web"), ["a"]);
}

#[test]
fn files_that_are_no_specifications() {
    let deep = format!("{{\"eventSpecs\":{}", "[".repeat(10_000));
    let spec = |more: &str| {
        format!(r#"{{"eventSpecs":[{{"id":"s","name":"n","schemaKey":"{OPEN}","entities":[]{more}}}]}}"#)
    };
    let parsing = "Failed to parse event specs file: ";
    let compiling = "Could not compile event spec s: ";
    let table = [
        (String::new(), parsing),
        ("eventSpecs: []".to_owned(), parsing),
        ("{}".to_owned(), parsing),
        ("{\"eventSpecs\":[{\"id\":\"s\"}]}".to_owned(), parsing),
        (deep, parsing),
        (spec(r#","version":"1""#), parsing),
        (spec(r#","constraint":{"pattern":"("}"#), compiling),
        (spec("").replace("iglu:", "uglu:"), compiling),
        (spec("").replace("[]}", r#"[{"schemaKey":"x"}]}"#), compiling),
    ];
    for (content, expect) in table {
        let said = build(&[config()], &[("specs.json", content.as_bytes())]).err();
        let said = said.unwrap_or_else(|| panic!("{}", &content[..content.len().min(200)]));
        assert!(said.starts_with(&format!("it: http://h/specs.json: {expect}")), "{said}");
    }
}
