//! The registry that schemas are published to: alone with each storage, and inside of `piste up`.

use std::net::SocketAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    database::Database,
    http::{self, Answer},
    piste::{Launch, PATIENCE, run},
    postgres::Postgres,
    wait,
};

const SUPER: &str = "11111111-2222-4333-8444-555555555555";
const META: &str = "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

#[test]
fn alone_with_each_storage() {
    let folder = TempDir::new().unwrap();
    let file = format!("-Ddatabase.path={}", folder.path().join("in/iglu.sqlite").display());
    let postgres = Postgres::start();
    let host = format!("-Ddatabase.host={}", postgres.host());
    let database =
        ["-Ddatabase.type=postgres", &host, "-Ddatabase.dbname=postgres", "-Ddatabase.username=postgres"];
    for (kind, storage) in [("sqlite", &[file.as_str()][..]), ("postgres", &database[..])] {
        let mut setup = vec!["iglu-server", "setup"];
        setup.extend(storage);
        let done = run(&setup);
        assert_eq!(done.code, Some(0), "{kind}: {}", done.stderr);

        let super_key = format!("-DsuperApiKey={SUPER}");
        let launch = Launch::iglu_server().with(storage).with(&[&super_key, "-DrepoServer.hsts.enable=true"]);
        let server = launch.start_unready();
        let info = http::get(server.admin, "/api/meta/server").unwrap();
        assert_eq!(info.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
        let info: Value = serde_json::from_slice(&info.body).unwrap();
        assert_eq!((&info["database"], &info["version"]), (&json!(kind), &json!("0.14.0")));
        assert_eq!(http::get(server.admin, "/api/meta/health/db").unwrap().text(), "OK");

        assert_eq!(publish(server.admin, "1-0-0", json!({})).status, 201, "{kind}");
        assert_eq!(publish(server.admin, "1-0-0", json!({})).status, 409, "{kind}");
        let path = "/api/schemas/com.acme/cart/jsonschema/1-0-0";
        assert_eq!(http::get(server.admin, path).unwrap().status, 404, "nobody sees a private schema");
        let keys =
            ask(server.admin, "POST", "/api/auth/keygen", Some(SUPER), r#"{"vendorPrefix":"com.acme"}"#);
        let keys: Value = serde_json::from_slice(&keys.body).unwrap();
        let read = keys["read"].as_str().unwrap();
        assert_eq!(ask(server.admin, "GET", path, Some(read), "").status, 200);

        // The limits of the current line.
        let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        assert_eq!(ask(server.admin, "PUT", path, Some(SUPER), &deep).status, 422);
        let large = ask(server.admin, "PUT", path, Some(SUPER), &"x".repeat(100_000));
        assert_eq!((large.status, large.text().as_str()), (413, r#"{"message":"The payload is too large"}"#));
        let judged = ask(server.admin, "POST", "/api/validation/validate/schema/jsonschema", None, "{}");
        assert_eq!((judged.status, judged.text().as_str()), (403, r#"{"message":""}"#));

        // What was answered is there after a crash.
        server.kill();
        let server = launch.start_unready();
        assert_eq!(ask(server.admin, "GET", path, Some(read), "").status, 200, "{kind}");
        let unknown = Some("99999999-9999-4999-8999-999999999999");
        for _ in 0..60 {
            assert_eq!(ask(server.admin, "GET", "/api/schemas", unknown, "").status, 200);
        }
        let refused = ask(server.admin, "GET", path, unknown, "");
        assert_eq!(refused.status, 429, "too many unknown keys from this address");
        assert!(refused.header("retry-after").is_some());
        assert_eq!(ask(server.admin, "GET", path, Some(read), "").status, 200, "who has a key goes on");
        assert_eq!(http::get(server.admin, "/api/schemas").unwrap().status, 200, "without a key it goes on");
        server.finish_well();
    }
}

#[test]
fn on_a_database_that_takes_none_but_encrypted_connections() {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (_postgres, port) = Postgres::with_tls(&own.cert.pem(), &own.signing_key.serialize_pem());
    let port = format!("-Ddatabase.port={port}");
    let database = [
        "-Ddatabase.type=postgres",
        "-Ddatabase.host=127.0.0.1",
        &port,
        "-Ddatabase.dbname=postgres",
        "-Ddatabase.username=postgres",
    ];
    let setup = |more: &[&str]| run(&[&["iglu-server", "setup"], &database[..], more].concat());
    let plain = setup(&["-Ddatabase.sslMode=disable"]);
    assert_eq!(plain.code, Some(69), "{}", plain.stderr);
    let unknown = setup(&["-Ddatabase.sslMode=verify-full"]);
    assert_eq!(unknown.code, Some(69), "nobody vouches for the certificate: {}", unknown.stderr);
    let wrong = setup(&["-Ddatabase.sslMode=maybe"]);
    assert_eq!(wrong.code, Some(78), "{}", wrong.stderr);
    assert_eq!(setup(&["-Ddatabase.sslMode=require"]).code, Some(0));

    let super_key = format!("-DsuperApiKey={SUPER}");
    let server = Launch::iglu_server().with(&database).with(&[&super_key]).start_unready();
    assert_eq!(publish(server.admin, "1-0-0", json!({})).status, 201, "encrypted where it is offered");
    server.finish_well();
}

#[test]
fn from_publishing_to_a_column() {
    let data = TempDir::new().unwrap();
    let postgres = Postgres::start();
    let arguments = ["--postgres", &postgres.url(), "--iglu-super-key", SUPER];
    let piste = Launch::up(data.path()).with(&arguments).start();
    let registry = piste.printed_address("iglu").expect("the banner says where the registry is");
    let send = |version: &str, data: Value| {
        let event = json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
            "data": { "schema": format!("iglu:com.acme/cart/jsonschema/{version}"), "data": data },
        });
        let event = utf8_percent_encode(&event.to_string(), NON_ALPHANUMERIC).to_string();
        let answer = http::get(piste.collector, &format!("/i?e=ue&p=web&tv=t&ue_pr={event}")).unwrap();
        assert_eq!(answer.status, 200);
    };
    send("1-0-0", json!({ "sku": "early" }));
    wait::until("the bad row of an event whose schema is not there yet", PATIENCE, || {
        (piste.lake().bad().len() == 1).then_some(())
    });

    assert_eq!(publish(registry, "1-0-0", json!({})).status, 201);
    send("1-0-0", json!({ "sku": "a" }));
    let database = Database::connect(&postgres.url());
    let rows = || {
        wait::until("the row", PATIENCE, || {
            let there = "select 1 from information_schema.tables where table_name = 'com_acme_cart_1'";
            if database.rows(there).is_empty() {
                return None;
            }
            let rows = database.rows("select * from atomic.com_acme_cart_1 order by root_tstamp");
            (!rows.is_empty()).then_some(rows)
        })
    };
    assert_eq!(rows()[0]["sku"], "a");

    let more = json!({ "quantity": { "type": "integer", "minimum": 0, "maximum": 1000 } });
    assert_eq!(publish(registry, "1-0-1", more).status, 201);
    send("1-0-1", json!({ "sku": "b", "quantity": 3 }));
    wait::until("the column", PATIENCE, || {
        let rows = rows();
        let second = rows.iter().find(|row| row["sku"] == "b")?;
        (second.get("quantity").map(String::as_str) == Some("3")).then_some(())
    });
    piste.finish_well();
}

#[test]
fn a_version_that_has_not_grown_enough() {
    let super_key = format!("-DsuperApiKey={SUPER}");
    let server = |check: &str| {
        let check = format!("-DversionCheck={check}");
        let server =
            Launch::iglu_server().with(&["-Ddatabase.type=dummy", &super_key, &check]).start_unready();
        assert_eq!(publish(server.admin, "1-0-0", json!({})).status, 201);
        server
    };
    let other = json!({ "sku": { "type": "integer" } });
    let enforcing = server("enforce");
    let refused = publish(enforcing.admin, "1-0-1", other.clone());
    assert_eq!(refused.status, 409);
    let said: Value = serde_json::from_slice(&refused.body).unwrap();
    let expected = "1-0-1 grows the ADDITION of 1-0-0, and what changes needs a MODEL: it should be 2-0-0";
    assert_eq!(said["message"], expected);
    assert_eq!(said["report"][0]["pointer"], "/properties/sku/type");
    assert_eq!(publish(enforcing.admin, "2-0-0", other.clone()).status, 201, "a new model may be anything");

    let warning = server("warn");
    let told = publish(warning.admin, "1-0-1", other.clone());
    let said: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((told.status, &said["warning"]["message"]), (201, &json!(expected)));

    let off = server("off");
    let candidate = schema("1-0-1", other.clone()).to_string();
    let path = "/api/validation/validate/compatibility";
    let judged = ask(off.admin, "POST", path, Some(SUPER), &candidate);
    let said: Value = serde_json::from_slice(&judged.body).unwrap();
    assert_eq!((&said["compatible"], &said["requiredBump"]), (&json!(false), &json!("MODEL")));
    assert_eq!(ask(off.admin, "POST", path, None, &candidate).status, 404, "nobody learns what is private");
    let published = publish(off.admin, "1-0-1", other);
    let said: Value = serde_json::from_slice(&published.body).unwrap();
    assert_eq!((published.status, said.get("warning")), (201, None));
}

/// Publishes a version of a schema with one property and these.
fn publish(registry: SocketAddr, version: &str, more: Value) -> Answer {
    let path = format!("/api/schemas/com.acme/cart/jsonschema/{version}");
    ask(registry, "PUT", &path, Some(SUPER), &schema(version, more).to_string())
}

fn schema(version: &str, more: Value) -> Value {
    let mut properties = json!({ "sku": { "type": "string", "maxLength": 64 } });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "$schema": META,
        "self": { "vendor": "com.acme", "name": "cart", "format": "jsonschema", "version": version },
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn ask(to: SocketAddr, method: &str, target: &str, key: Option<&str>, body: &str) -> Answer {
    let headers: Vec<(&str, &str)> = key.map(|key| ("apikey", key)).into_iter().collect();
    http::once(to, method, target, &headers, body.as_bytes()).unwrap()
}
