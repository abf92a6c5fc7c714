//! The lines of an open batch, by partition.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};

use event::{
    atomic::Field,
    schema_key::{InvalidSchemaKey, SchemaKey},
};
use iglu::field::column::Place;
use jiff::Timestamp;

use super::{
    Options,
    file::{self, Written},
    pieces::{Found, Pieces},
    refusal::Refusal,
    rows::entities,
    schemas::Schemas,
};
use crate::{
    lake::template::{EventParts, SchemaParts, Template},
    line::Line,
};

/// Bytes of lines that are kept as they are, all partitions together. The loader holds all its batches to it.
pub const PLAIN: u64 = 16 << 20;

/// More names and days than this are expanded anew: a client must not fill the memory with them.
const MAX_EVENTS: usize = 16 * 1024;

/// Lines by partition.
#[derive(Debug)]
pub struct Gathering {
    template: Template,
    options: Options,
    partitions: Vec<Partition>,
    /// Index of the partition of a folder.
    by_folder: HashMap<String, usize>,
    /// Index of the partition of an event's name and day: saves expanding the pattern again and again.
    by_event: HashMap<Box<[u8]>, usize>,
    /// Where the entities of the line at hand are.
    found: Vec<Found>,
    plain: u64,
    estimate: u64,
}

#[derive(Debug)]
struct Partition {
    event: EventParts,
    lines: Pieces,
    present: BTreeSet<(Place, SchemaKey)>,
    /// What is in `present`, as lines spell it.
    noted: HashSet<(Place, u16)>,
    /// What the last line had: most have the same again.
    last: Vec<(Place, u16)>,
}

/// A partition's file.
#[derive(Debug)]
pub struct Object {
    /// What the folder is named by.
    pub event: EventParts,
    /// The file.
    pub file: Written,
}

impl Gathering {
    /// No lines yet.
    pub fn new(template: Template, options: Options) -> Self {
        Self {
            template,
            options,
            partitions: Vec::new(),
            by_folder: HashMap::new(),
            by_event: HashMap::new(),
            found: Vec::new(),
            plain: 0,
            estimate: 0,
        }
    }

    /// Takes a line.
    ///
    /// # Errors
    /// It is no enriched event.
    pub fn push(&mut self, text: &str) -> Result<(), Refusal> {
        let refuse = |error: event::enriched::ParseError| Refusal::Parsing(error.to_json());
        let Some(line) = Line::split(text) else {
            let columns = text.split('\t').count();
            return Err(refuse(event::enriched::ParseError::Columns { found: columns }));
        };
        let entities = entities(&line, text).map_err(refuse)?;
        let at = self.partition(&line);
        let partition = &mut self.partitions[at];
        self.found.clear();
        let mut is_known = true;
        for (at, (place, entity)) in entities.iter().enumerate() {
            let Ok(spelling) = partition.note(at, *place, &entity.uri) else { return Err(no_event(text)) };
            match (spelling, &entity.data) {
                (Some(spelling), Cow::Borrowed(data)) => {
                    let start = data.as_ptr().addr() - text.as_ptr().addr();
                    self.found.push(Found { place: *place, spelling, data: start..start + data.len() });
                }
                _ => is_known = false,
            }
        }
        if is_known {
            partition.last.clear();
            partition.last.extend(self.found.iter().map(|found| (found.place, found.spelling)));
        }
        let before = (partition.lines.plain_bytes(), partition.lines.estimated_bytes());
        partition.lines.push(text, is_known.then_some(&self.found));
        self.plain += partition.lines.plain_bytes() - before.0;
        self.estimate += partition.lines.estimated_bytes() - before.1;
        if self.plain > PLAIN {
            self.compress();
        }
        Ok(())
    }

    /// Compresses what is kept as it is.
    pub fn compress(&mut self) {
        self.partitions.iter_mut().for_each(|partition| partition.lines.compress());
        self.plain = 0;
        self.estimate = self.partitions.iter().map(|partition| partition.lines.estimated_bytes()).sum();
    }

    /// Bytes of lines that are kept as they are.
    pub fn plain_bytes(&self) -> u64 {
        self.plain
    }

    /// About the size of all files.
    pub fn estimated_bytes(&self) -> u64 {
        self.estimate
    }

    /// The schemas of all lines.
    pub fn schemas(&self) -> BTreeSet<SchemaKey> {
        self.partitions.iter().flat_map(|partition| &partition.present).map(|(_, key)| key.clone()).collect()
    }

    /// One file a partition, in the order in which they came up. `stamp`: when the batch was closed.
    pub fn finish(self, schemas: &Schemas, stamp: Timestamp) -> impl Iterator<Item = Object> {
        self.partitions.into_iter().map(move |partition| {
            let Partition { event, lines, present, .. } = partition;
            Object { event, file: file::write(lines, &present, schemas, stamp, self.options) }
        })
    }

    fn partition(&mut self, line: &Line<'_>) -> usize {
        if !self.template.names_event() {
            if self.partitions.is_empty() {
                self.partitions.push(Partition::of(EventParts::default()));
            }
            return 0;
        }
        let event = EventParts::of(line.get(Field::EventName), line.get(Field::CollectorTstamp));
        let value = [event.name.as_bytes(), b"\0", event.date.as_bytes()].concat();
        if let Some(at) = self.by_event.get(value.as_slice()) {
            return *at;
        }
        let parts = SchemaParts { event: event.clone(), ..SchemaParts::default() };
        let folder = self.template.expand(&parts, Timestamp::UNIX_EPOCH);
        let at = *self.by_folder.entry(folder).or_insert_with(|| {
            self.partitions.push(Partition::of(event));
            self.partitions.len() - 1
        });
        if self.by_event.len() < MAX_EVENTS {
            self.by_event.insert(value.into(), at);
        }
        at
    }
}

impl Partition {
    fn of(event: EventParts) -> Self {
        let (lines, present, noted) = (Pieces::default(), BTreeSet::new(), HashSet::new());
        Self { event, lines, present, noted, last: Vec::new() }
    }

    /// Notes the schema of entity number `at` of a line; the number of its spelling, if that is kept.
    fn note(&mut self, at: usize, place: Place, uri: &str) -> Result<Option<u16>, InvalidSchemaKey> {
        if let Some((last_place, spelling)) = self.last.get(at)
            && *last_place == place
            && self.lines.spelled(*spelling) == Some(uri)
        {
            return Ok(Some(*spelling));
        }
        let spelling = self.lines.spelling(uri);
        if spelling.is_none_or(|spelling| !self.noted.contains(&(place, spelling))) {
            self.present.insert((place, uri.parse()?));
            self.noted.extend(spelling.map(|spelling| (place, spelling)));
        }
        Ok(spelling)
    }
}

/// The name of a schema is none: the slow reader says so.
fn no_event(text: &str) -> Refusal {
    match event::enriched::EnrichedEvent::parse_tsv(text) {
        Err(error) => Refusal::Parsing(error.to_json()),
        Ok(_) => Refusal::Iglu(vec![serde_json::json!({"message": "an entity has no Iglu URI"})]),
    }
}
