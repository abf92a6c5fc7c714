//! What authors of schemas are told before they publish.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::piste::run;

#[test]
fn a_version_that_has_not_grown_enough() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, version: &str, properties: Value, required: Value| {
        let schema = json!({
            "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
            "self": { "vendor": "com.acme", "name": "cart", "format": "jsonschema", "version": version },
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        let file = folder.path().join(name);
        fs::write(&file, schema.to_string()).unwrap();
        file.display().to_string()
    };
    let sku = json!({ "sku": { "type": "string", "maxLength": 64 } });
    let more = json!({ "sku": { "type": "string", "maxLength": 32 }, "quantity": { "type": "integer" } });
    let old = file("a", "1-0-0", sku.clone(), json!(["sku"]));
    let addition = file("b", "1-0-1", more.clone(), json!(["sku"]));
    let revision = file("c", "1-1-0", more, json!(["sku"]));
    let model = file("d", "1-1-0", json!({ "sku": { "type": "integer" } }), json!(["sku"]));

    let small = run(&["iglu", "diff", &old, &addition]);
    assert_eq!(small.code, Some(65), "{}{}", small.stdout, small.stderr);
    for line in [
        "REVISION  /properties/sku/maxLength: `maxLength` was 64, is 32",
        "ADDITION  /properties/quantity: is new",
        "Postgres  ALTER TABLE \"atomic\".\"com_acme_cart_1\" ADD COLUMN IF NOT EXISTS \"quantity\" BIGINT NULL",
        "Redshift  ALTER TABLE atomic.com_acme_cart_1 ADD COLUMN \"quantity\" BIGINT ENCODE ZSTD",
        "Parquet   unstruct_event_com_acme_cart_1.quantity: new, long, nullable",
        "1-0-0 -> 1-0-1 grows the ADDITION, and this is a REVISION: 1-1-0",
    ] {
        assert!(small.stdout.contains(line), "{line}:\n{}", small.stdout);
    }
    let right = run(&["iglu", "diff", &old, &revision]);
    assert_eq!(right.code, Some(0), "{}{}", right.stdout, right.stderr);
    let told = run(&["iglu", "diff", "--format", "json", &old, &model]);
    assert_eq!(told.code, Some(65), "{}{}", told.stdout, told.stderr);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(
        (&told["needs"], &told["version"], &told["fits"]),
        (&json!("MODEL"), &json!("2-0-0"), &json!(false))
    );
    assert_eq!(told["differences"][0]["pointer"], "/properties/sku/type");
    assert_eq!(told["redshift"], json!([]), "a text of 64 has room for any integer");
    assert_eq!(told["parquet"][0], "does not fit: Incompatible type change String to Long at /sku");
    let back = run(&["iglu", "diff", &revision, &old]);
    assert!(back.stdout.contains("1-0-0 is no later version than 1-1-0"), "{}", back.stdout);
    let none = run(&["iglu", "diff", &old, "/nonexistent"]);
    assert_eq!(none.code, Some(65), "{}", none.stderr);
}
