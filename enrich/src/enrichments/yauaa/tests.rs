//! The real library's findings, recorded from YAUAA 7.30.0 (fields that it does not know are left out), against ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::*;

/// User agents by which the rules were made, and those that were written down afterwards.
const RECORDED: [&str; 2] = [
    include_str!("../../../tests/golden/user_agents/known.jsonl"),
    include_str!("../../../tests/golden/user_agents/unseen.jsonl"),
];

/// The user agents of each, and of a thousand fields at least so many that are equal; `docs/compatibility.md` says it.
const EQUAL: [(usize, usize); 2] = [(345, 994), (108, 870)];

fn recorded(lines: &str) -> impl Iterator<Item = (Map<String, Value>, Map<String, Value>)> + '_ {
    lines.lines().map(|line| {
        let mut line: Map<String, Value> = serde_json::from_str(line).unwrap();
        let mut take = |name: &str| match line.remove(name) {
            Some(Value::Object(members)) => members,
            other => panic!("{name} is {other:?}"),
        };
        (take("headers"), take("yauaa"))
    })
}

/// Ours, without what the recording leaves out.
fn found(headers: &Map<String, Value>) -> Map<String, Value> {
    let mut hints = Hints::default();
    for (name, value) in headers {
        hints.take(name, value.as_str().unwrap());
    }
    let Value::Object(mut fields) = analyse(headers["User-Agent"].as_str().unwrap(), &hints) else {
        panic!()
    };
    fields.retain(|name, value| {
        let is_sparse =
            name.starts_with("webviewApp") || name == "networkType" || name == "agentInformationEmail";
        !(is_sparse && ["Unknown", "??", "Unknown ??"].contains(&value.as_str().unwrap()))
    });
    fields
}

#[test]
fn as_the_library_says() {
    for (recording, (agents, share)) in RECORDED.into_iter().zip(EQUAL) {
        check(recording, agents, share);
    }
}

fn check(recording: &str, agents: usize, share: usize) {
    let mut shares: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut lines, mut whole) = (0, 0);
    let mut differences = String::new();
    for (headers, expect) in recorded(recording) {
        let ours = found(&headers);
        lines += 1;
        whole += usize::from(ours == expect);
        let names: std::collections::BTreeSet<_> = ours.keys().chain(expect.keys()).collect();
        for name in names {
            let (equal, all) = shares.entry(name.clone()).or_default();
            *all += 1;
            if ours.get(name) == expect.get(name) {
                *equal += 1;
            } else {
                let said =
                    |fields: &Map<String, Value>| fields.get(name).map_or("-".to_owned(), Value::to_string);
                let agent = &headers["User-Agent"];
                differences.push_str(&format!("{name}: {} not {} {agent}\n", said(&ours), said(&expect)));
            }
        }
    }
    assert_eq!(lines, agents);
    let (equal, all) = shares.values().fold((0, 0), |(e, a), (equal, of)| (e + equal, a + of));
    let told = format!("{whole} of {lines} user agents, {equal} of {all} fields\n{differences}");
    assert!(equal * 1_000 >= all * share, "{told}");
    println!("{told}");
}

/// What would make a careless reader slow, or fall over; the schema's limits hold for all of it.
#[test]
fn hostile_user_agents() {
    let long = |part: &str| part.repeat(100_000);
    let table = [
        long("("),
        long("(("),
        long("(a;"),
        long("a/"),
        long("é("),
        long("bot/1 "),
        format!("Mozilla/5.0 (Linux; Android 13; {}) AppleWebKit/537.36", "m".repeat(5_000)),
        format!("Mozilla/5.0 (compatible; {}bot/{}; +http://{}/)", long("x"), long("1"), long("a.")),
        "Mozilla/5.0 (PlayStation ".to_owned(),
        "CrOS (CrOS ) Chrome/.0.0.0 AppleWebKit/".to_owned(),
    ];
    let is_long =
        |name: &str, value: &str| value.chars().count() > if name.ends_with("Name") { 256 } else { 1_000 };
    for agent in table {
        let Value::Object(fields) = analyse(&agent, &Hints::default()) else { panic!() };
        for (name, value) in fields {
            let value = value.as_str().unwrap();
            assert!(!is_long(&name, value), "{name} of {} characters", value.len());
        }
    }
}
