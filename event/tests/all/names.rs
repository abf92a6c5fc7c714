//! Schema keys, criteria, self-describing data, names of entities.

use event::{
    json,
    schema_key::{SchemaCriterion, SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
    shredded_name,
};

fn key(uri: &str) -> SchemaKey {
    uri.parse().unwrap()
}

#[test]
fn schema_keys() {
    let long = "a".repeat(128);
    let uri = format!("iglu:{long}/{long}/{long}/1-0-0");
    for uri in ["iglu:com.acme/click/jsonschema/1-0-0", "iglu:A-b_c.9/N-_/j-_/2147483647-0-10", &uri] {
        assert_eq!(key(uri).to_string(), uri);
        assert_eq!(format!("iglu:{}", key(uri).path()), uri);
    }
    let check = |uri: &str, code: &str| assert_eq!(uri.parse::<SchemaKey>().unwrap_err().code, code, "{uri}");
    for uri in [
        "",
        "nonsense",
        "com.acme/click/jsonschema/1-0-0",
        "iglu:com.acme/click/jsonschema",
        "iglu:com.acme/click/jsonschema/1-0-0/x",
        "iglu:com.acme//jsonschema/1-0-0",
        "iglu:com acme/click/jsonschema/1-0-0",
        "iglu:com.acme/cl.ick/jsonschema/1-0-0",
        "iglu:com.acmé/click/jsonschema/1-0-0",
        "iglu:a/b/c/1-0",
        "iglu:a/b/c/1-0-0-0",
        "iglu:a/b/c/1-0-x",
        &format!("iglu:{long}a/b/c/1-0-0"),
    ] {
        check(uri, "INVALID_IGLUURI");
    }
    for version in
        ["0-0-0", "01-0-0", "1-00-0", "1--0", "--", "2147483648-0-0", "99999999999999999999-0-0", "1-0-?"]
    {
        check(&format!("iglu:a/b/c/{version}"), "INVALID_SCHEMAVER");
    }
}

#[test]
fn keys_are_ordered_by_number() {
    let mut keys = ["iglu:b/a/c/1-0-0", "iglu:a/b/c/10-0-0", "iglu:a/b/c/2-0-0"].map(key);
    keys.sort();
    assert_eq!(keys.map(|k| k.to_string()), ["iglu:a/b/c/2-0-0", "iglu:a/b/c/10-0-0", "iglu:b/a/c/1-0-0"]);
    assert!("1-2-10".parse::<SchemaVersion>().unwrap() > SchemaVersion::new(1, 2, 9));
}

#[test]
fn criteria() {
    let check = |criterion: &str, uri: &str, expect: bool| {
        let parsed: SchemaCriterion = criterion.parse().unwrap();
        assert_eq!(parsed.to_string(), criterion);
        assert_eq!(parsed.matches(&key(uri)), expect, "{criterion} {uri}");
    };
    check("iglu:com.acme/click/jsonschema/1-0-*", "iglu:com.acme/click/jsonschema/1-0-7", true);
    check("iglu:com.acme/click/jsonschema/1-0-*", "iglu:com.acme/click/jsonschema/1-1-0", false);
    check("iglu:com.acme/click/jsonschema/*-*-*", "iglu:com.acme/click/jsonschema/9-1-0", true);
    check("iglu:com.acme/click/jsonschema/*-*-*", "iglu:com.acme/clack/jsonschema/9-1-0", false);
    check("iglu:com.acme/click/jsonschema/1-0-0", "iglu:com.acme/click/jsonschema/1-0-0", true);
    for wrong in ["iglu:a/b/c/1-*", "a/b/c/1-0-*", "iglu:a/b/c/0-*-*", "iglu:a/b/c/1-0-x", "iglu:*/b/c/1-0-0"]
    {
        assert!(wrong.parse::<SchemaCriterion>().is_err(), "{wrong}");
    }
}

#[test]
fn self_describing_data() {
    let check = |text: &str, expect: Result<&str, &str>| {
        let found = SelfDescribing::from_json(json::parse(text).unwrap());
        let printed = found.as_ref().map(|s| json::to_compact(&s.to_json())).map_err(|e| e.code);
        assert_eq!(printed.as_ref().map(String::as_str).map_err(|e| *e), expect, "{text}");
        if let Ok(found) = found {
            let mut out = String::new();
            found.write_compact(&mut out);
            assert_eq!(Some(out), printed.ok());
        }
    };
    let plain = r#"{"schema":"iglu:a/b/c/1-0-0","data":{"x":1}}"#;
    check(plain, Ok(plain));
    check(
        r#"{"data":null,"more":1,"schema":"iglu:a/b/c/1-0-0"}"#,
        Ok(r#"{"schema":"iglu:a/b/c/1-0-0","data":null}"#),
    );
    for text in
        ["1", "[]", "{}", r#"{"schema":"iglu:a/b/c/1-0-0"}"#, r#"{"schema":1,"data":1}"#, r#"{"data":1}"#]
    {
        check(text, Err("INVALID_DATA_PAYLOAD"));
    }
    check(r#"{"schema":"x","data":1}"#, Err("INVALID_IGLUURI"));
    check(r#"{"schema":"iglu:a/b/c/0-0-0","data":1}"#, Err("INVALID_SCHEMAVER"));
}

#[test]
fn names_of_entities() {
    let check = |uri: &str, expect: &str| {
        assert_eq!(shredded_name::contexts(&key(uri)), format!("contexts_{expect}"))
    };
    check("iglu:com.acme/click/jsonschema/1-0-0", "com_acme_click_1");
    check("iglu:com.Acme-x/testTESTSchema/jsonschema/2-0-0", "com_acme_x_test_testschema_2");
    check("iglu:com.acme/PascalCase/jsonschema/1-0-0", "com_acme_pascal_case_1");
    check("iglu:com.acme/with-dash_Under/jsonschema/1-0-0", "com_acme_with_dash_under_1");
    check("iglu:com.acme/HTTPCookie9X/jsonschema/1-0-0", "com_acme_httpcookie9_x_1");
    assert_eq!(shredded_name::unstruct_event(&key("iglu:a/b/c/1-0-0")), "unstruct_event_a_b_1");
    assert_eq!(shredded_name::table(&key("iglu:a/b/c/1-0-0")), "a_b_1");
}
