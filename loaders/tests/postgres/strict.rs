//! `compat.strict`: no more than the original loads.

use std::fs;

use loaders::postgres::config::PostgresConfig;
use serde_json::Value;

use crate::{
    postgres::Postgres,
    site::{Look, Site, golden},
};

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_cut_and_dates_refused_as_in_the_original() {
    let postgres = Postgres::start();
    let site = Site::new(&postgres.url());
    let recorded = fs::read_to_string(golden("enriched.jsonl")).unwrap();
    let recorded: Vec<Value> = recorded.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let case = |line: u64| recorded.iter().find(|case| case["line"] == line).unwrap();
    // A value for a DATE column, and texts of more than 1024 characters.
    let (date, long) = (case(92), case(170));
    site.append(&[date, long].map(|case| case["tsv"].as_str().unwrap().to_owned())).await;
    let working = site.start_with(PostgresConfig { strict: true, ..site.config() });
    site.all_loaded().await;
    working.drain().await;
    let rows = site.bad_rows();
    assert_eq!(rows.len(), 1);
    let theirs = &date["result"]["bad"]["data"]["failure"];
    assert_eq!(rows[0]["data"]["failure"], *theirs);
    let look = Look::at(&postgres.url()).await;
    let ours = look.rows("events", "true").await;
    assert_eq!(ours.len(), 1);
    let theirs = long["rows"].as_array().unwrap().iter().find(|row| row["table"] == "events").unwrap();
    for (column, theirs) in theirs["row"].as_object().unwrap() {
        if theirs.is_string() {
            assert_eq!(ours[0][column], *theirs, "{column}");
        }
    }
}
