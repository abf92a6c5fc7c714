//! The recorded verdicts and reports of the original's validator (networknt 1.0.76 in iglu-scala-client 4.0.2).

use iglu::{client_error::ClientError, schema::Invalid, validator::Validator};
use serde_json::{Value, json};

#[test]
fn recorded_cases() {
    let mut failures = vec![];
    for line in include_str!("golden/validator.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let got = judge(&case["schema"], &case["data"]);
        let expect = &case["expect"];
        // Where the original throws the event is lost; here the schema is unusable, or understood after all.
        let same = match (expect.get("threw"), expect["valid"].as_bool()) {
            (Some(_), _) => threw_is_handled(case["id"].as_str().unwrap(), &got),
            (None, Some(true)) => got.is_none(),
            (None, _) => got.as_ref() == Some(&expect["error_full"]),
        };
        if !same {
            failures.push(format!("{}\n  expect {expect}\n  got    {got:?}", case["id"]));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

/// What becomes of the cases in which the original throws.
fn threw_is_handled(id: &str, got: &Option<Value>) -> bool {
    let unusable = got.as_ref().is_some_and(|error| error.get("schemaIssues").is_some());
    match id {
        // A name with a slash is found by its escaped pointer; custom error codes change nothing.
        "val-ref-escape-1" | "val-errorcode-1" => got
            .as_ref()
            .is_some_and(|error| error["dataReports"][0]["message"] == "$.a: integer found, string expected"),
        _ => unusable,
    }
}

fn judge(schema: &Value, data: &Value) -> Option<Value> {
    let invalid = match Validator::compile(schema) {
        Err(issue) => Invalid::Schema(vec![issue]),
        Ok(validator) => {
            let reports = validator.reports(data);
            assert_eq!(validator.is_valid(data), reports.is_empty(), "{schema} {data}");
            if reports.is_empty() {
                return None;
            }
            Invalid::Data(reports)
        }
    };
    let error = ClientError::Validation { invalid, superseded_by: None };
    assert_ne!(error.to_json(), json!(null));
    Some(error.to_json())
}
