//! Loading configurations: layers, substitutions, coercion, errors with their lines.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use service::config::{
    Ignored, Layer, Node, Override, Secret, Sources, keys_of, load, parse_text, reference,
};

#[derive(Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Role {
    port: u16,
    ratio: f64,
    secure: bool,
    #[serde(with = "service::config::duration")]
    period: Duration,
    #[serde(with = "service::config::duration::option")]
    pause: Option<Duration>,
    #[serde(with = "service::config::size")]
    limit: u64,
    cookie: Cookie,
    paths: BTreeMap<String, String>,
    domains: Vec<String>,
    password: Option<Secret>,
    position: Position,
    telemetry: Ignored,
}

#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Cookie {
    same_site: SameSite,
    name: Option<String>,
}

#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
enum SameSite {
    #[default]
    None,
    Lax,
}

#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Position {
    #[default]
    Latest,
    AtTimestamp {
        timestamp: String,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strict {
    stream_name: String,
    inner: Inner,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    region: String,
    even: Even,
    list: Vec<u8>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "u32")]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = String;
    fn try_from(n: u32) -> Result<Self, String> {
        if n.is_multiple_of(2) { Ok(Self(n)) } else { Err(format!("expected an even number, found `{n}`")) }
    }
}

impl Default for Role {
    fn default() -> Self {
        Self {
            port: 9090,
            ratio: 0.5,
            secure: true,
            period: Duration::from_secs(10),
            pause: None,
            limit: 1024,
            cookie: Cookie::default(),
            paths: BTreeMap::new(),
            domains: Vec::new(),
            password: None,
            position: Position::Latest,
            telemetry: Ignored,
        }
    }
}

fn sources(text: &str, overrides: &[&str], environment: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::of_text("role.hocon", text);
    sources.overrides = overrides.iter().map(|o| Override::parse(o).expect("key=value")).collect();
    sources.environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    sources
}

fn role(text: &str, overrides: &[&str], environment: &[(&str, &str)]) -> Role {
    let loaded = load::<Role>(&sources(text, overrides, environment), Some("role")).expect("it loads");
    assert_eq!(loaded.unknown, [], "{text}");
    loaded.config
}

#[test]
fn layers_in_order_of_strength() {
    let port = |text: &str, overrides: &[&str], environment: &[(&str, &str)], expect: u16| {
        assert_eq!(role(text, overrides, environment).port, expect, "{text} {overrides:?}");
    };
    port("", &[], &[], 9090);
    port("port = 1", &[], &[], 1);
    port("role { port = 2 }", &[], &[], 2);
    port("{ role { port = 2 } }", &[], &[], 2);
    port("role { port = 2 }, port = 3", &[], &[], 2);
    port("role { port = 2 }", &["port=4"], &[], 4);
    port("port = 2", &["role.port=5"], &[], 5);
    port("port = 2", &["port=4", "port=6"], &[], 6);
    port("port = 2, port = ${?PORT}", &[], &[("PORT", "7")], 7);
    port("port = 2, port = ${?PORT}", &[], &[], 2);
}

#[test]
fn later_files_win_and_includes_are_read_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    write("common.conf", "role { port = 1, ratio = 0.25 }");
    let first = write("first.hocon", "include \"common.conf\"\nrole.secure = no");
    let second = write("second.hocon", "role { port = 2 }");
    let sources = Sources { layers: vec![Layer::File(first), Layer::File(second)], ..Sources::default() };
    let found = load::<Role>(&sources, Some("role")).unwrap().config;
    assert_eq!(found, Role { port: 2, ratio: 0.25, secure: false, ..Role::default() });

    let missing = Sources { layers: vec![Layer::File("/none.hocon".into())], ..Sources::default() };
    let error = load::<Role>(&missing, None).unwrap_err();
    assert_eq!(error.to_string(), "/none.hocon: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn text_becomes_what_the_struct_wants() {
    let found = role(
        r#"
        port = "80", ratio = "1.5", secure = "no", period = "2 minutes", pause = 500, limit = 64 KiB
        cookie { sameSite = "lax", name = 5 }
        paths { "/com.acme/track" = "/com.snowplowanalytics.snowplow/tp2" }
        position { type = AT_TIMESTAMP, timestamp = "2026-01-01T00:00:00Z" }
        password = 12
        telemetry { disable = true, tags { a = [1, x, null] } }
        "#,
        &["domains.0=a", "domains.1=b"],
        &[],
    );
    let expect = Role {
        port: 80,
        ratio: 1.5,
        secure: false,
        period: Duration::from_secs(120),
        pause: Some(Duration::from_millis(500)),
        limit: 65536,
        cookie: Cookie { same_site: SameSite::Lax, name: Some("5".into()) },
        paths: [("/com.acme/track".into(), "/com.snowplowanalytics.snowplow/tp2".into())].into(),
        domains: vec!["a".into(), "b".into()],
        password: Some("12".into()),
        position: Position::AtTimestamp { timestamp: "2026-01-01T00:00:00Z".into() },
        telemetry: Ignored,
    };
    assert_eq!(found, expect);
    let duration = |text: &str, millis: u64| {
        let found = role(&format!("period = {text}"), &[], &[]).period;
        assert_eq!(found, Duration::from_millis(millis), "{text}");
    };
    duration("250", 250);
    duration("\"250\"", 250);
    duration("10 seconds", 10_000);
    duration("365 days", 31_536_000_000);
    duration("500 ms", 500);
    duration("1 hour", 3_600_000);
    duration("5m", 300_000);
}

#[test]
fn secrets_are_masked() {
    let found = role("password = hunter2", &[], &[]);
    assert_eq!(found.password.as_ref().unwrap().expose(), "hunter2");
    let printed = format!("{found:?} {}", serde_json::to_string(&found).unwrap());
    assert!(!printed.contains("hunter2") && printed.contains("***"), "{printed}");
}

#[test]
fn errors_name_file_line_key_and_what_is_right() {
    let check = |text: &str, overrides: &[&str], expect: &str| {
        let error = load::<Role>(&sources(text, overrides, &[]), Some("role")).unwrap_err();
        assert_eq!(error.to_string(), expect, "{text}");
    };
    check(
        "role {\n  secure = yes\n  port = \"x\"\n}",
        &[],
        "role.hocon:3:3: `port`: expected a whole number from 0 to 65535, found `x`",
    );
    check(
        "port = 70000",
        &[],
        "role.hocon:1:1: `port`: expected a whole number from 0 to 65535, found `70000`",
    );
    check("port = 1.5", &[], "role.hocon:1:1: `port`: expected a whole number from 0 to 65535, found `1.5`");
    check("secure = 1", &[], "role.hocon:1:1: `secure`: expected true or false, found `1`");
    check(
        "port = 1",
        &["role.port=x"],
        "-Drole.port: `port`: expected a whole number from 0 to 65535, found `x`",
    );
    check("# c\ncookie = 3", &[], "role.hocon:2:1: `cookie`: expected an object `{ ... }`, found `3`");
    check(
        "cookie {\nsameSite = No\n}",
        &[],
        "role.hocon:2:1: `cookie.sameSite`: expected one of None, Lax, found `No`",
    );
    check(
        "period = soon",
        &[],
        "role.hocon:1:1: `period`: expected a duration such as `10 seconds`, `500 ms`, `2 days` or milliseconds, \
         found `soon`",
    );
    check(
        "limit = big",
        &[],
        "role.hocon:1:1: `limit`: expected a size such as `64 KiB`, `10 MB` or bytes, found `big`",
    );
    check(
        "domains = [a, {b = c}]",
        &[],
        "role.hocon:1:1: `domains[1]`: expected text, found an object `{ ... }`",
    );
    let strict = |text: &str, expect: &str| {
        let error = load::<Strict>(&sources(text, &[], &[]), None).unwrap_err();
        assert_eq!(error.to_string(), expect, "{text}");
        assert_eq!(service::exit::RunError::from(error).code as u8, 78);
    };
    strict("", "role.hocon: `streamName`: is required and not set");
    strict("streamName = a\n\ninner { even = 2 }", "role.hocon:3:1: `inner.region`: is required and not set");
    strict(
        "streamName = a\ninner { region = b,\n even = 3 }",
        "role.hocon:3:2: `inner.even`: expected an even number, found `3`",
    );
}

#[test]
fn broken_documents_name_their_line() {
    let check = |text: &str, line: usize| {
        let error = load::<Role>(&sources(text, &[], &[]), None).unwrap_err();
        assert_eq!(error.place.line, Some(line), "{text}: {error}");
        assert!(!error.what.is_empty());
    };
    check("port = 1\ncookie {\n  name = x\n", 4);
    check("port = 1\n}", 2);
    check("role { port = 1 }\n}\nsecure = no", 2);
    check("a = 1\nport = ${NOT_SET}", 2);
    let error = load::<Role>(&sources("port = ${NOT_SET}", &[], &[]), None).unwrap_err();
    assert!(error.to_string().contains("is the variable set"), "{error}");
}

#[test]
fn unknown_keys_are_reported_with_their_lines() {
    let loaded = load::<Role>(
        &sources(
            "role {\n port = 1\n prot = 2\n cookie { same_site = None }\n other = { a = 1 } }",
            &["role.x=1"],
            &[],
        ),
        Some("role"),
    )
    .unwrap();
    let found: Vec<String> = loaded.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "role.hocon:3:2: `prot`: nothing reads this key; did you mean `port`?",
            "role.hocon:4:11: `cookie.same_site`: nothing reads this key; did you mean `sameSite`?",
            "role.hocon:5:2: `other`: nothing reads this key",
            "-Drole.x: `x`: nothing reads this key",
        ]
    );
}

#[test]
fn hocon_means_what_it_means_elsewhere() {
    let check = |text: &str, path: &[&str], expect: Option<Node>| {
        let environment =
            [("HOME_DIR".to_owned(), "/h".to_owned()), ("EMPTY".to_owned(), String::new())].into();
        let tree = parse_text("t", text, &environment).unwrap();
        assert_eq!(tree.at(path.iter().copied()), expect.as_ref(), "{text}");
    };
    let text = |s: &str| Some(Node::Text(s.into()));
    let number = |s: &str| Some(Node::Number(s.into()));
    check("a.b.c = 1", &["a", "b", "c"], number("1"));
    check("a { b = 1 }\na { c = 2 }", &["a", "b"], number("1"));
    check("a { b = 1 }\na = null\na { c = 2 }", &["a", "b"], None);
    check("a = x, b = ${a}y", &["b"], text("xy"));
    check("a = { x = 1 }, b = ${a} { y = 2 }", &["b", "x"], number("1"));
    check(
        "a = [1], a += 2",
        &["a"],
        Some(Node::List(vec![Node::Number("1".into()), Node::Number("2".into())])),
    );
    check("a = ${?UNSET}", &["a"], None);
    check("a = 1\na = ${?UNSET}", &["a"], number("1"));
    check("a = ${HOME_DIR}/x", &["a"], text("/h/x"));
    check("a = ${EMPTY}", &["a"], text(""));
    check("a = \"\"\"one\n\"two\"\"\"\"", &["a"], text("one\n\"two\""));
    check("a = one two # three", &["a"], text("one two"));
    check("a = 10 seconds", &["a"], text("10 seconds"));
    check("a : yes", &["a"], text("yes"));
    check("a : true", &["a"], Some(Node::Bool(true)));
    check("\"a.b\" = 1", &["a.b"], number("1"));
    check(
        "a = 1 // c\n# c\nb = [\n1\n2,\n]",
        &["b"],
        Some(Node::List(vec![Node::Number("1".into()), Node::Number("2".into())])),
    );
    check("a = null", &["a"], Some(Node::Null));
    check("path = ${?PATH_X}\npath = ${?path}b", &["path"], text("b"));
}

#[test]
fn keys_of_a_struct_are_listed() {
    assert_eq!(
        keys_of::<Role>(),
        [
            "port",
            "ratio",
            "secure",
            "period",
            "pause",
            "limit",
            "cookie.sameSite",
            "cookie.name",
            "paths.*",
            "domains",
            "password",
            "position.*",
            "telemetry.*",
        ]
    );
    assert_eq!(keys_of::<Strict>(), ["streamName", "inner.region", "inner.even", "inner.list"]);
}

#[test]
fn a_reference_is_compared_both_ways() {
    let whole = r#"
        # The port, for example. Prose may say a = b in the middle.
        role {
          port = 9090
          ratio = 0.5
          secure = true
          period = 10 seconds
          # pause = 1 second
          limit = 1 KiB
          cookie {
            sameSite = None
            # name = sp
          }
          paths { }
          domains = []
          # password = ${PASSWORD}
          position { type = LATEST }
          # telemetry { disable = true }
        }
    "#;
    assert_eq!(reference::differences::<Role>(whole, Some("role")), Vec::<String>::new());
    assert_eq!(role(whole, &[], &[]), Role::default());
    let check = |from: &str, to: &str, expect: &[&str]| {
        let found = reference::differences::<Role>(&whole.replacen(from, to, 1), Some("role"));
        assert_eq!(found, expect, "{from} -> {to}");
    };
    check("ratio = 0.5", "", &["`ratio` is read and not in the reference"]);
    check("# name = sp", "", &["`cookie.name` is read and not in the reference"]);
    check(
        "# name = sp",
        "# other = sp",
        &[
            "with its examples: reference:12:13: `cookie.other`: nothing reads this key",
            "`cookie.name` is read and not in the reference",
        ],
    );
    check(
        "ratio = 0.5",
        "ratio = 0.5, more = 1",
        &[
            "as it stands: reference:5:24: `more`: nothing reads this key",
            "with its examples: reference:5:24: `more`: nothing reads this key",
        ],
    );
}
