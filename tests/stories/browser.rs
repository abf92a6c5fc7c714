//! A person's browser: cookies, CORS and leaving a page, as Chromium sees them.

use std::collections::BTreeSet;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    clients,
    lake::Line,
    piste::{Launch, PATIENCE, Piste},
    wait,
};

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Requests of one method to the collector.
fn requests<'a>(report: &'a Value, method: &str) -> Vec<&'a Value> {
    let all = report["exchanges"].as_array().expect("exchanges");
    all.iter().filter(|e| e["method"] == method).collect()
}

/// A header of one side of an exchange.
fn header<'a>(exchange: &'a Value, side: &str, name: &str) -> Option<&'a str> {
    let headers = exchange[side].as_object()?;
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?.1.as_str()
}

/// The collector's cookie in the browser's jar.
fn cookie(report: &Value) -> Option<&Value> {
    report["cookies"].as_array()?.iter().find(|cookie| cookie["name"] == "sp")
}

/// Event ids the browser has sent and got 200 for.
fn answered(report: &Value) -> BTreeSet<String> {
    let bodies = requests(report, "POST").into_iter().filter(|e| e["status"] == 200);
    let bodies = bodies.map(|e| serde_json::from_str::<Value>(e["body"].as_str().expect("a body")).unwrap());
    let events = bodies.flat_map(|body| body["data"].as_array().cloned().unwrap_or_default());
    events.filter_map(|event| event["eid"].as_str().map(str::to_owned)).collect()
}

/// Waits for these events and gives one line for each: a browser may send one twice when its page is left.
fn lines(piste: &Piste, ids: &BTreeSet<String>) -> Vec<Line> {
    wait::until_equal("the events of the browser in the files", PATIENCE, ids, || {
        piste.lake().event_ids().into_keys().collect()
    });
    let mut seen = BTreeSet::new();
    let lines = piste.lake().enriched().into_iter();
    lines.filter(|line| seen.insert(line.get("event_id").to_owned())).collect()
}

#[test]
fn a_visit() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let report = clients::browser(piste.collector, &["visit"]);
    assert_eq!(report["complaints"], Value::Array(Vec::new()), "nothing to complain about");

    // The browser asked whether it may post to another origin, was told so, and asked no second time.
    let preflights = requests(&report, "OPTIONS");
    assert_eq!(preflights.len(), 1, "{preflights:#?}");
    let origin = report["origin"].as_str();
    for (name, value) in [
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", Some("true")),
        ("access-control-allow-headers", Some("Content-Type, SP-Anonymous")),
        ("access-control-max-age", Some("3600")),
        ("set-cookie", None),
    ] {
        assert_eq!(header(preflights[0], "received", name), value, "{name} of the preflight");
    }

    // The first answer set the cookie, every later request brought it.
    let posts = requests(&report, "POST");
    let cookie = cookie(&report).expect("the collector's cookie is kept");
    assert_eq!(
        (&cookie["sameSite"], &cookie["secure"], &cookie["httpOnly"]),
        (&"None".into(), &true.into(), &true.into())
    );
    let network_userid = cookie["value"].as_str().unwrap();
    for (n, post) in posts.iter().enumerate() {
        let sent =
            header(post, "sent", "cookie").unwrap_or_default().contains(&format!("sp={network_userid}"));
        assert_eq!(sent, n > 0, "request {n} brings the cookie");
        assert_eq!(header(post, "received", "access-control-allow-origin"), origin);
    }

    let lines = lines(&piste, &answered(&report));
    let kinds = |kind: &str| lines.iter().filter(|line| line.get("event") == kind).count();
    assert_eq!(
        (kinds("page_view"), kinds("struct")),
        (2, 1),
        "two pages, and the event of leaving the first"
    );
    assert!(kinds("page_ping") >= 1, "a page ping");
    for line in &lines {
        assert_eq!(line.get("network_userid"), network_userid);
        assert_eq!(line.get("user_ipaddress"), "127.0.0.1");
    }
    let second = lines.iter().find(|line| line.get("page_title") == "Second").unwrap();
    assert!(second.get("page_url").ends_with("/second?from=first"), "{}", second.get("page_url"));
    assert!(second.get("page_referrer").ends_with("/first"), "{}", second.get("page_referrer"));
    let visitors: BTreeSet<&str> = lines.iter().map(|line| line.get("domain_userid")).collect();
    assert_eq!(visitors.len(), 1, "{visitors:?}");
    piste.finish_well();
}

#[test]
fn an_anonymous_visit() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let report = clients::browser(piste.collector, &["anonymous"]);
    assert_eq!(report["complaints"], Value::Array(Vec::new()), "nothing to complain about");
    assert_eq!(cookie(&report), None, "no cookie for who does not want to be known");
    let posts = requests(&report, "POST");
    assert_eq!(header(posts[0], "sent", "sp-anonymous"), Some("*"));
    assert_eq!(header(posts[0], "received", "set-cookie"), None);
    let lines = lines(&piste, &answered(&report));
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].get("network_userid"), lines[0].get("user_ipaddress")), (NOBODY, "unknown"));
    assert_eq!((lines[0].get("domain_userid"), lines[0].get("page_title")), ("", "Nobody"));
    piste.finish_well();
}
