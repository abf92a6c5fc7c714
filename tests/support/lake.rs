//! Reads what the lake loader wrote.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
};

use event::atomic::FIELDS;
use flate2::read::MultiGzDecoder;
use serde_json::Value;

/// The lake folder of a data folder.
#[derive(Clone, Debug)]
pub struct Lake(PathBuf);

/// One enriched line, by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(Vec<String>);

impl Lake {
    /// The lake below a data folder.
    pub fn of(data: &Path) -> Self {
        Self(data.join("lake"))
    }

    /// All objects of a kind, sorted by path.
    pub fn objects(&self, kind: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.0.join(kind), &mut found);
        found.sort();
        found
    }

    /// Whether an object of a kind is being written.
    pub fn is_writing(&self, kind: &str) -> bool {
        std::fs::read_dir(self.0.join(kind).join("~partial"))
            .is_ok_and(|mut listing| listing.next().is_some())
    }

    /// All lines of a kind. An object is complete once it is there, so that every one must unpack.
    pub fn lines(&self, kind: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for object in self.objects(kind) {
            let packed = std::fs::read(&object).unwrap();
            let mut bytes = Vec::new();
            MultiGzDecoder::new(packed.as_slice())
                .read_to_end(&mut bytes)
                .unwrap_or_else(|e| panic!("{} does not unpack: {e}", object.display()));
            assert!(
                bytes.is_empty() || bytes.ends_with(b"\n"),
                "{} ends without a newline",
                object.display()
            );
            let text = String::from_utf8_lossy(&bytes);
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    /// The enriched lines.
    pub fn enriched(&self) -> Vec<Line> {
        self.lines("enriched").iter().map(|line| Line::parse(line)).collect()
    }

    /// The bad rows.
    pub fn bad(&self) -> Vec<Value> {
        self.lines("bad").iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How often each event id occurs among the enriched lines.
    pub fn event_ids(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in self.enriched() {
            *counts.entry(line.get("event_id").to_owned()).or_default() += 1;
        }
        counts
    }
}

/// The text of a file.
pub fn gunzip(packed: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(packed).read_to_string(&mut text).expect("a whole gzip file of text");
    text
}

/// Objects only: what is being written stands aside, in `~partial`, until it is whole.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(listing) = std::fs::read_dir(folder) else { return };
    for entry in listing.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("~partial") {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "gz") {
            found.push(path);
        }
    }
}

impl Line {
    /// Splits a line into its 131 columns.
    pub fn parse(line: &str) -> Self {
        let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
        assert_eq!(columns.len(), FIELDS.len(), "columns of {line:?}");
        Self(columns)
    }

    /// The text of a field.
    pub fn get(&self, field: &str) -> &str {
        let index =
            FIELDS.iter().position(|f| f.name() == field).unwrap_or_else(|| panic!("no field {field}"));
        &self.0[index]
    }

    /// The fields that are not empty, by name, in the order of the line.
    pub fn filled(&self) -> Vec<(&'static str, &str)> {
        FIELDS
            .iter()
            .zip(&self.0)
            .filter(|(_, text)| !text.is_empty())
            .map(|(f, text)| (f.name(), text.as_str()))
            .collect()
    }
}
