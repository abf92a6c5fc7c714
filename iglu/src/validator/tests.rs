use serde_json::{Value, from_str, json};

use super::*;

fn reports(schema: &str, data: &str) -> Vec<String> {
    let validator = Validator::compile(&from_str(schema).unwrap()).unwrap();
    let data = from_str(data).unwrap();
    let reports = validator.reports(&data);
    assert_eq!(validator.is_valid(&data), reports.is_empty(), "{schema} {data}");
    reports.into_iter().map(|report| report.message).collect()
}

#[test]
fn a_schema_that_refers_to_itself_forever_is_refused() {
    for schema in
        [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"not": {"anyOf": [{"$ref": "#"}]}})]
    {
        assert!(Validator::compile(&schema).is_err(), "{schema}");
    }
    assert!(Validator::compile(&json!({"items": {"$ref": "#"}})).is_ok());
}

#[test]
fn remote_references_accept_everything() {
    assert_eq!(reports(r#"{"$ref":"http://example.com/x.json"}"#, "1"), [""; 0]);
    assert_eq!(reports(r##"{"$ref":"https://example.com/x.json#"}"##, "1"), [""; 0]);
    assert!(Validator::compile(&json!({"$ref": "iglu:com.acme/x/jsonschema/1-0-0"})).is_err());
}

#[test]
fn siblings_of_a_reference_apply() {
    let schema = r##"{"$ref":"#/definitions/a","maxLength":1,"definitions":{"a":{"type":"string"}}}"##;
    assert_eq!(reports(schema, r#""ab""#), ["$: may only be 1 characters long"]);
}

#[test]
fn names_in_pointers_may_be_escaped() {
    let schema = r##"{"$ref":"#/definitions/x~1y%25","definitions":{"x/y%":{"type":"string"}}}"##;
    assert_eq!(reports(schema, "1"), ["$: integer found, string expected"]);
}

#[test]
fn unique_items_holds_for_objects_too() {
    assert_eq!(
        reports(r#"{"uniqueItems":true}"#, r#"{"a":1,"b":1}"#),
        ["$: the items in the array must be unique"]
    );
}

#[test]
fn a_branch_that_only_a_negation_saves_does_not_count() {
    // The walk of `not` clears the mark by which `oneOf` counts: two branches hold, one is counted.
    let schema = r#"{"oneOf":[{"not":{"properties":{"a":{}},"required":["a"]}},{"type":"object"}]}"#;
    assert_eq!(reports(schema, "{}"), [""; 0]);
}

#[test]
fn schemas_are_checked() {
    let check = |schema: Value, expect: &[&str]| {
        let issues = Validator::checked(&schema).err().unwrap_or_default();
        let messages: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
        assert_eq!(messages, expect, "{schema}");
    };
    check(json!({"type": "object"}), &[]);
    check(
        json!({"type": "object", "required": []}),
        &["$.required: there must be a minimum of 1 items in the array"],
    );
    check(json!("x"), &["$: string found, object expected"]);
    check(json!({"properties": {"a": true}}), &["$.properties.a: boolean found, object expected"]);
    check(
        json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
        &["Unknown MetaSchema: http://json-schema.org/draft-07/schema#"],
    );
    check(json!([1, 2]), &["$: array found, object expected"]);
    check(
        json!({"type": "object", "properties": {"a": {"type": "strnig"}}}),
        &[
            "$.properties.a.type: does not have a value in the enumeration [array, boolean, integer, null, number, object, string]",
            "$.properties.a.type: string found, array expected",
        ],
    );
    check(json!({"minLength": -1}), &["$.minLength: must have a minimum value of 0"]);
}
