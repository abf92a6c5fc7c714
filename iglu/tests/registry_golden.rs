//! The recorded exchanges of the original's server (the Apache line), one after the other, and what they leave in the store.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "../../tests/support/wait.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the stories")]
mod wait;

#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the stories")]
mod postgres;

use std::{collections::BTreeMap, sync::Arc};

use iglu::server::{
    answer::{Around, answer},
    cors::{Page, preflight, shown_to},
    permission::{Permission, SchemaAction, vendor_parts},
    publish::{Conflict, Publication},
    request::Request,
    response::Response,
    schema::Scope,
    settings::{DUMMY_KEY, Line, Settings, Webhook},
    store::{
        Store,
        postgres::client::{Place, Postgres},
        sqlite::client::Sqlite,
    },
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;

const EXCHANGES: &str = include_str!("golden/registry/exchanges.jsonl");
const KEYS: &str = include_str!("golden/registry/keys.sql");
const AFTER_P1: &str = include_str!("golden/registry/data-after-p1.sql");
const AFTER_P2: &str = include_str!("golden/registry/data-after-p2.sql");

/// Steps that are answered in another way, each with its reason in docs/compatibility.md: there the original fails, or
/// answers one page with what is meant for another.
const OTHERWISE: [(&str, u16); 7] = [
    ("p1-put-longvendor", 400),
    ("p1-put-longname", 400),
    ("p1-dr-get", 200),
    ("p1-dr-list-slash", 200),
    ("p2-cache-2", 200),
    ("p4-server-anon", 503),
    ("p4-put", 503),
];

/// Steps whose text names what holds the data.
const OF_STORE: [&str; 2] = ["p2-debug", "p2-debug-key"];

#[tokio::test]
async fn exchanges_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("iglu.sqlite");
    let store = Arc::new(Sqlite::open(&file).unwrap());
    store.add_permissions(recorded_keys()).await.unwrap();
    let mut run = Run::new();
    run.phase("p1", &settings(1), store.as_ref()).await;
    compare_schemas(store.as_ref(), AFTER_P1).await;
    run.phase("p2", &settings(2), store.as_ref()).await;
    compare_schemas(store.as_ref(), AFTER_P2).await;
    compare_keys(store.as_ref()).await;
    compare_webhooks(&run.told);
    let dummy = Sqlite::in_memory().unwrap();
    dummy.add_permissions(vec![(DUMMY_KEY, Permission::of_all())]).await.unwrap();
    run.phase("p3", &settings(3), &dummy).await;
    let nowhere = Place { host: "/nonexistent".into(), user: "nobody".into(), ..Place::default() };
    run.phase("p4", &settings(2), &Postgres::new(&nowhere, 1)).await;
    assert_eq!(run.compared + run.kept_aside, 457);
    assert!(run.differences.is_empty(), "{} differ:\n{}", run.differences.len(), run.differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_in_postgres() {
    let server = postgres::Postgres::start();
    let place = place(&server);
    let store = Postgres::new(&place, 3);
    store.set_up().await.unwrap();
    store.add_permissions(recorded_keys()).await.unwrap();
    let mut run = Run::new();
    run.phase("p1", &settings(1), &store).await;
    compare_schemas(&store, AFTER_P1).await;
    assert!(run.differences.is_empty(), "{} differ:\n{}", run.differences.len(), run.differences.join("\n"));

    // A database of the original, as its owner dumped it, is taken over as it is.
    let dumped = taken_over(&place).await;
    let store = Postgres::new(&dumped, 3);
    store.set_up().await.unwrap();
    run.phase("p2", &settings(2), &store).await;
    compare_schemas(&store, AFTER_P2).await;
    compare_keys(&store).await;
    assert!(run.differences.is_empty(), "{} differ:\n{}", run.differences.len(), run.differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_publish_one_version_one_wins() {
    let server = postgres::Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("iglu.sqlite");
    let place = place(&server);
    Postgres::new(&place, 1).set_up().await.unwrap();
    // Two servers each.
    let in_postgres = [0, 1].map(|_| Arc::new(Postgres::new(&place, 4)) as Arc<dyn Store>);
    let in_sqlite = [0, 1].map(|_| Arc::new(Sqlite::open(&file).unwrap()) as Arc<dyn Store>);
    for stores in [in_postgres, in_sqlite] {
        for addition in 0..5 {
            let publications = (0..8).map(|writer| {
                let store = Arc::clone(&stores[writer % 2]);
                let publication = Publication {
                    key: format!("iglu:com.acme/race/jsonschema/1-0-{addition}").parse().unwrap(),
                    body: json!({ "description": writer.to_string() }),
                    is_public: false,
                    supersedes: Vec::new(),
                    patches_allowed: false,
                    now: Timestamp::from_second(1_000_000 + writer as i64).unwrap(),
                };
                tokio::spawn(async move { store.publish(publication).await.unwrap() })
            });
            let mut won = 0;
            for publication in publications.collect::<Vec<_>>() {
                match publication.await.unwrap() {
                    Ok(_) => won += 1,
                    Err(conflict) => assert_eq!(conflict, Conflict::Exists),
                }
            }
            assert_eq!(won, 1, "1-0-{addition} in {}", stores[0].kind());
        }
        let listed = stores[1].list(Scope::All).await.unwrap();
        let additions: Vec<u32> = listed.iter().map(|listed| listed.key.version.addition).collect();
        assert_eq!(additions, [0, 1, 2, 3, 4], "in the order of publishing, whatever the clocks say");
    }
}

fn place(server: &postgres::Postgres) -> Place {
    let (dbname, user) = ("postgres".to_owned(), "postgres".to_owned());
    Place { host: server.host(), port: 5432, dbname, user, ..Place::default() }
}

/// A database with the tables and rows of the original.
async fn taken_over(place: &Place) -> Place {
    let connect = async |dbname: &str| {
        let mut config = tokio_postgres::Config::new();
        config.host(&place.host).user(&place.user).dbname(dbname);
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    };
    let dbname = "iglu";
    let first = connect("postgres").await;
    first.batch_execute("create role iglu").await.unwrap();
    first.batch_execute("create database iglu").await.unwrap();
    let client = connect(dbname).await;
    client.batch_execute(include_str!("golden/registry/schema-only.sql")).await.unwrap();
    for table in ["iglu_permissions", "iglu_schemas", "iglu_drafts"] {
        for row in rows(AFTER_P1, table) {
            let values: Vec<String> = row
                .iter()
                .map(|value| match *value {
                    "\\N" => "null".to_owned(),
                    text => format!("'{}'", text.replace("\\\\", "\\").replace('\'', "''")),
                })
                .collect();
            let sql = format!("insert into public.{table} values ({})", values.join(", "));
            client.batch_execute(&sql).await.unwrap();
        }
    }
    Place { dbname: dbname.into(), ..place.clone() }
}

struct Run {
    captured: BTreeMap<String, String>,
    now: Timestamp,
    next_id: u128,
    compared: usize,
    kept_aside: usize,
    differences: Vec<String>,
    /// Which webhooks were told, by which method, and what.
    told: Vec<(String, bool, Value)>,
}

impl Run {
    fn new() -> Self {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        let differences = Vec::new();
        Self {
            captured: BTreeMap::new(),
            now,
            next_id: 1 << 100,
            compared: 0,
            kept_aside: 0,
            differences,
            told: Vec::new(),
        }
    }

    async fn phase(&mut self, phase: &str, settings: &Settings, store: &dyn Store) {
        for line in EXCHANGES.lines() {
            let step: Value = serde_json::from_str(line).unwrap();
            if step["phase"] != phase {
                continue;
            }
            let id = step["id"].as_str().unwrap();
            let got = self.send(&step["request"], settings, store).await;
            let body: Value = serde_json::from_slice(&got.body).unwrap_or_default();
            for (name, field) in step["capture"].as_object().into_iter().flatten() {
                if let Some(value) = body[field.as_str().unwrap()].as_str() {
                    self.captured.insert(name.clone(), value.to_owned());
                }
            }
            match &step["response"] {
                Value::Null => self.kept_aside += 1,
                expected => self.compare(id, step["request"]["method"] == "HEAD", expected, &got),
            }
        }
    }

    async fn send(&mut self, request: &Value, settings: &Settings, store: &dyn Store) -> Response {
        self.now = self.now.checked_add(1.second()).unwrap();
        self.next_id += 2;
        let filled = |text: &str| {
            let mut text = text.to_owned();
            for (name, value) in &self.captured {
                text = text.replace(&format!("{{{{{name}}}}}"), value);
            }
            text
        };
        let header = |name: &str| {
            let headers = request["headers"].as_object().unwrap();
            let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| filled(value.as_str().unwrap()))
        };
        let whole = filled(request["path"].as_str().unwrap());
        let (path, query) = whole.split_once('?').unwrap_or((&whole, ""));
        let page = Page {
            origin: header("origin"),
            method: header("access-control-request-method"),
            headers: header("access-control-request-headers"),
        };
        let method = request["method"].as_str().unwrap();
        if let Some(response) = preflight(method, &page) {
            return response;
        }
        let body = match &request["body"] {
            Value::Null => String::new(),
            Value::String(text) => filled(text),
            other => other.to_string(),
        };
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            apikey: header("apikey"),
            body: body.into_bytes(),
        };
        let around = Around {
            settings,
            store,
            is_ending: false,
            now: self.now,
            ids: [Uuid::from_u128(self.next_id), Uuid::from_u128(self.next_id + 1)],
        };
        let answered = answer(&request, around).await;
        if let Some(published) = &answered.response.published {
            let hooks = settings.webhooks.iter().filter(|hook| hook.is_for(&published.key.vendor));
            let body = published.told();
            self.told.extend(hooks.map(|hook| (hook.uri.clone(), hook.use_post, body.clone())));
        }
        shown_to(&page, answered.response)
    }

    fn compare(&mut self, id: &str, is_head: bool, expected: &Value, got: &Response) {
        self.compared += 1;
        let text = String::from_utf8(got.body.clone()).unwrap();
        let json = masked(self.unnamed(&serde_json::from_str(&text).unwrap_or_default()));
        let mut say = |what: &str, expected: String, got: String| {
            if expected != got {
                self.differences.push(format!("{id}: {what}\n  expect {expected}\n  got    {got}"));
            }
        };
        if let Some((_, status)) = OTHERWISE.iter().find(|(known, _)| *known == id) {
            return say("status", status.to_string(), got.status.to_string());
        }
        say("status", expected["status"].to_string(), got.status.to_string());
        let headers = expected["headers"].as_array().unwrap().iter();
        let mut headers: BTreeMap<String, String> = headers
            .map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned()))
            .filter(|(name, _)| !["date", "content-length", "last-modified"].contains(&name.as_str()))
            .collect();
        let mut ours: BTreeMap<String, String> =
            got.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        if is_head {
            // A shell's affair: there is no body.
            headers.remove("content-type");
        } else {
            ours.extend(got.content_type.map(|kind| ("content-type".to_owned(), kind.to_owned())));
        }
        ours.extend(got.chunked.then(|| ("transfer-encoding".to_owned(), "chunked".to_owned())));
        say("headers", format!("{headers:?}"), format!("{ours:?}"));
        if is_head || OF_STORE.contains(&id) || id == "p1-static-index" {
            return;
        }
        let mut expected = expected.clone();
        if let Some(report) = expected.pointer_mut("/body_json/report").and_then(Value::as_array_mut) {
            // Of `ipv6` the original says that it knows it, and warns of it all the same.
            report.retain(|found| {
                id != "p1-vs-lint-all" || found["level"] != "WARNING" || found["pointer"] != "/properties/h"
            });
        }
        match expected.get("body_json") {
            Some(expected) => say("body", canonical(&masked(expected.clone())), canonical(&json)),
            None => say("body", expected["body"].as_str().unwrap_or_default().to_owned(), text),
        }
    }

    /// Keys that were made get their names back.
    fn unnamed(&self, value: &Value) -> Value {
        let mut text = value.to_string();
        for (name, key) in &self.captured {
            text = text.replace(key, &format!("{{{{{name}}}}}"));
        }
        serde_json::from_str(&text).unwrap()
    }
}

/// Times and the name of the store are our own; findings have no order.
fn masked(mut value: Value) -> Value {
    if let Some(items) = value.as_array_mut() {
        for item in items {
            *item = masked(item.take());
        }
    }
    if let Some(object) = value.as_object_mut() {
        for name in ["createdAt", "updatedAt"] {
            if let Some(time) = object.get_mut(name) {
                *time = "{{ts}}".into();
            }
        }
        if object.contains_key("authInfo") && object["database"] != "inmemory" {
            object.insert("database".into(), "postgres".into());
        }
        for (name, value) in object.iter_mut() {
            *value = masked(value.take());
            if name == "report" {
                value.as_array_mut().unwrap().sort_by_key(canonical);
            }
        }
    }
    value
}

/// JSON with the members of objects in order.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

fn settings(configuration: u8) -> Settings {
    let usual = Settings { line: Line::Apache, failed_keys: None, ..Settings::default() };
    match configuration {
        2 => Settings {
            debug: true,
            patches_allowed: true,
            swagger_base: "/base".into(),
            super_key: Some("11111111-2222-4333-8444-555555555555".parse().unwrap()),
            webhooks: [("/hook-a", "com.ac", false), ("/hook-b", "org.other", true)]
                .map(|(uri, prefix, use_post)| Webhook {
                    uri: uri.into(),
                    vendor_prefixes: vec![prefix.into()],
                    use_post,
                })
                .to_vec(),
            ..usual
        },
        3 => Settings { debug: true, ..usual },
        _ => usual,
    }
}

/// The keys that were there before the first step.
fn recorded_keys() -> Vec<(Uuid, Permission)> {
    let rows = KEYS.lines().filter_map(|line| line.trim().strip_prefix('('));
    rows.map(|row| {
        let parts: Vec<&str> = row.trim_end_matches([';', ',', ')']).splitn(5, ',').collect();
        let text = |part: &str| (part != "null").then(|| part.trim_matches('\'').to_owned());
        let permission = Permission {
            vendor: text(parts[1]).map(|vendor| vendor_parts(&vendor)),
            wildcard: parts[2] == "true",
            schema: text(parts[3]).and_then(|word| SchemaAction::of_word(&word)),
            creates_keys: parts[4].contains("CREATE"),
            deletes_keys: parts[4].contains("DELETE"),
        };
        (text(parts[0]).unwrap().parse().unwrap(), permission)
    })
    .collect()
}

/// The rows of a table in a dump.
fn rows<'a>(dump: &'a str, table: &str) -> Vec<Vec<&'a str>> {
    let begins = format!("COPY public.{table} ");
    let rows = dump.lines().skip_while(|line| !line.starts_with(&begins)).skip(1);
    rows.take_while(|line| *line != "\\.").map(|line| line.split('\t').collect()).collect()
}

async fn compare_schemas(store: &dyn Store, dump: &str) {
    let mut expected: Vec<Value> = rows(dump, "iglu_schemas")
        .into_iter()
        .map(|row| {
            let body: Value = serde_json::from_str(&row[9].replace("\\\\", "\\")).unwrap();
            let uri = format!("iglu:{}/{}/{}/{}-{}-{}", row[0], row[1], row[2], row[3], row[4], row[5]);
            let supersedes: Vec<&str> =
                row[11].trim_matches(['{', '}']).split(',').filter(|v| !v.is_empty()).collect();
            let by = (row[10] != "\\N").then_some(row[10]);
            json!([uri, row[8] == "t", by, supersedes, canonical(&body)])
        })
        .collect();
    let stored = store.schemas(Scope::All).await.unwrap();
    let mut got: Vec<Value> = stored
        .iter()
        .map(|stored| {
            let listed = &stored.listed;
            let by = listed.superseded_by.map(|by| by.to_string());
            let supersedes: Vec<String> = listed.supersedes.iter().map(ToString::to_string).collect();
            json!([listed.key.to_string(), listed.is_public, by, supersedes, canonical(&stored.body)])
        })
        .collect();
    expected.sort_by_key(ToString::to_string);
    got.sort_by_key(ToString::to_string);
    assert_eq!(got, expected);
}

/// What the original told, in this order.
fn compare_webhooks(told: &[(String, bool, Value)]) {
    let recorded: Vec<(String, bool, Value)> = include_str!("golden/registry/webhooks.jsonl")
        .lines()
        .map(|line| {
            let request: Value = serde_json::from_str(line).unwrap();
            let body = serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
            (request["path"].as_str().unwrap().to_owned(), request["method"] == "POST", body)
        })
        .collect();
    assert_eq!(told, recorded);
}

async fn compare_keys(store: &dyn Store) {
    let mut expected: Vec<String> =
        rows(AFTER_P2, "iglu_permissions").into_iter().map(|row| row[1..].join(" ")).collect();
    let stored = store.permissions().await.unwrap();
    let mut got: Vec<String> = stored
        .iter()
        .map(|(_, permission)| {
            let vendor = permission.vendor.as_ref().map_or("\\N".to_owned(), |parts| parts.join("."));
            let wildcard = if permission.wildcard { "t" } else { "f" };
            let mut keys = Vec::new();
            keys.extend(permission.creates_keys.then_some("CREATE"));
            keys.extend(permission.deletes_keys.then_some("DELETE"));
            let schema = permission.schema.map_or("\\N", SchemaAction::word);
            format!("{vendor} {wildcard} {schema} {{{}}}", keys.join(","))
        })
        .collect();
    expected.sort();
    got.sort();
    assert_eq!(got, expected);
}
