//! Records of one shard on their way into objects: grouped, compressed, counted.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use bytes::Bytes;
use event::{
    atomic::Field,
    payload::frame::{Compression, MAX_TOTAL, Piece, pieces},
    schema_key::{INVALID_IGLUURI, SchemaKey},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use stream::record::Position;

use super::{
    config::Purpose,
    format::{FileFormat, Packed, Packer},
    rejected::{Rejected, Why, schema_of},
    template::{EventParts, SchemaParts, Template},
};
use crate::parquet::{self, gather::Gathering, schemas::Schemas};

/// When a batch is closed, besides time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records.
    pub records: u64,
    /// Bytes of payloads before compression, line ends not counted.
    pub bytes: u64,
    /// Bytes of files, as far as they have been compressed, and of what is rejected.
    pub compressed_bytes: u64,
}

impl Limits {
    /// No limits.
    pub const NONE: Self = Self { records: u64::MAX, bytes: u64::MAX, compressed_bytes: u64::MAX };

    /// Whether a batch can hold anything.
    pub fn let_something_in(self) -> bool {
        self.records > 0 && self.bytes > 0 && self.compressed_bytes > 0
    }
}

/// An open batch.
pub struct Buffer {
    purpose: Purpose,
    template: Template,
    format: FileFormat,
    groups: Vec<Group>,
    /// Index of the group of a folder, and of a version where these are told apart.
    by_folder: HashMap<String, usize>,
    /// Index of the group of a schema, as the record spells it: saves parsing the same keys again and again.
    by_schema: HashMap<Box<str>, usize>,
    span: Option<(Position, Position)>,
    records: u64,
    bytes: u64,
    compressed_bytes: u64,
    /// Bytes that a payload of a compressed record may have, where records are rejected at all.
    max_payload: Option<u64>,
    rejected: Vec<Rejected>,
    /// The earliest time at which an event was collected.
    collected: Option<Timestamp>,
    /// Where events are written as columns: they are not grouped here.
    columns: Option<Box<Gathering>>,
}

/// The records of one partition of a closed batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Object {
    /// What the partition's folder is named by.
    pub schema: SchemaParts,
    /// Number of records.
    pub records: u64,
    /// The file.
    pub packed: Packed,
}

/// What a batch becomes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// One object a partition, in the order in which they came up.
    pub objects: Vec<Object>,
    /// What could not be written to any.
    pub rejected: Vec<Rejected>,
    /// The earliest time at which an event was collected, where records are events.
    pub collected: Option<Timestamp>,
}

struct Group {
    schema: SchemaParts,
    records: u64,
    packer: Packer,
}

/// More spellings of schemas than this are parsed anew: a client must not fill the memory with them.
const MAX_SPELLINGS: usize = 1024;

impl Buffer {
    /// An empty batch.
    pub fn new(purpose: Purpose, template: Template) -> Self {
        Self {
            purpose,
            template,
            format: FileFormat::default(),
            groups: Vec::new(),
            by_folder: HashMap::new(),
            by_schema: HashMap::new(),
            span: None,
            records: 0,
            bytes: 0,
            compressed_bytes: 0,
            max_payload: None,
            rejected: Vec::new(),
            collected: None,
            columns: None,
        }
    }

    /// The same with Parquet files of events: what is no event is rejected.
    #[must_use]
    pub fn in_columns(self, options: Option<parquet::Options>) -> Self {
        let columns = options.map(|options| Box::new(Gathering::new(self.template.clone(), options)));
        Self { columns, ..self }
    }

    /// The same, but that records are rejected ([`LakeConfig::rejects`](super::config::LakeConfig::rejects)), and that each
    /// version of a schema has an object of its own.
    #[must_use]
    pub fn rejecting(self, max_payload: Option<u64>) -> Self {
        Self { max_payload, ..self }
    }

    /// The same with objects of this format.
    #[must_use]
    pub fn in_format(self, format: FileFormat) -> Self {
        Self { format, ..self }
    }

    /// Takes the next record of the shard. The payloads of a compressed record come to lie in the file one by one, as if
    /// nobody had compressed; a damaged record as it is, unless it is rejected.
    pub fn push(&mut self, position: Position, record: &[u8]) {
        match (Compression::sniff(record), self.max_payload) {
            (Some(compression), Some(max)) => self.push_pieces(record, compression, max),
            (Some(compression), None) if is_whole(record, compression) => {
                self.push_pieces(record, compression, u64::MAX);
            }
            _ => self.push_payload(record),
        }
        let first = self.span.map_or(position, |(first, _)| first);
        self.span = Some((first, position));
    }

    fn push_pieces(&mut self, record: &[u8], compression: Compression, max: u64) {
        for piece in pieces(record, compression, max) {
            let why = match piece {
                Piece::Payload(payload) => {
                    self.push_payload(&payload);
                    continue;
                }
                Piece::TooLarge(size) => Why::TooLarge { compression, size, max },
                Piece::Endless => Why::TooLarge { compression, size: MAX_TOTAL + 1, max: MAX_TOTAL },
                Piece::Versions(framing, payloads) => Why::Versions { compression, framing, payloads },
                Piece::Corrupt => Why::Corrupt(compression),
            };
            self.reject(why, record);
        }
    }

    fn reject(&mut self, why: Why, record: &[u8]) {
        self.records += 1;
        self.bytes += record.len() as u64;
        // It is kept as it is.
        self.compressed_bytes += record.len() as u64;
        self.rejected.push(Rejected { why, record: Bytes::copy_from_slice(record) });
    }

    /// Adds an event to the columns.
    fn push_event(&mut self, payload: &[u8]) {
        let Some(columns) = &mut self.columns else { return };
        let before = columns.estimated_bytes();
        if let Err(why) = columns.push(&String::from_utf8_lossy(payload)) {
            return self.reject(Why::NoRow(why), payload);
        }
        self.compressed_bytes += columns.estimated_bytes().saturating_sub(before);
        self.records += 1;
        self.bytes += payload.len() as u64;
        if let Some(time) = collected(payload) {
            self.collected = Some(self.collected.map_or(time, |earliest| earliest.min(time)));
        }
    }

    fn push_payload(&mut self, payload: &[u8]) {
        if self.columns.is_some() {
            return self.push_event(payload);
        }
        let group = match self.group_of(payload) {
            Ok(index) => &mut self.groups[index],
            Err(why) => return self.reject(why, payload),
        };
        if let Some(time) = (self.purpose == Purpose::EnrichedEvents).then(|| collected(payload)).flatten() {
            self.collected = Some(self.collected.map_or(time, |earliest| earliest.min(time)));
        }
        let before = group.packer.compressed_bytes();
        group.packer.push(payload);
        group.records += 1;
        self.compressed_bytes += group.packer.compressed_bytes() - before;
        self.records += 1;
        self.bytes += payload.len() as u64;
    }

    /// First and last record; `None` while there is none.
    pub fn span(&self) -> Option<(Position, Position)> {
        self.span
    }

    /// Number of records, the payloads of a compressed one and what is rejected counted each.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes of files, as far as they have been compressed, and of what is rejected.
    pub fn compressed_bytes(&self) -> u64 {
        self.compressed_bytes
    }

    /// Bytes of events on their way into columns that are kept as they came.
    pub fn plain_bytes(&self) -> u64 {
        self.columns.as_ref().map_or(0, |columns| columns.plain_bytes())
    }

    /// Compresses these, so that there are none.
    pub fn compress(&mut self) {
        let Some(columns) = &mut self.columns else { return };
        let before = columns.estimated_bytes();
        columns.compress();
        self.compressed_bytes = (self.compressed_bytes + columns.estimated_bytes()).saturating_sub(before);
    }

    /// Whether a limit is reached (`spec/loaders-and-leases.md` 1.8).
    pub fn is_full(&self, limits: Limits) -> bool {
        let Limits { records, bytes, compressed_bytes } = limits;
        let is_reached =
            self.records >= records || self.bytes >= bytes || self.compressed_bytes >= compressed_bytes;
        self.records > 0 && is_reached
    }

    /// The schemas that must be known before the batch is finished.
    pub fn schemas(&self) -> BTreeSet<SchemaKey> {
        self.columns.as_ref().map(|columns| columns.schemas()).unwrap_or_default()
    }

    /// Closes a batch of events as columns. `stamp`: when it was closed.
    pub fn finish_columns(mut self, schemas: &Schemas, stamp: Timestamp) -> Closed {
        let Some(columns) = self.columns.take() else { return self.finish() };
        let mut closed = Closed { objects: Vec::new(), rejected: self.rejected, collected: self.collected };
        for parquet::gather::Object { event, file } in columns.finish(schemas, stamp) {
            let refused = file.refused.into_iter();
            closed
                .rejected
                .extend(refused.map(|(why, line)| Rejected { why: Why::NoRow(why), record: line.into() }));
            if file.rows > 0 {
                let schema = SchemaParts { event, ..SchemaParts::default() };
                let packed = Packed { bytes: file.bytes, index: None };
                closed.objects.push(Object { schema, records: file.rows, packed });
            }
        }
        closed
    }

    /// Closes the batch.
    pub fn finish(self) -> Closed {
        let object = |group: Group| Object {
            schema: group.schema,
            records: group.records,
            packed: group.packer.finish(),
        };
        let objects = self.groups.into_iter().map(object).collect();
        Closed { objects, rejected: self.rejected, collected: self.collected }
    }

    fn group_of(&mut self, payload: &[u8]) -> Result<usize, Why> {
        let rejects = self.max_payload.is_some();
        if self.purpose != Purpose::SelfDescribing || !(rejects || self.template.names_schema()) {
            return Ok(self.group(SchemaParts::default()));
        }
        let spelling = match self_describing(payload) {
            Some((spelling, has_data)) if has_data || !rejects => spelling,
            _ if rejects => schema_of(payload)?.to_string().into(),
            _ => return Ok(self.group(SchemaParts::default())),
        };
        if let Some(index) = self.by_schema.get(spelling.as_ref()) {
            return Ok(*index);
        }
        if rejects && spelling.parse::<SchemaKey>().is_err() {
            return Err(schema_of(payload).err().unwrap_or(Why::NoSchema(INVALID_IGLUURI)));
        }
        let index = self.group(parts_of(&spelling, rejects));
        if self.by_schema.len() < MAX_SPELLINGS {
            self.by_schema.insert(spelling.into(), index);
        }
        Ok(index)
    }

    /// Groups are told apart by what their names are made of: two that share it share the object, where the original
    /// overwrites one with the other.
    fn group(&mut self, schema: SchemaParts) -> usize {
        if self.by_folder.len() == 1 && !self.template.names_schema() && schema.version.is_none() {
            return 0;
        }
        let mut folder = self.template.expand(&schema, Timestamp::UNIX_EPOCH);
        if let Some(version) = &schema.version {
            folder.push('/');
            folder.push_str(version);
        }
        *self.by_folder.entry(folder).or_insert_with(|| {
            self.groups.push(Group { schema, records: 0, packer: self.format.packer() });
            self.groups.len() - 1
        })
    }
}

/// Whether a compressed record can be read to its end, and holds something.
fn is_whole(record: &[u8], compression: Compression) -> bool {
    let mut pieces = pieces(record, compression, u64::MAX).peekable();
    pieces.peek().is_some() && pieces.all(|piece| matches!(piece, Piece::Payload(_)))
}

/// The `schema` of a JSON object, and whether it has `data` beside it.
fn self_describing(payload: &[u8]) -> Option<(Cow<'_, str>, bool)> {
    #[derive(Deserialize)]
    struct SelfDescribing<'a> {
        #[serde(borrow)]
        schema: Cow<'a, str>,
        #[serde(default)]
        data: Presence,
    }
    let json = serde_json::from_slice::<SelfDescribing<'_>>(payload).ok()?;
    Some((json.schema, json.data.0))
}

/// Whether there is a value, null included.
#[derive(Default)]
struct Presence(bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// `collector_tstamp` of an enriched event: `2026-01-02 03:04:05.678`.
fn collected(event: &[u8]) -> Option<Timestamp> {
    let column = event.split(|byte| *byte == b'\t').nth(Field::CollectorTstamp as usize)?;
    let time: DateTime = std::str::from_utf8(column).ok()?.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

fn parts_of(spelling: &str, with_version: bool) -> SchemaParts {
    let Ok(key) = spelling.parse::<SchemaKey>() else { return SchemaParts::default() };
    let version = with_version.then(|| key.version.to_string());
    // A schema key may consist of dots, a path must not: a value never changes where an object goes.
    let plain = |part: &str| part.chars().any(|c| c != '.') && !part.contains(['/', '\\']);
    if !(plain(&key.vendor) && plain(&key.name) && plain(&key.format)) {
        return SchemaParts { version, ..SchemaParts::default() };
    }
    let model = key.version.model.into();
    let SchemaKey { vendor, name, format, .. } = key;
    SchemaParts { vendor, name, format, model, version, event: EventParts::default() }
}
