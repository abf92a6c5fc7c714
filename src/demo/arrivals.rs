//! Finds in the lake what became of the demo's requests.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use event::{atomic::Field, enriched::EnrichedEvent};
use flate2::bufread::GzDecoder;
use loaders::parquet::read;

/// One outcome found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The file, relative to the data folder.
    pub(crate) file: PathBuf,
    /// What it became.
    pub(crate) outcome: Outcome,
}

/// What an event became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A line of the enriched stream.
    Enriched {
        /// Event name: `page_view`, `link_click` ...
        name: String,
    },
    /// A bad row.
    Bad {
        /// Its kind: `schema_violations` ...
        kind: String,
        /// Why, in a line.
        reason: String,
    },
}

impl Arrival {
    /// Whether it is a line of the enriched stream.
    pub(crate) fn is_enriched(&self) -> bool {
        matches!(self.outcome, Outcome::Enriched { .. })
    }
}

/// Reads lake files as they appear, each once.
#[derive(Debug)]
pub(crate) struct Lake {
    data: PathBuf,
    read: HashSet<PathBuf>,
}

impl Lake {
    /// The lake under the data folder, without the files that are there already.
    pub(crate) fn from_now_on(data: &Path) -> io::Result<Self> {
        let mut lake = Self { data: data.to_owned(), read: HashSet::new() };
        for name in ["enriched", "bad"] {
            lake.read.extend(files(&data.join("lake").join(name))?);
        }
        Ok(lake)
    }

    /// What has arrived since, as pairs of the mark that was found and the outcome.
    pub(crate) fn arrivals(&mut self, marks: &[&str]) -> io::Result<Vec<(usize, Arrival)>> {
        let mut found = Vec::new();
        for (name, outcome) in [("enriched", enriched as fn(&str) -> Outcome), ("bad", bad)] {
            for path in files(&self.data.join("lake").join(name))? {
                if !self.read.insert(path.clone()) {
                    continue;
                }
                let file = path.strip_prefix(&self.data).unwrap_or(&path).to_owned();
                for line in lines(&path)? {
                    let line = line?;
                    if let Some(step) = marks.iter().position(|mark| line.contains(mark)) {
                        found.push((step, Arrival { file: file.clone(), outcome: outcome(&line) }));
                    }
                }
            }
        }
        Ok(found)
    }
}

/// What names of files with columns end with.
const PARQUET: &str = "parquet";

/// The lines of a file, whatever it is.
fn lines(path: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<String>>>> {
    if path.extension().is_some_and(|extension| extension == PARQUET) {
        let rows = read::lines(fs::File::open(path)?).map_err(io::Error::other)?;
        return Ok(Box::new(rows.map(|line| line.map_err(io::Error::other))));
    }
    Ok(Box::new(BufReader::new(GzDecoder::new(BufReader::new(File::open(path)?))).lines()))
}

fn enriched(line: &str) -> Outcome {
    let name = EnrichedEvent::split_tsv(line).ok();
    let name = name.as_ref().and_then(|event| event.get(Field::EventName));
    Outcome::Enriched { name: name.unwrap_or("unnamed").to_owned() }
}

fn bad(line: &str) -> Outcome {
    match event::bad_row::summary(line) {
        Ok(summary) => Outcome::Bad { kind: summary.kind, reason: summary.reason },
        Err(error) => Outcome::Bad { kind: "not a bad row".into(), reason: error.to_string() },
    }
}

/// Finished objects below a folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(b"~") {
                // Objects that are being written.
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "gz" || extension == PARQUET)
            {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}
