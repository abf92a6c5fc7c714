//! Finds the rules about user agents inside the package `ua-parser`, which carries them as data beside its code, so that
//! they are part of the executable.

use std::{env, fs, path::PathBuf, process::Command};

use serde_json::Value;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var_os(name).unwrap_or_else(|| panic!("cargo sets {name}"));
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(variable("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == "ua-parser")
        .find_map(|package| package["manifest_path"].as_str())
        .expect("ua-parser is a dependency");
    let rules = PathBuf::from(manifest).with_file_name("uap-core").join("regexes.yaml");
    println!("cargo::rerun-if-changed={}", rules.display());
    let target = PathBuf::from(variable("OUT_DIR")).join("regexes.yaml");
    fs::copy(&rules, target).unwrap_or_else(|error| panic!("{}: {error}", rules.display()));
}
