//! Puts deploy/terraform, and what it reads, into the executable: `piste deploy init` writes them.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// What Terraform reads.
const KINDS: [&str; 5] = ["tf", "json", "hocon", "tftpl", "toml"];

fn main() {
    let deploy =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where it is")).join("deploy");
    let mut files = vec![deploy.join("prices.toml")];
    for folder in ["config", "terraform"] {
        gather(&deploy.join(folder), &mut files);
        println!("cargo::rerun-if-changed=deploy/{folder}");
    }
    println!("cargo::rerun-if-changed=deploy/prices.toml");
    files.sort();
    let mut list = String::from("[\n");
    for file in &files {
        let name = file.strip_prefix(&deploy).expect("it was found there");
        let _ = writeln!(list, "    ({:?}, include_str!({:?})),", name.to_string_lossy(), file);
    }
    list.push_str("]\n");
    let into = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to")).join("deployment.rs");
    fs::write(into, list).expect("cargo's folder can be written to");
}

/// Files below a folder, without tests and what a run of Terraform leaves.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("a folder of this repository");
    for path in entries.map(|entry| entry.expect("a folder of this repository").path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "tests" || name.contains("tfvars") || name.contains("override") {
            continue;
        }
        if path.is_dir() {
            gather(&path, files);
        } else if KINDS.contains(&kind.as_str()) {
            files.push(path);
        }
    }
}
