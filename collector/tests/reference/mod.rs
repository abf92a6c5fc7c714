//! The reference configuration: every key that is read, and the defaults; and what is said about other files.

mod findings;
mod styles;

use std::{env, fs, path::PathBuf};

use collector::config::CollectorConfig;
use service::config::reference::{differences, render};

use crate::support::config;

const REFERENCE: &str = include_str!("../../../deploy/reference/collector.hocon");

#[test]
fn it_is_rendered_from_the_structs() {
    let rendered = render::<CollectorConfig>(Some("collector"), CollectorConfig::ABOUT);
    if env::var_os("PISTE_REWRITE").is_some_and(|on| on == "1") {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/reference/collector.hocon");
        fs::write(path, &rendered).unwrap();
    } else {
        assert!(rendered == REFERENCE, "PISTE_REWRITE=1 writes what is rendered now:\n{rendered}");
    }
}

#[test]
fn it_lists_every_key_and_no_other() {
    let found = differences::<CollectorConfig>(REFERENCE, Some("collector"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn it_yields_the_defaults() {
    assert_eq!(format!("{:#?}", config(REFERENCE)), format!("{:#?}", CollectorConfig::default()));
}
