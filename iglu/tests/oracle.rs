//! Our validator beside the `jsonschema` crate: where the original follows draft 4 both give the same verdict, and the
//! verdict is the same as that of the reports.

#![expect(clippy::unwrap_used, reason = "a test")]

use iglu::validator::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-4i64..9).prop_map(Value::from),
        prop::sample::select(vec!["0.5", "2.25", "1e3", "-7.5", "123456789012345"])
            .prop_map(|text| serde_json::from_str(text).unwrap()),
        "[ab]{0,4}".prop_map(Value::from),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn keyword() -> impl Strategy<Value = (&'static str, Value)> {
    let kind =
        || prop::sample::select(vec!["object", "array", "string", "integer", "number", "boolean", "null"]);
    prop_oneof![
        kind().prop_map(|kind| ("type", json!(kind))),
        prop::sample::subsequence(vec!["object", "array", "string", "integer", "boolean", "null"], 2..4)
            .prop_map(|kinds| ("type", json!(kinds))),
        (0u32..4).prop_map(|limit| ("minLength", json!(limit))),
        (0u32..4).prop_map(|limit| ("maxLength", json!(limit))),
        (-4i64..9).prop_map(|limit| ("minimum", json!(limit))),
        (-4i64..9).prop_map(|limit| ("maximum", json!(limit))),
        (1i64..4).prop_map(|divisor| ("multipleOf", json!(divisor))),
        (0u32..4).prop_map(|limit| ("minItems", json!(limit))),
        (0u32..4).prop_map(|limit| ("maxItems", json!(limit))),
        (0u32..3).prop_map(|limit| ("minProperties", json!(limit))),
        (0u32..4).prop_map(|limit| ("maxProperties", json!(limit))),
        prop::sample::select(vec!["^a", "b$", "^[ab]+$", "ab"])
            .prop_map(|pattern| ("pattern", json!(pattern))),
        prop::sample::subsequence(vec!["a", "b", "c"], 1..3).prop_map(|names| ("required", json!(names))),
        // Distinct: the crate's own check of schemas does not mind repetitions.
        prop::sample::subsequence(
            vec![json!(null), json!(true), json!(1), json!(2.25), json!("a"), json!("ab")],
            1..4
        )
        .prop_map(|values| ("enum", json!(values))),
        Just(("additionalProperties", json!(false))),
        Just(("dependencies", json!({"a": ["b"]}))),
    ]
}

/// Small schemas, combined in every way but `oneOf` around `not`, where the original counts otherwise.
fn schema() -> impl Strategy<Value = Value> {
    let object = |keywords: Vec<(&'static str, Value)>| -> Value {
        keywords.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let leaf = prop::collection::vec(keyword(), 0..4).prop_map(object);
    leaf.prop_recursive(3, 16, 3, move |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        let around = prop_oneof![
            prop::collection::btree_map("[abc]", inner.clone(), 1..3)
                .prop_map(|map| ("properties", json!(map))),
            prop::collection::btree_map("\\^[ab]", inner.clone(), 1..3)
                .prop_map(|map| ("patternProperties", json!(map))),
            inner.clone().prop_map(|schema| ("additionalProperties", schema)),
            inner.clone().prop_map(|schema| ("items", schema)),
            list.clone().prop_map(|list| ("items", json!(list))),
            list.clone().prop_map(|list| ("anyOf", json!(list))),
            list.clone().prop_map(|list| ("oneOf", json!(list))),
            list.prop_map(|list| ("allOf", json!(list))),
            inner.prop_map(|schema| ("dependencies", json!({"b": schema}))),
        ];
        (prop::collection::vec(keyword(), 0..2), prop::collection::vec(around, 1..3)).prop_map(
            move |(mut keywords, around)| {
                keywords.extend(around);
                keywords.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn verdicts_agree(schema in schema(), negated: bool, data in document()) {
        let has_one_of = schema.to_string().contains("\"oneOf\"");
        let schema = if negated && !has_one_of { json!({"not": schema}) } else { schema };
        let (ours, theirs) = match (Validator::checked(&schema), jsonschema::draft4::new(&schema)) {
            (Ok(ours), Ok(theirs)) => (ours, theirs),
            (ours, theirs) => {
                prop_assert_eq!(ours.is_err(), theirs.is_err(), "the check of {}", &schema);
                return Ok(());
            }
        };
        let verdict = ours.is_valid(&data);
        prop_assert_eq!(verdict, ours.reports(&data).is_empty(), "reports of {} on {}", &schema, &data);
        prop_assert_eq!(verdict, theirs.is_valid(&data), "{} on {}", &schema, &data);
    }

    #[test]
    fn any_json_is_compiled_or_refused(schema in document(), data in document()) {
        if let Ok(validator) = Validator::checked(&schema) {
            prop_assert_eq!(validator.is_valid(&data), validator.reports(&data).is_empty());
        }
    }
}
