//! Reference configurations are checked against the structs that read them, each by a test of the crate that reads it.

use super::tree::{expect_none, files, paths, sources};

#[test]
fn every_reference_configuration_is_checked() {
    let listed: Vec<String> = paths().into_iter().filter(|p| p.starts_with("deploy/reference/")).collect();
    let unchecked = listed.into_iter().filter(|path| {
        let name = path.trim_start_matches("deploy/");
        !sources()
            .any(|f| f.text.contains("#[test]") && f.text.contains(name) && f.text.contains("differences"))
    });
    expect_none("a reference configuration that no test compares with its struct", unchecked.collect());
}

#[test]
fn reference_configurations_hold_no_secret() {
    let findings = files().iter().filter(|f| f.path.starts_with("deploy/reference/")).flat_map(|file| {
        let lines = file.text.lines().enumerate();
        let secret = lines.filter(|(_, l)| {
            let l = l.to_lowercase();
            (l.contains("password") || l.contains("secret")) && l.contains("= \"") && !l.contains("${")
        });
        secret.map(|(i, l)| format!("{}:{}: {l}", file.path, i + 1)).collect::<Vec<_>>()
    });
    expect_none("a secret belongs in the environment", findings.collect());
}
