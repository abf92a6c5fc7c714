//! Lines that become rows, and lines that do not.

use event::{atomic::Field, schema_key::SchemaKey};
use loaders::parquet::refusal::Refusal;
use serde_json::{Value, json};

use super::site::{contexts, field, files, line, object, read, schemas, unstruct};

#[test]
fn atomic_fields_come_back_as_they_were() {
    let whole = line(&[
        (Field::AppId, "shop é"),
        (Field::Platform, "web"),
        (Field::EtlTstamp, "2026-01-02 03:04:06.000"),
        (Field::TxnId, "-7"),
        (Field::DomainSessionidx, "2147483647"),
        (Field::GeoLatitude, "51.5074"),
        (Field::SeValue, "1.0E10"),
        (Field::TrTotal, "12.5"),
        (Field::TiPriceBase, "-0.01"),
        (Field::BrCookies, "1"),
        (Field::BrFeaturesPdf, "0"),
        (Field::DerivedTstamp, "2026-01-02 03:04:05.678901"),
        (Field::TrueTstamp, "1582-01-01 00:00:00.000"),
        (Field::EventVersion, "1-0-0"),
    ]);
    let file = &files(&[whole.clone(), line(&[])], &schemas(&[]))[0];
    assert_eq!((file.file.rows, file.file.refused.len()), (2, 0));
    assert_eq!(read(file), [whole, line(&[])]);
}

#[test]
fn what_is_no_row_says_why_and_leaves_its_neighbours_alone() {
    let schemas = schemas(&[
        (
            "com.acme/a/jsonschema/1-0-0",
            object(json!({"n": {"type": "integer"}, "l": {"type": "array", "items": {"type": "integer"}}})),
        ),
        ("com.acme/broken/jsonschema/1-0-0", json!({"type": "objekt"})),
    ]);
    let with = |key: &str, data: Value| {
        line(&[(
            Field::Contexts,
            &contexts(&[("com.acme/a/jsonschema/1-0-0", json!({"n": 1, "l": [1, 2]})), (key, data)]),
        )])
    };
    let good = with("com.acme/a/jsonschema/1-0-0", json!({"n": 2}));
    let iglu = |errors: Vec<Value>| Refusal::Iglu(errors);
    let wrong = |value: Value, expected: &str| json!({"schemaKey": "iglu:com.acme/a/jsonschema/1-0-0", "value": value, "expected": expected});
    let atomic = "iglu:com.snowplowanalytics.snowplow/atomic/jsonschema/1-0-0";
    for (bad, why) in [
        (with("com.acme/a/jsonschema/1-0-0", json!({"n": "x"})), iglu(vec![wrong(json!("x"), "Long")])),
        (
            with("com.acme/a/jsonschema/1-0-0", json!({"n": true, "l": [1, "2", null]})),
            // Fields are looked at in the order of their names.
            iglu(vec![wrong(json!("2"), "Long"), wrong(Value::Null, "Long"), wrong(json!(true), "Long")]),
        ),
        (
            with("com.acme/broken/jsonschema/1-0-0", json!({})),
            iglu(vec![
                json!({"schemaKey": "iglu:com.acme/broken/jsonschema/1-0-0", "message": "cannot be parsed as JSON Schema: type at  is not understood"}),
            ]),
        ),
        (
            with("com.acme/unknown/jsonschema/1-0-0", json!({})),
            iglu(vec![
                json!({"schemaKey": "iglu:com.acme/unknown/jsonschema/1-0-0", "message": "was not looked for"}),
            ]),
        ),
        (
            line(&[(Field::TrTotal, "1.005")]),
            iglu(vec![json!({"schemaKey": atomic, "value": 1.005, "expected": "Decimal(Digits18,2)"})]),
        ),
        (
            line(&[(Field::TrTax, "Infinity"), (Field::TiPrice, "1e300")]),
            iglu(vec![
                json!({"schemaKey": atomic, "value": "Infinity", "expected": "Decimal(Digits18,2)"}),
                serde_json::from_str(&format!(
                    r#"{{"schemaKey":"{atomic}","value":1.0E300,"expected":"Decimal(Digits18,2)"}}"#
                ))
                .unwrap(),
            ]),
        ),
        (
            line(&[(Field::TxnId, "x"), (Field::VEtl, "")]),
            Refusal::Parsing(json!({"type": "RowDecodingError", "errors": [
                {"type": "InvalidValue", "key": "txn_id", "value": "x", "message": "Cannot parse key txn_id into integer"},
                {"type": "InvalidValue", "key": "v_etl", "value": "", "message": "Field v_etl cannot be empty"},
            ]})),
        ),
    ] {
        let files = files(&[good.clone(), bad.clone(), good.clone()], &schemas);
        let file = &files[0].file;
        // The value is compared as text: the fraction of a number counts.
        let shown = |why: &Refusal| format!("{why:?}");
        assert_eq!(
            file.refused.iter().map(|(why, line)| (shown(why), line)).collect::<Vec<_>>(),
            [(shown(&why), &bad)]
        );
        assert_eq!((files.len(), file.rows), (1, 2));
        let read = read(&files[0]);
        let expect: Value = serde_json::from_str(field(&good, Field::Contexts)).unwrap();
        for line in &read {
            assert_eq!(serde_json::from_str::<Value>(field(line, Field::Contexts)).unwrap(), expect);
        }
    }
}

#[test]
fn data_that_are_left_out_have_no_column_and_are_not_judged() {
    let mut schemas = schemas(&[("com.acme/a/jsonschema/1-0-0", object(json!({"n": {"type": "integer"}})))]);
    let keys = ["com.acme/a/jsonschema/1-0-0", "com.acme/b/jsonschema/1-0-0", "com.acme/c/jsonschema/1-0-1"];
    let present = keys.iter().map(|key| SchemaKey::from_path(key).unwrap()).collect();
    let criteria = ["iglu:com.acme/b/jsonschema/1-*-*", "iglu:com.acme/c/jsonschema/*-*-*"];
    schemas.skip(&present, &criteria.map(|text| text.parse().unwrap()));
    let whole = line(&[
        (Field::Contexts, &contexts(&[(keys[0], json!({"n": 1})), (keys[1], json!({"any": "thing"}))])),
        (Field::UnstructEvent, &unstruct(keys[2], &json!([1]))),
    ]);
    let file = &files(&[whole], &schemas)[0];
    assert_eq!((file.file.rows, file.file.refused.len()), (1, 0));
    let kept = line(&[(Field::Contexts, &contexts(&[(keys[0], json!({"n": 1}))]))]);
    let read = read(file);
    let data =
        |line: &str| serde_json::from_str::<Value>(field(line, Field::Contexts)).unwrap()["data"].clone();
    assert_eq!((read.len(), data(&read[0])), (1, data(&kept)));
    assert_eq!(field(&read[0], Field::UnstructEvent), "");
}

#[test]
fn the_same_lines_are_the_same_bytes() {
    let schemas = schemas(&[("com.acme/a/jsonschema/1-0-0", object(json!({"n": {"type": "integer"}})))]);
    let lines: Vec<String> = (0..10_000)
        .map(|n| {
            let event = unstruct("com.acme/a/jsonschema/1-0-0", &json!({"n": n}));
            let name = format!("event {}", n % 3);
            line(&[
                (Field::UnstructEvent, &event),
                (Field::EventName, &name),
                (Field::PageUrl, &format!("https://a/{n}")),
            ])
        })
        .collect();
    let once = files(&lines, &schemas);
    let again = files(&lines, &schemas);
    assert_eq!(once.len(), 3);
    for (once, again) in once.iter().zip(&again) {
        assert!(once.file == again.file && once.event == again.event);
    }
    let rows: Vec<String> = once.iter().flat_map(read).collect();
    assert_eq!(rows.len(), lines.len());
}

#[test]
fn folders_are_named_as_hive_names_them() {
    let names = ["page_view", "a/b c", "..", "", "ä=1", &"x".repeat(1000)];
    let lines: Vec<String> = names.iter().map(|name| line(&[(Field::EventName, name)])).collect();
    let files = files(&lines, &schemas(&[]));
    let folders: Vec<&str> = files.iter().map(|file| file.event.name.as_str()).collect();
    let cut = folders[5];
    assert_eq!(folders[..5], ["page_view", "a%2Fb%20c", "%2E.", "__HIVE_DEFAULT_PARTITION__", "%C3%A4%3D1"]);
    assert!(cut.len() == 128 && cut.starts_with("xxx") && cut.as_bytes()[111] == b'-', "{cut}");
    assert!(files.iter().all(|file| file.event.date == "2026-01-02"));
}

#[test]
fn files_are_the_same_when_their_rows_are() {
    use loaders::parquet::{Compression, Options, file, pieces::Pieces, read::same_rows};
    let schemas = schemas(&[]);
    let file = |app: &str, compression| {
        let mut pieces = Pieces::default();
        pieces.push(&line(&[(Field::AppId, app)]), None);
        let options = Options { compression, ..Options::default() };
        file::write(pieces, &std::collections::BTreeSet::new(), &schemas, super::site::stamp(), options).bytes
    };
    let (zstd, snappy) = (file("a", Compression::Zstd), file("a", Compression::Snappy));
    assert!(zstd != snappy && same_rows(&zstd, &snappy));
    assert!(!same_rows(&zstd, &file("b", Compression::Zstd)));
    assert!(!same_rows(&zstd, b"PAR1"));
}
