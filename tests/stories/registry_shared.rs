//! A registry that is more than one process, or part of a larger one: two servers on one database, long lists, metrics, and
//! the registry of `piste up` beside other places of schemas.

use std::{fs, net::SocketAddr, thread};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    http::{self, Answer},
    piste::{Launch, PATIENCE, Piste, run},
    postgres::Postgres,
    wait,
};

const SUPER: &str = "11111111-2222-4333-8444-555555555555";
const META: &str = "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#";

/// A server with this storage.
fn server(storage: &[String]) -> Piste {
    let storage: Vec<&str> = storage.iter().map(String::as_str).collect();
    let super_key = format!("-DsuperApiKey={SUPER}");
    Launch::iglu_server().with(&storage).with(&[&super_key]).start_unready()
}

fn in_postgres(postgres: &Postgres) -> Vec<String> {
    let host = format!("-Ddatabase.host={}", postgres.host());
    let rest = ["-Ddatabase.type=postgres", "-Ddatabase.dbname=postgres", "-Ddatabase.username=postgres"];
    std::iter::once(host).chain(rest.map(String::from)).collect()
}

fn ask(to: SocketAddr, method: &str, target: &str, key: &str, body: &str) -> Answer {
    http::once(to, method, target, &[("apikey", key)], body.as_bytes()).unwrap()
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// A schema of com.acme whose only property has room for so many characters.
fn schema(name: &str, version: &str, length: u32) -> String {
    json!({
        "$schema": META,
        "self": { "vendor": "com.acme", "name": name, "format": "jsonschema", "version": version },
        "type": "object",
        "properties": { "sku": { "type": "string", "maxLength": length } },
        "additionalProperties": false,
    })
    .to_string()
}

fn publish(to: SocketAddr, name: &str, version: &str, length: u32) -> u16 {
    let path = format!("/api/schemas/com.acme/{name}/jsonschema/{version}");
    ask(to, "PUT", &path, SUPER, &schema(name, version, length)).status
}

#[test]
fn two_servers_on_one_database() {
    let postgres = Postgres::start();
    let storage = in_postgres(&postgres);
    let (one, other) = (server(&storage), server(&storage));

    // What one has stored the other shows at once, schemas and keys.
    assert_eq!(publish(one.admin, "cart", "1-0-0", 64), 201);
    let path = "/api/schemas/com.acme/cart/jsonschema/1-0-0";
    let keys = json_of(&ask(one.admin, "POST", "/api/auth/keygen", SUPER, r#"{"vendorPrefix":"com.acme"}"#));
    let read = keys["read"].as_str().unwrap();
    assert_eq!(ask(other.admin, "GET", path, read, "").status, 200);
    assert_eq!(publish(other.admin, "cart", "1-0-1", 64), 201);
    let names = |at| json_of(&ask(at, "GET", "/api/schemas/com.acme/cart/jsonschema/1", read, ""));
    let both = json!(["iglu:com.acme/cart/jsonschema/1-0-0", "iglu:com.acme/cart/jsonschema/1-0-1"]);
    assert_eq!((names(one.admin), names(other.admin)), (both.clone(), both));
    assert_eq!(ask(other.admin, "DELETE", &format!("/api/auth/keygen?key={read}"), SUPER, "").status, 200);
    assert_eq!(ask(one.admin, "GET", path, read, "").status, 404);

    // Of eight that publish one version, four at each server, one wins; it is what everybody sees.
    for round in 0..5 {
        let version = format!("1-0-{round}");
        let statuses: Vec<(u32, u16)> = thread::scope(|scope| {
            let publishing = (1..=8).map(|length| {
                let (at, version) = (if length % 2 == 0 { one.admin } else { other.admin }, version.clone());
                scope.spawn(move || (length, publish(at, "race", &version, length)))
            });
            let publishing: Vec<_> = publishing.collect();
            publishing.into_iter().map(|each| each.join().unwrap()).collect()
        });
        let won: Vec<u32> =
            statuses.iter().filter(|(_, status)| *status == 201).map(|(length, _)| *length).collect();
        assert!(statuses.iter().all(|(_, status)| [201, 409].contains(status)), "{statuses:?}");
        assert_eq!(won.len(), 1, "{statuses:?}");
        let path = format!("/api/schemas/com.acme/race/jsonschema/{version}");
        for at in [one.admin, other.admin] {
            let found = json_of(&ask(at, "GET", &path, SUPER, ""));
            assert_eq!(found["properties"]["sku"]["maxLength"], won[0]);
        }
    }
    one.finish_well();
    other.finish_well();
}

#[test]
fn a_long_list_comes_in_pieces() {
    const MANY: u32 = 120;
    let postgres = Postgres::start();
    let folder = TempDir::new().unwrap();
    let file = vec![format!("-Ddatabase.path={}", folder.path().join("iglu.sqlite").display())];
    for storage in [file, in_postgres(&postgres)] {
        let server = server(&storage);
        for number in 1..=MANY {
            assert_eq!(publish(server.admin, &format!("event_{number}"), "1-0-0", number), 201);
        }
        let all = ask(server.admin, "GET", "/api/schemas?repr=canonical", SUPER, "");
        assert_eq!(all.header("transfer-encoding"), Some("chunked"));
        let all = json_of(&all);
        let lengths: Vec<u64> = all
            .as_array()
            .unwrap()
            .iter()
            .map(|schema| schema["properties"]["sku"]["maxLength"].as_u64().unwrap())
            .collect();
        assert_eq!(lengths, (1..=u64::from(MANY)).collect::<Vec<_>>(), "in the order of publishing");
        let first =
            json_of(&ask(server.admin, "GET", "/api/schemas/com.acme/event_1/jsonschema/1-0-0", SUPER, ""));
        assert_eq!(all[0], first);
        let meta = json_of(&ask(server.admin, "GET", "/api/schemas/com.acme?repr=meta", SUPER, ""));
        assert_eq!(meta.as_array().unwrap().len(), MANY as usize);
        assert_eq!(meta[119]["metadata"]["isPublic"], false);
        let names = ask(server.admin, "GET", "/api/schemas", SUPER, "");
        assert!(names.header("content-length").is_some());
        assert_eq!(json_of(&names).as_array().unwrap().len(), MANY as usize);
        server.finish_well();
    }
}

#[test]
fn what_its_metrics_say() {
    let super_key = format!("-DsuperApiKey={SUPER}");
    let told = ["-Ddatabase.type=dummy", &super_key, "-DrepoServer.adminListen=127.0.0.1:0"];
    let server = Launch::iglu_server().with(&told).start();
    let address = wait::until("the address of the registry", PATIENCE, || {
        let log = server.stderr();
        let line = log.lines().find(|line| line.contains("Iglu server at address"))?.to_owned();
        let rest = &line[line.find("\"address\":\"")? + "\"address\":\"".len()..];
        rest.split('"').next()?.parse::<SocketAddr>().ok()
    });
    assert_ne!(address, server.admin);
    assert_eq!(publish(address, "cart", "1-0-0", 64), 201);
    assert_eq!(publish(address, "cart", "1-0-0", 64), 409);
    assert_eq!(ask(address, "BREW", "/api/schemas", SUPER, "").status, 405);
    let requests = |label: &str| server.metric_of("piste_iglu_requests_total", label);
    assert_eq!(requests("method=\"PUT\",status=\"201\""), Some(1.0));
    assert_eq!(requests("method=\"PUT\",status=\"409\""), Some(1.0));
    assert_eq!(requests("method=\"other\""), Some(1.0));
    assert_eq!(server.metric_of("piste_iglu_published_total", "created"), Some(1.0));
    assert_eq!(server.metric("piste_iglu_request_seconds_count"), requests(""));
    server.finish_well();

    let taken =
        Launch::iglu_server().with(&["-DrepoServer.port=8081", "-DrepoServer.adminListen=127.0.0.1:8081"]);
    let refused = taken.run();
    assert_eq!(refused.code, Some(78), "{}", refused.stderr);
}

#[test]
fn tables_of_its_first_versions_are_not_moved() {
    let ended = run(&["iglu-server", "setup", "--migrate", "0.5.0"]);
    assert_eq!(ended.code, Some(64));
    assert!(ended.stderr.contains("tables of the Iglu server 0.5"), "{}", ended.stderr);
}

#[test]
fn the_registry_of_up_is_asked_before_folders() {
    let (data, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let versions = folder.path().join("com.acme/cart/jsonschema");
    fs::create_dir_all(&versions).unwrap();
    fs::write(versions.join("1-0-0"), schema("cart", "1-0-0", 3)).unwrap();
    let told = ["--schemas", &folder.path().display().to_string(), "--iglu-super-key", SUPER];
    let piste = Launch::up(data.path()).with(&told).start();
    let registry = piste.printed_address("iglu").expect("the banner says where the registry is");
    let send = |sku: &str| {
        let data = json!({ "schema": "iglu:com.acme/cart/jsonschema/1-0-0", "data": { "sku": sku } });
        let event = json!({ "schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": data });
        let body = json!({
            "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
            "data": [{ "e": "ue", "p": "web", "tv": "t", "ue_pr": event.to_string() }],
        });
        let headers = [("content-type", "application/json")];
        let path = "/com.snowplowanalytics.snowplow/tp2";
        let answer = http::once(piste.collector, "POST", path, &headers, body.to_string().as_bytes());
        assert_eq!(answer.unwrap().status, 200);
    };
    send("four");
    wait::until("the bad row of the folder's schema", PATIENCE, || {
        (piste.lake().bad().len() == 1).then_some(())
    });
    assert_eq!(publish(registry, "cart", "1-0-0", 4), 201);
    send("four");
    wait::until("the event", PATIENCE, || (piste.lake().enriched().len() == 1).then_some(()));
    send("fifth");
    wait::until("the bad row of the registry's schema", PATIENCE, || {
        (piste.lake().bad().len() == 2).then_some(())
    });
    piste.finish_well();
}
