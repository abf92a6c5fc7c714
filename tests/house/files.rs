//! Files: small, named by what they define, and tidy.

use super::tree::{File, expect_none, files, paths, sources};

/// Names that say nothing.
const NAMELESS: [&str; 6] = ["utils", "util", "helpers", "common", "types", "manager"];

fn production_sizes() -> Vec<(usize, &'static File)> {
    let mut sizes: Vec<(usize, &File)> =
        sources().filter(|f| !f.is_test()).map(|f| (f.production_lines().count(), f)).collect();
    sizes.sort_by_key(|(size, _)| *size);
    sizes
}

#[test]
fn files_are_small() {
    let sizes = production_sizes();
    let at = |share: usize| {
        let (size, file) = sizes[(sizes.len() - 1) * share / 100];
        (size, &file.path)
    };
    assert!(at(50).0 <= 150, "the median file has {} lines ({})", at(50).0, at(50).1);
    assert!(at(90).0 < 400, "nine files in ten have less than 400 lines: {:?}", &sizes_above(&sizes, 399));
    expect_none("a file has more than 700 lines", sizes_above(&sizes, 700));
}

fn sizes_above(sizes: &[(usize, &File)], limit: usize) -> Vec<String> {
    sizes.iter().filter(|(size, _)| *size > limit).map(|(size, f)| format!("{} {size}", f.path)).collect()
}

#[test]
fn tests_are_small_too() {
    let long =
        sources().filter(|f| f.is_test() && f.text.lines().count() > 700).map(|f| f.path.clone()).collect();
    expect_none("a test file has more than 700 lines", long);
}

#[test]
fn files_are_named_by_what_they_define() {
    let found = paths().into_iter().filter(|path| {
        path.split('/')
            .any(|part| NAMELESS.contains(&part.split('.').next().unwrap_or(part).to_lowercase().as_str()))
    });
    expect_none("a name that says nothing", found.collect());
}

#[test]
fn text_is_tidy() {
    let mut findings = Vec::new();
    for file in files().iter().filter(|f| !is_recorded(&f.path)) {
        let path = &file.path;
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            findings.push(format!("{path}: no newline at the end"));
        }
        if file.text.ends_with("\n\n") {
            findings.push(format!("{path}: blank lines at the end"));
        }
        for (i, line) in file.text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(format!("{path}:{}: blanks at the end of the line", i + 1));
            }
            if line.contains('\t') && !path.ends_with("Makefile") {
                findings.push(format!("{path}:{}: a tab", i + 1));
            }
        }
    }
    expect_none("text is not tidy", findings);
}

/// Recorded bytes and snapshots are kept as they were made.
fn is_recorded(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "golden" | "corpus" | "snapshots"))
}
