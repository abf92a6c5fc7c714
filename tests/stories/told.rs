//! What several stories share: a pipeline with its schemas and tables, and events written out as text.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use jiff::civil::DateTime;
use tempfile::TempDir;

use crate::support::{
    clients,
    database::Database,
    expect,
    lake::{Lake, Line},
    piste::{Launch, PATIENCE, Piste},
    postgres::Postgres,
    wait,
};

/// Ids that the trackers' scripts give themselves: they are not masked.
const KNOWN_IDS: [&str; 7] = [
    "d5b1c2a4-1111-4222-8333-444455556666",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "c6ef3124-b53a-4b13-a233-0088f79dcbcb",
    "6f1d6e9b-6d4e-4a6c-9d2f-2b7c1d7a9e01",
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "fa3a0bd1-a5d3-4f5f-8f5e-2f8e8a1b7c3d",
];

/// The schemas of the stories' own vendor.
pub fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/schemas")
}

/// A pipeline with files, tables and a registry of its own.
pub struct Whole {
    /// The pipeline. First: it ends before its database.
    pub piste: Piste,
    /// The database it writes to.
    pub database: Database,
    /// The lake it writes to.
    pub lake: Lake,
    _postgres: Postgres,
    _data: TempDir,
}

impl Whole {
    /// Starts everything.
    pub fn start() -> Self {
        let data = TempDir::new().unwrap();
        let postgres = Postgres::start();
        let schemas = schemas().display().to_string();
        let piste =
            Launch::up(data.path()).with(&["--postgres", &postgres.url(), "--schemas", &schemas]).start();
        let database = Database::connect(&postgres.url());
        let lake = piste.lake();
        Self { piste, database, lake, _postgres: postgres, _data: data }
    }

    /// Runs `send` and gives the lines of the `count` events that it makes arrive, in files and tables.
    pub fn arrivals(&self, count: usize, send: impl FnOnce()) -> Vec<Line> {
        let before: BTreeSet<String> = self.lake.event_ids().into_keys().collect();
        send();
        let new = || -> Vec<Line> {
            let lines = self.lake.enriched().into_iter();
            lines.filter(|line| !before.contains(line.get("event_id"))).collect()
        };
        let lines =
            wait::until("the events in the files", PATIENCE, || Some(new()).filter(|l| l.len() >= count));
        assert_eq!(lines.len(), count, "events of this run: {lines:?}\nbad rows: {:?}", self.lake.bad());
        let rows = before.len() + count;
        wait::until_equal("the events in Postgres", PATIENCE, &rows, || self.database.events());
        lines
    }
}

/// What each event says, sorted by kind, with masks: one block an event, one line a field that is filled.
pub fn described(lines: &[Line]) -> String {
    let mut blocks: Vec<String> = lines.iter().map(block).collect();
    blocks.sort();
    expect::masked(&blocks.join("\n"), &KNOWN_IDS)
}

fn block(line: &Line) -> String {
    let mut block = format!("[{} {}]\n", line.get("event"), line.get("event_name"));
    for (name, text) in line.filled() {
        let text = match name {
            // Exact, but different in every run.
            "derived_tstamp" if line.get("true_tstamp").is_empty() => {
                assert_eq!(text, derived(line), "derived_tstamp");
                "<collector - (sent - created)>"
            }
            "page_urlport" if line.get("page_urlhost") == "localhost" => {
                assert!(line.get("page_url").contains(&format!("localhost:{text}/")), "page_urlport {text}");
                "<port>"
            }
            _ => text,
        };
        writeln!(block, "{name} = {text}").expect("writing to a string");
    }
    block
}

/// The derived timestamp by its rule: the collector's clock, less the time the event waited on the device.
fn derived(line: &Line) -> String {
    let at = |field: &str| -> Option<DateTime> { line.get(field).replace(' ', "T").parse().ok() };
    let collector = at("collector_tstamp").expect("every event has one");
    let derived = match (at("dvce_created_tstamp"), at("dvce_sent_tstamp")) {
        (Some(created), Some(sent)) if sent > created => collector - (sent - created),
        _ => collector,
    };
    derived.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string()
}

/// Rows of all tables of entities and self-describing events that belong to these events, as text, with masks.
pub fn entities(database: &Database, lines: &[Line]) -> String {
    let mut text = String::new();
    let ids: Vec<String> = lines.iter().map(|line| format!("'{}'", line.get("event_id"))).collect();
    for table in database.entity_tables() {
        let query = format!("select * from atomic.{table} where root_id::text in ({})", ids.join(", "));
        let rows = database.rows(&query);
        for row in &rows {
            let line =
                lines.iter().find(|line| line.get("event_id") == row["root_id"]).expect("asked for by id");
            assert!(line.get("collector_tstamp").starts_with(&row["root_tstamp"]), "root_tstamp: {row:?}");
        }
        let mut blocks: Vec<String> = rows
            .iter()
            .map(|row| row.iter().map(|(column, value)| format!("{column} = {value}\n")).collect::<String>())
            .map(|block| expect::masked(&block, &KNOWN_IDS))
            .collect();
        blocks.sort();
        for block in blocks {
            write!(text, "[table {table}]\n{block}\n").expect("writing to a string");
        }
    }
    text
}

/// Asserts that the Analytics SDKs read every line, and read the same events.
pub fn readable(lines: &[String]) {
    let (python, node) = (clients::python_reader(lines), clients::node_reader(lines));
    assert_eq!(python.len(), lines.len(), "lines that PyPI's SDK reads");
    assert_eq!(node.len(), lines.len(), "lines that npm's SDK reads");
    for ((line, python), node) in lines.iter().zip(&python).zip(&node) {
        let line = Line::parse(line);
        for field in ["event_id", "app_id", "event", "v_tracker", "platform", "page_url", "user_id"] {
            for (reader, read) in [("PyPI", python), ("npm", node)] {
                let read = read[field].as_str().unwrap_or_default();
                assert_eq!(read, line.get(field), "{field} as {reader}'s SDK reads it");
            }
        }
    }
}
