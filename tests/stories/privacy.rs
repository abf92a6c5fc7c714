//! What people send stays in their events: no log line and no metric holds an address, a cookie, a user id or a body.

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    http,
    load::{JSON, TP2},
    piste::{Launch, PATIENCE},
    wait,
};

/// Marks that must be found in files only.
const PRIVATE: [&str; 7] = [
    "203.0.113.77",
    "198.51.100.66",
    "8f14e45f-ceea-467f-ab1a-9d3f2c7b1a55",
    "secret-user",
    "secret-page",
    "secret-agent",
    "secret-body",
];

#[test]
fn logs_and_metrics_say_nothing_about_people() {
    for format in ["text", "json"] {
        check(format);
    }
}

fn check(format: &str) {
    let data = TempDir::new().unwrap();
    let logging =
        ["--log", "debug", "--log-format", format, "-Dcollector.monitoring.requestLog.enabled=true"];
    let piste = Launch::up(data.path()).with(&logging).start();
    let headers = [
        ("Content-Type", JSON),
        ("X-Forwarded-For", "203.0.113.77"),
        ("Cookie", "sp=8f14e45f-ceea-467f-ab1a-9d3f2c7b1a55"),
        ("User-Agent", "secret-agent/1.0"),
        ("Referer", "https://shop.example/secret-page"),
    ];
    let event = |more: &serde_json::Value| {
        let mut event = json!({
            "e": "pv", "tv": "story", "p": "web", "uid": "secret-user", "ip": "198.51.100.66",
            "url": "https://shop.example/secret-page", "page": "secret-body",
        });
        more.as_object().unwrap().iter().for_each(|(k, v)| event[k] = v.clone());
        let schema = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4";
        json!({"schema": schema, "data": [event]}).to_string()
    };
    let broken = json!({"e": "ue", "ue_pr": "{\"schema\": \"secret-body\", \"data\": 1}"});
    for body in
        [event(&json!({})), event(&json!({"tr_tt": "secret-body"})), event(&broken), "secret-body".into()]
    {
        let answer = http::once(piste.collector, "POST", TP2, &headers, body.as_bytes()).unwrap();
        assert_eq!(answer.status, 200);
    }
    let broken_request = format!("/i?e=pv&p=web&uid=secret-user&url=%zz{}", "secret-page");
    http::once(piste.collector, "GET", &broken_request, &headers, b"").unwrap();
    http::once(piste.collector, "GET", "/secret-page/secret-body/secret-user", &headers, b"").unwrap();
    for _ in 0..50 {
        let refused = http::once(piste.collector, "G@T", "/secret-page", &headers, b"").unwrap();
        assert_eq!(refused.status, 400);
    }
    wait::until("the events", PATIENCE, || {
        (!piste.lake().enriched().is_empty() && piste.lake().bad().len() >= 3).then_some(())
    });
    let files = [piste.lake().lines("enriched").join("\n"), piste.lake().lines("bad").join("\n")].concat();
    let metrics = http::get(piste.admin, "/metrics").unwrap().text();
    assert!(metrics.lines().count() > 5, "{metrics}");
    let ended = piste.finish_well();
    requests_are_told(&ended.stderr, format);
    for mark in PRIVATE {
        assert!(files.contains(mark), "the files hold {mark}");
        for (place, text) in [("stderr", &ended.stderr), ("stdout", &ended.stdout), ("/metrics", &metrics)] {
            let line = text.lines().find(|line| line.contains(mark));
            assert_eq!(line, None, "{place} holds {mark}");
        }
    }
}

/// What the log says about requests: one line for each, and one now and then for all that were refused.
fn requests_are_told(stderr: &str, format: &str) {
    let of = |fields: &[(&str, &str)]| {
        let parts = fields.iter().map(|(name, value)| match format {
            "json" => format!("\"{name}\":{value}"),
            _ => format!("{name}={value}"),
        });
        let parts: Vec<String> = parts.collect();
        stderr.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    };
    let stored = [("method", "\"POST\""), ("route", "\"event\""), ("status", "200"), ("payloads", "1")];
    assert_eq!(of(&stored), 4, "{stderr}");
    assert_eq!(of(&[("route", "\"not-found\""), ("status", "404"), ("payloads", "0")]), 1, "{stderr}");
    assert_eq!(of(&[("status", "400"), ("refused", "\"head\"")]), 50, "{stderr}");
    let told = stderr.lines().filter(|line| line.contains("requests refused")).count();
    assert!((1..50).contains(&told), "{told} lines\n{stderr}");
}
