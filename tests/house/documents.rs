//! Documents that can rot: links resolve, commands exist.

use std::{collections::BTreeSet, process::Command};

use super::tree::{File, expect_none, files, root};

fn documents() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|f| f.path.ends_with(".md"))
}

/// Text of a document without its fenced code.
fn prose(text: &str) -> String {
    let mut fenced = false;
    text.lines()
        .map(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            if fenced || fence { "\n".into() } else { format!("{line}\n") }
        })
        .collect()
}

/// Targets of `[text](target)`.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    link.captures_iter(&prose).map(|c| c[1].to_owned()).collect()
}

/// Anchors of the headings, as renderers make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let plain = |heading: &str| -> String {
        let kept = heading.trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
            .collect::<String>()
            .replace(' ', "-")
    };
    prose(text).lines().filter(|l| l.starts_with('#')).map(|l| plain(l.trim_start_matches('#'))).collect()
}

#[test]
fn links_resolve() {
    let mut findings = Vec::new();
    for document in documents() {
        for link in
            links(&document.text).into_iter().filter(|l| !l.contains("://") && !l.starts_with("mailto:"))
        {
            let (path, anchor) = link.split_once('#').map_or((link.as_str(), None), |(p, a)| (p, Some(a)));
            let target =
                if path.is_empty() { root().join(&document.path) } else { document.folder().join(path) };
            if !target.exists() {
                findings.push(format!("{}: {link} leads nowhere", document.path));
            } else if let Some(anchor) = anchor
                && !anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(anchor)
            {
                findings.push(format!("{}: {link} has no such heading", document.path));
            }
        }
    }
    expect_none("links that lead nowhere", findings);
}

/// Lines of fenced shell blocks.
fn commands(text: &str) -> Vec<String> {
    let mut shell = None;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            shell = if shell.is_some() { None } else { Some(matches!(kind, "sh" | "bash" | "console")) };
        } else if shell == Some(true) {
            found.push(line.trim().to_owned());
        }
    }
    found
}

/// What a line asks of `piste`: the words after `cargo run ... --` or `piste`.
fn piste_arguments(command: &str) -> Option<Vec<&str>> {
    let words: Vec<&str> =
        command.split_whitespace().take_while(|w| !["|", "#", "&&", ">", "\\"].contains(w)).collect();
    match words.as_slice() {
        ["cargo", "run", rest @ ..] => rest.iter().position(|w| *w == "--").map(|at| rest[at + 1..].to_vec()),
        ["piste", rest @ ..] => Some(rest.to_vec()),
        _ => None,
    }
}

#[test]
fn commands_exist() {
    let mut findings = Vec::new();
    let mut seen = 0;
    for document in documents() {
        for command in commands(&document.text) {
            if let Some(arguments) = piste_arguments(&command) {
                seen += 1;
                if let Err(why) = understood(&arguments) {
                    findings.push(format!("{}: `{command}`: {why}", document.path));
                }
            } else if let Some(script) = command.split_whitespace().next().and_then(|w| w.strip_prefix("./"))
            {
                seen += 1;
                if !root().join(script).is_file() {
                    findings.push(format!("{}: `{command}`: no such script", document.path));
                }
            } else if let Some(bench) = command.strip_prefix("cargo bench --bench ") {
                let name = bench.split_whitespace().next().unwrap_or_default();
                if !root().join(format!("benches/{name}.rs")).is_file()
                    && !root().join(format!("benches/{name}/main.rs")).is_file()
                {
                    findings.push(format!("{}: `{command}`: no such bench", document.path));
                }
            }
        }
    }
    expect_none("commands that do not exist", findings);
    assert!(seen > 0, "no document shows a command");
}

/// Whether `piste` knows the subcommand and every flag.
fn understood(arguments: &[&str]) -> Result<(), String> {
    // These have subcommands of their own.
    let depth = match arguments {
        ["iglu", "static" | "server" | "verify", ..] => 3,
        ["deploy" | "iglu", ..] => 2,
        _ => 1,
    };
    let subcommand: Vec<&str> =
        arguments.iter().take_while(|a| !a.starts_with('-')).take(depth).copied().collect();
    let help = Command::new(env!("CARGO_BIN_EXE_piste")).args(&subcommand).arg("--help").output().unwrap();
    if !help.status.success() {
        return Err(format!("no subcommand {subcommand:?}"));
    }
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let known: BTreeSet<&str> = help
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|w| w.starts_with("--"))
        .collect();
    for flag in arguments.iter().filter(|a| a.starts_with("--")) {
        let flag = flag.split('=').next().unwrap_or(flag);
        if !known.contains(flag) {
            return Err(format!("no flag {flag}"));
        }
    }
    Ok(())
}
