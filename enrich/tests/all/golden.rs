//! The recorded cases of the original's Apache line: each outcome equal, column by column and key by key, or listed with
//! its reason.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use enrich::{
    compatibility::Compatibility,
    enrichments::{Enrichments, assets::Assets, configuration::Configuration},
    output::{Kind, Output},
    settings::Settings,
};
use event::{
    atomic::{FIELDS, Field},
    bad_row::Processor,
    json,
};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::registry::{Registry, central};

/// Cases that are not equal, and why. A case that becomes equal must leave this list.
const DIFFERENT: &[(&str, &str)] = &[
    ("anon-10", "on purpose: an IPv4 address in IPv6 clothes without a dot is masked too"),
    ("coll-3", "on purpose: a TAB in the collector's name would make 132 columns"),
];

/// A case whose text is not compared, as the recordings say: the original tries the struct of collectors before 2013, which
/// the recorder did not have.
const UNTOLD: (&str, &str) = ("thrift-schema-none", "bad.data.failure.message.error");

#[test]
fn tracker_get() {
    check("tracker-get");
}

#[test]
fn tracker_post() {
    check("tracker-post");
}

#[test]
fn validation() {
    check("validation");
}

#[test]
fn urls() {
    check("urls");
}

#[test]
fn timestamps() {
    check("timestamps");
}

#[test]
fn ip_ua() {
    check("ip-ua");
}

#[test]
fn redirect() {
    check("redirect");
}

#[test]
fn corrupt() {
    check("corrupt");
}

#[test]
fn enrichments() {
    check("enrichments");
}

#[test]
fn adapters() {
    check("adapters");
}

/// What a case has configured. `None`: it needs an asset that is not there.
fn configured(case: &Value) -> Option<Enrichments> {
    let list = case["enrichments"].as_array().unwrap();
    let configurations: Vec<_> =
        list.iter().map(|json| Configuration::from_json("the case", json.clone()).unwrap()).collect();
    let mut assets = Assets::default();
    for asset in Enrichments::assets(&configurations).unwrap() {
        let content = fs::read(asset_folder().join(asset.file_name())).ok()?;
        assets.put(asset, content.into());
    }
    Some(Enrichments::build(&configurations, &assets).unwrap())
}

/// Where the assets are that cases name.
fn asset_folder() -> PathBuf {
    let golden = std::env::var_os("PISTE_GOLDEN").map(PathBuf::from);
    golden.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/golden")).join("assets")
}

/// Runs all cases of a group.
fn check(group: &str) {
    check_some(group, |_| true);
}

/// Runs those cases of a group whose ids are wanted.
fn check_some(group: &str, wanted: impl Fn(&str) -> bool) {
    let now: Timestamp = "2024-01-01T00:00:00.123Z".parse().unwrap();
    let registry = Registry::at(now);
    let processor = Processor { artifact: "piste-oracle".into(), version: "1.3.1".into() };
    let mut settings = Settings::new(Compatibility::Apache, processor);
    let mut findings = Vec::new();
    let mut skipped = 0;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{group}.jsonl"));
    for line in fs::read_to_string(path).unwrap().lines() {
        let case = json::parse_folded(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if !wanted(id) {
            continue;
        }
        let record = STANDARD.decode(case["payload_b64"].as_str().unwrap()).unwrap();
        match configured(&case) {
            Some(enrichments) => settings.enrichments = enrichments.into(),
            None => {
                skipped += 1;
                continue;
            }
        }
        let Some(outputs) = registry.process(&record, &settings, now, &mut || Uuid::nil()) else {
            skipped += 1;
            continue;
        };
        let difference = difference(&case, &outputs);
        let reason = DIFFERENT.iter().find(|(listed, _)| *listed == id).map(|(_, reason)| reason);
        match (difference, reason) {
            (None, None) | (Some(_), Some(_)) => {}
            (Some(difference), None) => findings.push(format!("{id}: {difference}")),
            (None, Some(reason)) => {
                findings.push(format!("{id} is equal now, but listed as different: {reason}"))
            }
        }
    }
    if skipped > 0 {
        let at = if central().is_some() { "" } else { ": set PISTE_IGLU_CENTRAL to a folder of its schemas" };
        eprintln!("!!! {group}: {skipped} cases need schemas of Iglu Central and were LEFT OUT{at}");
    }
    assert!(findings.is_empty(), "{group}: {} cases\n{}", findings.len(), findings.join("\n"));
}

/// The first difference between what was recorded and what came out.
fn difference(case: &Value, outputs: &[Output]) -> Option<String> {
    let expected = case["expect"].as_array().unwrap();
    let mut masks: Vec<&str> =
        case["mask"].as_array().unwrap().iter().map(|mask| mask.as_str().unwrap()).collect();
    if case["id"] == UNTOLD.0 {
        masks.push(UNTOLD.1);
    }
    if expected.iter().any(|outcome| outcome.get("crash").is_some()) {
        // Where the original died a bad row is due.
        let sane = outputs.iter().all(|output| output.kind != Kind::Failed) && !outputs.is_empty();
        return (!sane).then(|| "nothing came out".to_owned());
    }
    if expected.len() != outputs.len() {
        return Some(format!(
            "{} outcomes instead of {}: {}",
            outputs.len(),
            expected.len(),
            shown(&outputs[0].data)
        ));
    }
    expected.iter().zip(outputs).enumerate().find_map(|(n, (expected, output))| {
        let text = std::str::from_utf8(&output.data).unwrap();
        let found = match (expected.get("enriched"), output.kind) {
            (Some(line), Kind::Good) => in_line(line.as_str().unwrap(), text, &masks),
            (None, Kind::Bad(_)) => in_row(&expected["bad"], text, &masks),
            _ => Some(format!("{:?} {}", output.kind, shown(&output.data))),
        };
        found.map(|found| format!("outcome {n}: {found}"))
    })
}

fn in_line(expected: &str, found: &str, masks: &[&str]) -> Option<String> {
    let (expected, found): (Vec<_>, Vec<_>) = (expected.split('\t').collect(), found.split('\t').collect());
    if expected.len() != found.len() {
        return Some(format!("{} columns instead of {}", found.len(), expected.len()));
    }
    FIELDS.into_iter().find_map(|field: Field| {
        let (expected, found) = (expected[field as usize], found[field as usize]);
        let differs = expected != found && !masks.contains(&field.name());
        differs.then(|| format!("{}: {found:?} instead of {expected:?}", field.name()))
    })
}

fn in_row(expected: &Value, found: &str, masks: &[&str]) -> Option<String> {
    let mut expected = flat(expected);
    let mut found = flat(&json::parse_folded(found).unwrap());
    let masked = |path: &str| {
        masks.iter().any(|mask| {
            let (mask, path): (Vec<_>, Vec<_>) =
                (mask.split('.').skip(1).collect(), path.split('.').collect());
            mask.len() == path.len() && mask.iter().zip(path).all(|(m, p)| *m == "*" || *m == p)
        })
    };
    expected.retain(|(path, _)| !masked(path));
    found.retain(|(path, _)| !masked(path));
    if expected == found {
        return None;
    }
    let as_map = |flat: &[(String, String)]| flat.iter().cloned().collect::<BTreeMap<_, _>>();
    let (in_expected, in_found) = (as_map(&expected), as_map(&found));
    let different = in_expected
        .keys()
        .chain(in_found.keys())
        .find(|path| in_expected.get(*path) != in_found.get(*path))
        .map(|path| format!("{path}: {:?} instead of {:?}", in_found.get(path), in_expected.get(path)));
    Some(different.unwrap_or_else(|| "the order of keys".to_owned()))
}

/// Every leaf with its path, in order.
fn flat(value: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        let below = |key: String| if path.is_empty() { key } else { format!("{path}.{key}") };
        match value {
            // What is deeper is compared as text.
            Value::Array(items) if !items.is_empty() && path.len() < 500 => {
                open.extend(items.iter().enumerate().rev().map(|(n, item)| (below(n.to_string()), item)));
            }
            Value::Object(members) if !members.is_empty() => {
                open.extend(members.iter().rev().map(|(key, member)| (below(key.clone()), member)));
            }
            leaf => leaves.push((path, json::to_compact(leaf))),
        }
    }
    leaves
}

fn shown(data: &[u8]) -> String {
    String::from_utf8_lossy(data).chars().take(600).collect()
}
