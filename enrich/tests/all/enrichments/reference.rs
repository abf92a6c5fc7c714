//! `docs/enrichments.md` is what the kinds and their schemas say.

use std::{env, fs, path::Path};

use enrich::enrichments::reference::markdown;

#[test]
fn the_document_is_rendered_from_the_kinds() {
    let rendered = markdown();
    assert!(!rendered.contains("Writes: \n"), "a kind that nobody described:\n{rendered}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/enrichments.md");
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        fs::write(path, rendered).unwrap();
    } else {
        let there = fs::read_to_string(path).unwrap();
        assert!(there == rendered, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}
