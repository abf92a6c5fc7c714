//! igluctl's own command lines, compared with what it said (`golden/igluctl.jsonl`).

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    http,
    piste::{Launch, run},
};

/// The key that may do everything, as the recorded command lines have it.
const SUPER: &str = "11111111-2222-4333-8444-555555555555";

/// Where piste says something else on purpose.
const DIFFERENCES: [(&str, &str); 6] = [
    (
        "lint-bq-chars-2",
        "igluctl ends with an exception where only names for BigQuery are wrong: they are told",
    ),
    ("lint-bq-only", "as above"),
    ("lint-skip-args-9", "`--help` after an argument is help, and no mistake"),
    ("gen-out-absent", "the folder for the output is made"),
    ("gen-missing", "the folder for the output is made; what is wrong is the input"),
    ("srv-refused", "igluctl ends with an exception where nobody listens: the reason is told"),
];

fn cases() -> Vec<Value> {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/igluctl.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// Lines without those that say nothing, in no order: that of files is the system's.
fn lines(text: &str, input: &Path) -> Vec<String> {
    let text = text.replace(&input.display().to_string(), "$IN");
    let mut lines: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(mask_uuid).collect();
    lines.sort();
    lines
}

fn mask_uuid(line: &str) -> String {
    match line.split_once(" key: ") {
        Some((which, key)) if key.len() == 36 => format!("{which} key: {{{{uuid}}}}"),
        _ => line.to_owned(),
    }
}

fn write(folder: &Path, files: &Value) {
    for (name, content) in files.as_object().unwrap() {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        fs::write(file, content).unwrap();
    }
}

/// All files below a folder by their paths.
fn read(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn check(case: &Value, server: &str) {
    let (id, expect) = (text(case, "id"), &case["expect"]);
    let folder = TempDir::new().unwrap();
    let input = folder.path();
    write(input, &case["files"]);
    let told = |argument: &Value| {
        let argument = argument.as_str().unwrap().replace("$IN", &input.display().to_string());
        argument.replace("127.0.0.1:18082", server)
    };
    let mut arguments = vec!["iglu".to_owned()];
    arguments.extend(case["args"].as_array().unwrap().iter().map(told));
    if let Some(before) = case["before"].as_str() {
        fs::create_dir_all(input.join("out")).unwrap();
        if before.contains("was run once before") {
            let once: Vec<&str> = arguments[..5].iter().map(String::as_str).collect();
            assert_eq!(run(&once).code, Some(0), "{id}");
        }
        if before.contains("ALTER TABLE line was appended") {
            let file = input.join("out/sql/com.acme/add_to_cart_1.sql");
            let text = fs::read_to_string(&file).unwrap();
            let added =
                text_of_modified(expect).unwrap_or_else(|| "ALTER TABLE x ADD COLUMN y INT;\n".into());
            fs::write(&file, text + &added).unwrap();
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = run(&arguments);
    if text(expect, "stderr").contains("\nUsage:") {
        assert_eq!(ended.code, Some(1), "{id}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().next(), text(expect, "stderr").lines().next(), "{id}");
        return;
    }
    let said = (ended.code, lines(&ended.stdout, input), lines(&ended.stderr, input));
    let recorded = |key: &str| lines(text(expect, key), input);
    let code = expect["exit"].as_i64().and_then(|code| i32::try_from(code).ok());
    assert_eq!(said, (code, recorded("stdout"), recorded("stderr")), "{id}");
    for (name, content) in expect["files"].as_object().into_iter().flatten() {
        let ours = read(&input.join("out")).remove(name).unwrap_or_else(|| panic!("{id}: no {name}"));
        match serde_json::from_str::<Value>(content.as_str().unwrap()) {
            Ok(json) => assert_eq!(serde_json::from_str::<Value>(&ours).unwrap(), json, "{id} {name}"),
            Err(_) => assert_eq!(ours, content.as_str().unwrap(), "{id} {name}"),
        }
    }
}

/// The last line of the changed file, where it is recorded.
fn text_of_modified(expect: &Value) -> Option<String> {
    let file = expect["files"]["sql/com.acme/add_to_cart_1.sql"].as_str()?;
    let last = file.lines().rfind(|line| !line.is_empty())?;
    last.starts_with("ALTER").then(|| format!("\n{last}\n"))
}

/// A registry with the schemas that the recorded one had.
fn publish_recorded(cases: &[Value], server: std::net::SocketAddr) {
    let pull = cases.iter().find(|case| case["id"] == "srv-pull").unwrap();
    let mut files: Vec<(&String, &Value)> = pull["expect"]["files"].as_object().unwrap().iter().collect();
    files.sort_by_key(|(path, _)| *path);
    for (path, schema) in files.into_iter().filter(|(path, _)| !path.starts_with("com.ctl")) {
        let target = format!("/api/schemas/{path}?isPublic=true");
        let body = schema.as_str().unwrap().as_bytes();
        let answer = http::once(server, "PUT", &target, &[("apikey", SUPER)], body).unwrap();
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    }
}

#[test]
fn recorded_runs() {
    let cases = cases();
    assert_eq!(cases.len(), 131);
    let super_key = format!("-DsuperApiKey={SUPER}");
    let launch = Launch::iglu_server().with(&["-Ddatabase.type=dummy", "-DpatchesAllowed=true", &super_key]);
    let server = launch.start_unready();
    publish_recorded(&cases, server.admin);
    let address = server.admin.to_string();
    let differs = |id: &str| DIFFERENCES.iter().any(|(case, _)| *case == id);
    let failed: Vec<&str> = cases
        .iter()
        .filter(|case| {
            catch_unwind(AssertUnwindSafe(|| check(case, &address))).is_err() != differs(text(case, "id"))
        })
        .map(|case| text(case, "id"))
        .collect();
    assert!(failed.is_empty(), "equal though listed, or different and not listed: {failed:?}");
    server.finish_well();
}
