//! Every law runs both ways: as a plain test, and as a fuzz target.

use super::{
    super::laws::LAWS,
    tree::{expect_none, files, root},
};

#[test]
fn every_law_is_run_and_fuzzed() {
    let prefix = "tests/laws/";
    let manifest = std::fs::read_to_string(root().join("tests/fuzz/Cargo.toml")).unwrap();
    let mut findings = Vec::new();
    let written: Vec<&str> = files()
        .iter()
        .filter_map(|f| f.path.strip_prefix(prefix)?.strip_suffix(".rs"))
        .filter(|name| *name != "mod" && !name.contains('/'))
        .collect();
    for name in &written {
        if !LAWS.iter().any(|(law, _)| law == name) {
            findings.push(format!("{prefix}{name}.rs is not in the list of {prefix}mod.rs"));
        }
        let target = root().join(format!("tests/fuzz/targets/{name}.rs"));
        if std::fs::read_to_string(&target).ok().is_none_or(|text| !text.contains(&format!("laws/{name}.rs")))
        {
            findings.push(format!("tests/fuzz/targets/{name}.rs does not run {prefix}{name}.rs"));
        }
        if !manifest.contains(&format!("path = \"targets/{name}.rs\"")) {
            findings.push(format!("tests/fuzz/Cargo.toml has no target {name}"));
        }
        if std::fs::read_dir(root().join(format!("{prefix}corpus/{name}"))).is_ok_and(|dir| dir.count() == 0)
        {
            findings.push(format!("{prefix}corpus/{name} is empty"));
        }
    }
    expect_none("a law that is not run both ways", findings);
}
