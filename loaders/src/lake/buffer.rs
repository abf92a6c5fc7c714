//! Records of one shard on their way into objects: grouped, compressed, counted.

use std::{borrow::Cow, collections::HashMap};

use event::{
    payload::frame::{Compression, Piece, pieces},
    schema_key::SchemaKey,
};
use serde::Deserialize;
use stream::record::Position;

use super::{
    config::Purpose,
    gzip::GzipLines,
    template::{SchemaParts, Template},
};

/// When a batch is closed, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records.
    pub records: u64,
    /// Bytes of payloads before compression, line ends not counted.
    pub bytes: u64,
}

/// An open batch.
pub struct Buffer {
    purpose: Purpose,
    template: Template,
    groups: Vec<Group>,
    /// Index of the group of a folder.
    by_folder: HashMap<String, usize>,
    /// Index of the group of a schema, as the record spells it: saves parsing the same keys again and again.
    by_schema: HashMap<Box<str>, usize>,
    span: Option<(Position, Position)>,
    records: u64,
    bytes: u64,
}

/// The records of one partition of a closed batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Object {
    /// What the partition's folder is named by.
    pub schema: SchemaParts,
    /// Number of records.
    pub records: u64,
    /// The gzip file.
    pub bytes: Vec<u8>,
}

struct Group {
    schema: SchemaParts,
    records: u64,
    lines: GzipLines,
}

/// More spellings of schemas than this are parsed anew: a client must not fill the memory with them.
const MAX_SPELLINGS: usize = 1024;

impl Buffer {
    /// An empty batch.
    pub fn new(purpose: Purpose, template: Template) -> Self {
        Self {
            purpose,
            template,
            groups: Vec::new(),
            by_folder: HashMap::new(),
            by_schema: HashMap::new(),
            span: None,
            records: 0,
            bytes: 0,
        }
    }

    /// Takes the next record of the shard. The payloads of a compressed raw record come to lie in the file one by one, as if
    /// the collector had not compressed; a damaged record as it is.
    pub fn push(&mut self, position: Position, record: &[u8]) {
        match Compression::sniff(record).filter(|_| self.purpose == Purpose::Raw) {
            Some(compression) if is_whole(record, compression) => {
                for piece in pieces(record, compression, u64::MAX) {
                    if let Piece::Payload(payload) = piece {
                        self.push_payload(&payload);
                    }
                }
            }
            _ => self.push_payload(record),
        }
        let first = self.span.map_or(position, |(first, _)| first);
        self.span = Some((first, position));
    }

    fn push_payload(&mut self, payload: &[u8]) {
        let group = self.group_of(payload);
        let group = &mut self.groups[group];
        group.lines.push(payload);
        group.records += 1;
        self.records += 1;
        self.bytes += payload.len() as u64;
    }

    /// First and last record; `None` while there is none.
    pub fn span(&self) -> Option<(Position, Position)> {
        self.span
    }

    /// Number of records, the payloads of a compressed one counted each.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether a limit is reached (`spec/loaders-and-leases.md` 1.8).
    pub fn is_full(&self, limits: Limits) -> bool {
        self.records > 0 && (self.records >= limits.records || self.bytes >= limits.bytes)
    }

    /// Closes the batch: one object a partition, in the order in which they came up.
    pub fn finish(self) -> Vec<Object> {
        let object = |group: Group| Object {
            schema: group.schema,
            records: group.records,
            bytes: group.lines.finish(),
        };
        self.groups.into_iter().map(object).collect()
    }

    fn group_of(&mut self, payload: &[u8]) -> usize {
        if self.purpose != Purpose::SelfDescribing || !self.template.names_schema() {
            return self.group(SchemaParts::default());
        }
        let Some(spelling) = schema_of(payload) else { return self.group(SchemaParts::default()) };
        if let Some(index) = self.by_schema.get(spelling.as_ref()) {
            return *index;
        }
        let index = self.group(parts_of(&spelling));
        if self.by_schema.len() < MAX_SPELLINGS {
            self.by_schema.insert(spelling.into(), index);
        }
        index
    }

    /// Groups are told apart by their folder alone: two that share it (versions of one model) share the object, where
    /// the original overwrites one with the other.
    fn group(&mut self, schema: SchemaParts) -> usize {
        if self.by_folder.len() == 1 && !self.template.names_schema() {
            return 0;
        }
        let folder = self.template.expand(&schema, jiff::Timestamp::UNIX_EPOCH);
        *self.by_folder.entry(folder).or_insert_with(|| {
            self.groups.push(Group { schema, records: 0, lines: GzipLines::default() });
            self.groups.len() - 1
        })
    }
}

/// Whether a compressed record can be read to its end, and holds something.
fn is_whole(record: &[u8], compression: Compression) -> bool {
    let mut pieces = pieces(record, compression, u64::MAX).peekable();
    pieces.peek().is_some() && pieces.all(|piece| matches!(piece, Piece::Payload(_)))
}

/// The `schema` of a self-describing JSON object.
fn schema_of(payload: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct SelfDescribing<'a> {
        #[serde(borrow)]
        schema: Cow<'a, str>,
    }
    serde_json::from_slice::<SelfDescribing<'_>>(payload).ok().map(|json| json.schema)
}

fn parts_of(spelling: &str) -> SchemaParts {
    let Ok(key) = spelling.parse::<SchemaKey>() else { return SchemaParts::default() };
    // A schema key may consist of dots, a path must not: a value never changes where an object goes.
    let plain = |part: &str| part.chars().any(|c| c != '.') && !part.contains(['/', '\\']);
    if !(plain(&key.vendor) && plain(&key.name) && plain(&key.format)) {
        return SchemaParts::default();
    }
    SchemaParts { vendor: key.vendor, name: key.name, format: key.format, model: key.version.model.into() }
}
