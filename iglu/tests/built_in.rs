//! The built-in schemas: usable, named as their paths say, and saying what the published schema of the same key says.

use std::{collections::BTreeSet, path::PathBuf};

use iglu::{built_in, schema::Schema};
use serde_json::{Map, Value, json};

#[test]
fn all_are_usable_and_named_by_their_paths() {
    let keys: Vec<_> = built_in::keys().collect();
    assert!(keys.len() > 150);
    assert!(keys.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len() == keys.len());
    for key in keys {
        let json =
            built_in::schema(&key).unwrap_or_else(|| panic!("{key} is not found: is the table sorted?"));
        let named = json!({
            "vendor": key.vendor, "name": key.name, "format": key.format, "version": key.version.to_string(),
        });
        assert_eq!(json["self"], named);
        assert!(json["description"].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        let schema = Schema::compile(key, json);
        assert_eq!(schema.issues(), [], "{}", schema.key);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    assert!(built_in::schema(&"iglu:com.acme/none/jsonschema/1-0-0".parse().unwrap()).is_none());
    let versions = built_in::versions("com.snowplowanalytics.snowplow", "payload_data", 1);
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    assert_eq!(versions, ["1-0-0", "1-0-1", "1-0-2", "1-0-3", "1-0-4"]);
}

#[test]
fn they_say_what_the_published_schemas_say() {
    let golden = std::env::var_os("PISTE_GOLDEN")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden"), PathBuf::from);
    let schemas = golden.join("schemas");
    if !schemas.is_dir() {
        println!(
            "LEFT OUT: comparing the built-in schemas with published ones, for there are none in {}",
            schemas.display()
        );
        return;
    }
    let mut compared = 0;
    for key in built_in::keys() {
        let Ok(text) = std::fs::read_to_string(schemas.join(key.path())) else { continue };
        let published: Value = serde_json::from_str(&text).unwrap();
        let ours = built_in::schema(&key).unwrap();
        assert_eq!(without_words(&ours), without_words(&published), "{key}");
        compared += 1;
    }
    assert!(compared > 30, "only {compared} of the built-in schemas are in {}", schemas.display());
}

/// A schema without what is only for people to read; members in the order of their names.
fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "description" | "title" | "self" | "$schema"));
            let mut members: Vec<(String, Value)> = kept
                .map(|(name, value)| {
                    let value = match (name.as_str(), value) {
                        // Here names are not keywords.
                        ("properties" | "patternProperties" | "definitions", Value::Object(map)) => {
                            map.iter().map(|(name, schema)| (name.clone(), without_words(schema))).collect()
                        }
                        _ => without_words(value),
                    };
                    (name.clone(), value)
                })
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(without_words).collect(),
        scalar => scalar.clone(),
    }
}
