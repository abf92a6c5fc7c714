//! The lines of an open batch, by partition.

use std::collections::{BTreeSet, HashMap};

use event::{atomic::Field, schema_key::SchemaKey};
use iglu::field::column::Place;
use jiff::Timestamp;

use super::{
    Options,
    file::{self, Written},
    pieces::Pieces,
    refusal::Refusal,
    rows::entities,
    schemas::Schemas,
};
use crate::{
    lake::template::{EventParts, SchemaParts, Template},
    postgres::line::Line,
};

/// Bytes of lines that are kept as they are, all partitions together.
const PLAIN: u64 = 16 << 20;

/// More spellings of schemas than this are parsed anew: a client must not fill the memory with them.
const MAX_SPELLINGS: usize = 16 * 1024;

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
    /// Schemas as lines spell them.
    spellings: HashMap<Box<str>, SchemaKey>,
    plain: u64,
    estimate: u64,
}

#[derive(Debug)]
struct Partition {
    event: EventParts,
    lines: Pieces,
    present: BTreeSet<(Place, SchemaKey)>,
    /// What the last lines had: most have the same again.
    last: Vec<(Place, Box<str>)>,
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
            spellings: HashMap::new(),
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
        let is_new = partition.last.len() != entities.len()
            || !partition
                .last
                .iter()
                .zip(&entities)
                .all(|(last, (place, entity))| last.0 == *place && *last.1 == *entity.uri);
        if is_new {
            let mut last = Vec::with_capacity(entities.len());
            for (place, entity) in &entities {
                let key = match self.spellings.get(&*entity.uri) {
                    Some(key) => key.clone(),
                    None => match entity.uri.parse::<SchemaKey>() {
                        Ok(key) => {
                            if self.spellings.len() < MAX_SPELLINGS {
                                self.spellings.insert(entity.uri.as_ref().into(), key.clone());
                            }
                            key
                        }
                        Err(_) => return Err(no_event(text)),
                    },
                };
                partition.present.insert((*place, key));
                last.push((*place, entity.uri.as_ref().into()));
            }
            partition.last = last;
        }
        let before = (partition.lines.plain_bytes(), partition.lines.estimated_bytes());
        partition.lines.push(text);
        self.plain += partition.lines.plain_bytes() - before.0;
        self.estimate += partition.lines.estimated_bytes() - before.1;
        if self.plain > PLAIN {
            self.partitions.iter_mut().for_each(|partition| partition.lines.compress());
            self.plain = 0;
            self.estimate = self.partitions.iter().map(|partition| partition.lines.estimated_bytes()).sum();
        }
        Ok(())
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
        if self.by_event.len() < MAX_SPELLINGS {
            self.by_event.insert(value.into(), at);
        }
        at
    }
}

impl Partition {
    fn of(event: EventParts) -> Self {
        Self { event, lines: Pieces::default(), present: BTreeSet::new(), last: Vec::new() }
    }
}

/// The name of a schema is none: the slow reader says so.
fn no_event(text: &str) -> Refusal {
    match event::enriched::EnrichedEvent::parse_tsv(text) {
        Err(error) => Refusal::Parsing(error.to_json()),
        Ok(_) => Refusal::Iglu(vec![serde_json::json!({"message": "an entity has no Iglu URI"})]),
    }
}
