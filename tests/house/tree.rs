//! The files of the repository, as git sees them: tracked, or new and not ignored.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// One text file.
pub struct File {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Paths of all files that belong to the repository.
pub fn paths() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is needed to list the files of the repository");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let mut paths: Vec<String> =
        text.split('\0').filter(|p| !p.is_empty() && root().join(p).is_file()).map(Into::into).collect();
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 20, "only {} files found", paths.len());
    paths
}

/// All text files. Bytes that are not UTF-8 (recorded cases, corpora) are left out.
pub fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        paths()
            .into_iter()
            .filter_map(|path| {
                let text = String::from_utf8(std::fs::read(root().join(&path)).ok()?).ok()?;
                (!text.contains('\0')).then_some(File { path, text })
            })
            .collect()
    })
}

/// All Rust sources.
pub fn sources() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|f| f.path.ends_with(".rs"))
}

impl File {
    /// The crate folder: `event` of `event/src/x.rs`, empty for the root package.
    pub fn package(&self) -> &str {
        match self.path.split_once('/') {
            Some((folder, _)) if root().join(folder).join("Cargo.toml").is_file() => folder,
            _ => "",
        }
    }

    /// Whether this is a test, a bench or a fuzz target as a whole. `stream` offers its conformance suite to every engine.
    pub fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "benches" | "conformance" | "conformance.rs"))
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }

    /// The lines before the unit tests at the end of the file, numbered from 1.
    pub fn production_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, l)| (i + 1, l)).take_while(|(_, l)| *l != "#[cfg(test)]")
    }

    /// Its name without folders and ending.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".rs").unwrap_or(name)
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        root().join(&self.path).parent().expect("a file has a folder").to_path_buf()
    }
}

/// Fails with one line per finding.
pub fn expect_none(rule: &str, findings: Vec<String>) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}
