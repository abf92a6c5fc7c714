//! What no file may name: the machine it was written on, and hosts that a reader's own setup decides.

use super::tree::{expect_none, files};

/// Folders of one machine. Split, so that this file does not hold them.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/tmp/ba", "sh")];

/// Registries: clients are set up by whoever runs them.
const REGISTRIES: [&str; 8] = [
    concat!("registry.np", "mjs.org"),
    concat!("registry.ya", "rnpkg.com"),
    concat!("py", "pi.org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crat", "es.io"),
    concat!("proxy.gol", "ang.org"),
    concat!("repo1.mav", "en.org"),
    concat!("deb.deb", "ian.org"),
];

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let mut findings = Vec::new();
    for file in files() {
        for word in MACHINE_PATHS.iter().chain(&REGISTRIES) {
            if let Some(at) = file.text.find(word) {
                let line = file.text[..at].lines().count().max(1);
                findings.push(format!("{}:{line}: {word}", file.path));
            }
        }
    }
    expect_none("a path of one machine, or the host of a package registry", findings);
}
