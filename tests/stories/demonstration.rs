//! What a newcomer sees: the demo's table, and `piste send`.

use tempfile::TempDir;

use crate::support::{
    expect,
    piste::{self, Launch, PATIENCE},
    wait,
};

#[test]
fn the_demo_shows_where_each_event_went_and_why() {
    let data = TempDir::new().unwrap();
    let ended = Launch::up(data.path()).with(&["--demo", "--once"]).run();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let shown = ended.stdout.replace(&data.path().display().to_string(), "<data>");
    let moment = regex::Regex::new(r"\d{4}-\d\d-\d\d-\d{6}|after \d+\.\d s").unwrap();
    let shown = moment.replace_all(&shown, |found: &regex::Captures<'_>| match &found[0] {
        pause if pause.starts_with("after") => "after <n> s",
        _ => "<now>",
    });
    expect::file("demo.txt", &expect::masked(&shown, &[]));
}

#[test]
fn the_demo_finds_its_events_in_columns() {
    let data = TempDir::new().unwrap();
    let ended = Launch::up(data.path()).with(&["--demo", "--once", "-Dlake.fileFormat=parquet"]).run();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let files = ended.stdout.lines().filter(|line| line.ends_with(".parquet"));
    let found = |name: &str| files.clone().any(|line| line.contains(&format!("/event_name={name}/")));
    assert!(found("page_view") && found("add_to_cart") && found("transaction"), "{}", ended.stdout);
}

#[test]
fn send_counts_what_was_stored() {
    let data = TempDir::new().unwrap();
    let piste = Launch::up(data.path()).start();
    let collector = format!("http://{}", piste.collector);
    let sent = piste::run(&["send", "--to", &collector, "--events", "203"]);
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    assert!(sent.stdout.starts_with("203 events stored, 0 refused, 0 unanswered in "), "{}", sent.stdout);
    wait::until_equal("the events in the files", PATIENCE, &203, || piste.lake().event_ids().len());
    assert_eq!(piste.lake().bad().len(), 0);
    piste.finish_well();

    let nobody = piste::run(&["send", "--to", &collector, "--events", "3"]);
    assert_eq!(nobody.code, Some(69), "{}", nobody.stderr);
    assert!(nobody.stdout.starts_with("0 events stored, 0 refused, 3 unanswered"), "{}", nobody.stdout);
}
