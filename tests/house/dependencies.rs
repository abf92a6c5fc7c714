//! Who may know whom, and that `event` stays pure.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use super::tree::{expect_none, root};

/// Who may know whom among our own crates, outside tests.
const MAY_KNOW: [(&str, &[&str]); 8] = [
    ("event", &[]),
    ("iglu", &["event"]),
    ("stream", &[]),
    ("service", &[]),
    ("collector", &["event", "stream", "service"]),
    ("enrich", &["event", "iglu", "stream", "service"]),
    ("loaders", &["event", "iglu", "stream", "service"]),
    ("piste", &["event", "iglu", "stream", "service", "collector", "enrich", "loaders"]),
];

/// Crates that bring a runtime, sockets or randomness.
const IMPURE: [&str; 15] = [
    "tokio",
    "tokio-util",
    "hyper",
    "hyper-util",
    "reqwest",
    "axum",
    "mio",
    "socket2",
    "rustls",
    "aws-lc-rs",
    "ring",
    "rand",
    "futures-executor",
    "object_store",
    "tokio-postgres",
];

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

#[test]
fn crates_know_only_whom_they_may() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]))
            .unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    let ruled: BTreeSet<&str> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, ruled, "the table above lists every crate of the workspace");

    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let (_, may_know) = MAY_KNOW.iter().find(|(n, _)| *n == name).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            if dependency["kind"] != "dev" && ours.contains(on) && !may_know.contains(&on) {
                findings.push(format!("{name} depends on {on}"));
            }
        }
    }
    expect_none("a crate knows another that it must not know", findings);
}

#[test]
fn event_has_no_runtime_and_opens_nothing() {
    let tree = cargo(&[
        "tree",
        "-p",
        "event",
        "-e",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "--offline",
        "--locked",
    ]);
    let closure: BTreeSet<&str> = tree.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(
        closure.contains("event") && closure.contains("serde_json"),
        "unexpected answer of cargo tree:\n{tree}"
    );
    let found = IMPURE
        .iter()
        .filter(|name| closure.contains(**name))
        .map(|name| format!("event needs {name}"))
        .collect();
    expect_none("`event` has no runtime, opens nothing, asks no clock", found);
}

#[test]
fn versions_and_features_are_named_once() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"]))
            .unwrap();
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.ends_with("dependencies]")
                && section != "[workspace.dependencies]"
                && line.contains('=')
                && !line.contains("workspace = true")
            {
                findings.push(format!("{}: {line}", package["name"].as_str().unwrap()));
            }
        }
    }
    expect_none("dependencies are taken from the table of the workspace", findings);
}
