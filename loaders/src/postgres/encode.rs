//! Lines -> rows of all tables in the format of COPY. What cannot be encoded is a bad row, or a need: something the shell has to
//! fetch or change first.

use std::{borrow::Cow, collections::HashMap};

use event::{bad_row::BadRow, enriched::EnrichedEvent, schema_key::SchemaKey, utf8};
use iglu::table::{cell::Cell, migration::Change, model::Rule};
use serde_json::Value;

use super::{
    atomic, bad_rows,
    binary::{self, HEADER, TRAILER},
    line::Line,
    shred::{self, Entity},
    target::{Entities, Events, Refused},
};

/// Most schema URIs that are remembered.
const URIS_MAX: usize = 10_000;

/// Encodes lines for the tables it knows.
#[derive(Debug)]
pub struct Encoder {
    events: Events,
    tables: Vec<Entities>,
    /// By URI, as events name it.
    schemas: HashMap<String, Resolved>,
    /// Rows of `events` first, then of `tables`.
    buffers: Vec<Buffer>,
    /// Changes that the database refused; they are not asked for again.
    refused: Vec<(TableId, Change)>,
}

/// A table: `events` is 0, then come the entity tables in the order they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableId(usize);

/// What became of a line.
#[derive(Debug)]
pub enum Encoded {
    /// Its rows are in the buffers.
    Rows,
    /// It cannot be loaded.
    Bad(Box<BadRow>),
    /// Nothing was done; first this is needed.
    Need(Need),
}

/// What is needed before a line can be encoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// The table for this schema: [`Encoder::add_table`], [`Encoder::know_version`] or [`Encoder::give_up`].
    Schema(SchemaKey),
    /// A change of a table: then [`Encoder::add_table`] or [`Encoder::replace_events`]; or [`Encoder::refuse`].
    Change(TableId, Change),
}

/// Rows of one table, ready for COPY.
#[derive(Debug)]
pub struct Rows {
    /// The statement.
    pub copy: String,
    /// Header, rows, trailer.
    pub bytes: Vec<u8>,
    /// How many rows.
    pub count: u64,
}

/// Why no rows of a schema can be made.
#[derive(Clone, Debug, PartialEq)]
pub enum Unavailable {
    /// The item of the `loader_iglu_error`.
    Iglu(Value),
    /// The text of the `loader_runtime_error`.
    Runtime(String),
}

#[derive(Debug)]
enum Resolved {
    Table(Box<Destination>),
    Unavailable(Unavailable),
}

/// Where rows of one schema go.
#[derive(Debug)]
struct Destination {
    table: usize,
    key: SchemaKey,
    version: String,
    /// `None`: the version is not in the list, but the model has a table.
    rules: Option<Vec<Rule>>,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    rows: u64,
}

/// What went wrong with an event so far.
#[derive(Default)]
struct Trouble {
    iglu: Vec<Value>,
    runtime: Option<String>,
    change: Option<(TableId, Change)>,
}

impl Encoder {
    /// For these events; entity tables are added as they are needed.
    pub fn new(events: Events) -> Self {
        let buffers = vec![Buffer::default()];
        Self { events, tables: Vec::new(), schemas: HashMap::new(), buffers, refused: Vec::new() }
    }

    /// Adds or replaces the table of a model; `key` is the schema that was needed. `false`: rows that have been encoded
    /// have other columns, so that everything was discarded and is to be encoded again.
    pub fn add_table(&mut self, key: &SchemaKey, table: Entities) -> bool {
        let mut fits = true;
        let at = match self.tables.iter().position(|t| t.name == table.name) {
            Some(at) => {
                fits = self.buffers[at + 1].rows == 0 || self.tables[at].copy == table.copy;
                self.tables[at] = table;
                at
            }
            None => {
                self.tables.push(table);
                self.buffers.push(Buffer::default());
                self.tables.len() - 1
            }
        };
        let wanted = &self.tables[at].wanted;
        for resolved in self.schemas.values_mut() {
            if let Resolved::Table(to) = resolved
                && to.table == at
            {
                to.rules = wanted.rules(to.key.version).map(<[Rule]>::to_vec);
            }
        }
        self.know(key, at);
        if !fits {
            self.discard();
        }
        fits
    }

    /// Says that rows of `key` go to the table of its model, which is known. `false`: it is not.
    pub fn know_version(&mut self, key: &SchemaKey) -> bool {
        let at = self.tables.iter().position(|t| same_model(&t.wanted.latest, key));
        at.inspect(|&at| self.know(key, at)).is_some()
    }

    fn know(&mut self, key: &SchemaKey, table: usize) {
        if self.schemas.len() >= URIS_MAX {
            self.schemas.clear();
        }
        let rules = self.tables[table].wanted.rules(key.version).map(<[Rule]>::to_vec);
        let to = Destination { table, key: key.clone(), version: key.version.to_string(), rules };
        self.schemas.insert(key.to_string(), Resolved::Table(Box::new(to)));
    }

    /// Says that there is no table for `key`, until [`Encoder::forget_unsettled`].
    pub fn give_up(&mut self, key: &SchemaKey, why: Unavailable) {
        self.schemas.insert(key.to_string(), Resolved::Unavailable(why));
    }

    /// The entity table of a model, if it is known: its number and itself.
    pub fn table_of(&self, key: &SchemaKey) -> Option<&Entities> {
        self.tables.iter().find(|t| same_model(&t.wanted.latest, key))
    }

    /// The entity table with this number; `None` for `events`.
    pub fn table(&self, id: TableId) -> Option<&Entities> {
        self.tables.get(id.0.checked_sub(1)?)
    }

    /// Takes the table of events as it is now. `false`: as for [`Encoder::add_table`].
    pub fn replace_events(&mut self, events: Events) -> bool {
        let fits = self.buffers[0].rows == 0 || self.events.copy == events.copy;
        self.events = events;
        if !fits {
            self.discard();
        }
        fits
    }

    /// Says that the database refuses a change for good.
    pub fn refuse(&mut self, table: TableId, change: Change) {
        self.refused.push((table, change));
    }

    /// Forgets what may be answered differently later: schemas and versions that were not there.
    pub fn forget_unsettled(&mut self) {
        self.schemas.retain(|_, resolved| matches!(resolved, Resolved::Table(to) if to.rules.is_some()));
    }

    /// Whether there is nothing to COPY.
    pub fn is_empty(&self) -> bool {
        self.buffers.iter().all(|b| b.rows == 0)
    }

    /// Takes what has been encoded.
    pub fn take(&mut self) -> Vec<Rows> {
        let copies = std::iter::once(&self.events.copy).chain(self.tables.iter().map(|t| &t.copy));
        let mut rows = Vec::new();
        for (buffer, copy) in self.buffers.iter_mut().zip(copies) {
            if buffer.rows > 0 {
                let mut bytes = std::mem::take(&mut buffer.bytes);
                bytes.extend_from_slice(TRAILER);
                rows.push(Rows { copy: copy.clone(), bytes, count: std::mem::take(&mut buffer.rows) });
            }
        }
        rows
    }

    /// Drops what has been encoded.
    pub fn discard(&mut self) {
        for buffer in &mut self.buffers {
            buffer.bytes.clear();
            buffer.rows = 0;
        }
    }

    /// Encodes a line: all its rows or none.
    pub fn encode(&mut self, line: &[u8]) -> Encoded {
        let line = utf8::decode(line);
        let marks: Vec<(usize, u64)> = self.buffers.iter().map(|b| (b.bytes.len(), b.rows)).collect();
        let encoded = self.encode_line(&line);
        if !matches!(encoded, Encoded::Rows) {
            for (buffer, (bytes, rows)) in self.buffers.iter_mut().zip(marks) {
                buffer.bytes.truncate(bytes);
                buffer.rows = rows;
            }
        }
        encoded
    }

    fn encode_line(&mut self, text: &str) -> Encoded {
        let Some(line) = Line::split(text) else { return not_parsed(text) };
        let mut trouble = Trouble::default();
        let Some((id, tstamp)) = self.encode_event(&line, &mut trouble) else { return not_parsed(text) };
        let mut entities = Vec::new();
        if !shred::entities(&line, &mut entities) {
            match slowly(text) {
                Some(found) => entities = found,
                None => return not_parsed(text),
            }
        }
        for entity in &mut entities {
            if !self.schemas.contains_key(&*entity.uri) {
                let Ok(key) = entity.uri.parse::<SchemaKey>() else { return not_parsed(text) };
                entity.uri = Cow::Owned(key.to_string());
                if !self.schemas.contains_key(&*entity.uri) {
                    return Encoded::Need(Need::Schema(key));
                }
            }
        }
        for entity in &entities {
            self.encode_entity(entity, &id, &tstamp, &mut trouble);
        }
        if !trouble.iglu.is_empty() {
            return Encoded::Bad(Box::new(bad_rows::iglu(text, trouble.iglu)));
        }
        if let Some(error) = trouble.runtime {
            return Encoded::Bad(Box::new(bad_rows::runtime(text, error)));
        }
        match trouble.change {
            Some((table, change)) => Encoded::Need(Need::Change(table, change)),
            None => Encoded::Rows,
        }
    }

    /// The row of `events`; gives back its id and time, which all rows of the event carry. `None`: a column is not of its
    /// kind.
    fn encode_event(
        &mut self,
        line: &Line<'_>,
        trouble: &mut Trouble,
    ) -> Option<(Cell<'static>, Cell<'static>)> {
        let Self { events, buffers, refused, .. } = self;
        let out = begin(&mut buffers[0], events.columns.len());
        for (field, slot) in &events.columns {
            let text = line.get(*field);
            if text.is_empty() {
                if field.definition().required {
                    return None;
                }
                if !slot.not_null {
                    binary::null(out);
                    continue;
                }
            }
            let cell = if text.is_empty() { Cell::Null } else { atomic::cell(*field, text)? };
            if let Err(why) = slot.put(&cell, out) {
                trouble.note(why, TableId(0), atomic::EVENTS, refused);
            }
        }
        let fixed = |field| match atomic::cell(field, line.get(field)) {
            Some(Cell::Uuid(id)) => Some(Cell::Uuid(id)),
            Some(Cell::Timestamp(micros)) => Some(Cell::Timestamp(micros)),
            _ => None,
        };
        Some((fixed(event::atomic::Field::EventId)?, fixed(event::atomic::Field::CollectorTstamp)?))
    }

    fn encode_entity(
        &mut self,
        entity: &Entity<'_>,
        id: &Cell<'_>,
        tstamp: &Cell<'_>,
        trouble: &mut Trouble,
    ) {
        let Self { tables, schemas, buffers, refused, .. } = self;
        let to = match schemas.get(&*entity.uri) {
            Some(Resolved::Table(to)) => to,
            Some(Resolved::Unavailable(Unavailable::Iglu(error))) => return trouble.iglu.push(error.clone()),
            Some(Resolved::Unavailable(Unavailable::Runtime(error))) => {
                trouble.runtime.get_or_insert_with(|| error.clone());
                return;
            }
            // The caller has looked for it.
            None => return,
        };
        let (number, rules) = (to.table, to.rules.as_deref());
        let table = &tables[number];
        let this = TableId(number + 1);
        let out = begin(&mut buffers[number + 1], table.meta.len() + table.data.len());
        for (column, slot) in &table.meta {
            let cell = match column {
                0 => Cell::Text(Cow::Borrowed(&to.key.vendor)),
                1 => Cell::Text(Cow::Borrowed(&to.key.name)),
                2 => Cell::Text(Cow::Borrowed(&to.key.format)),
                3 => Cell::Text(Cow::Borrowed(&to.version)),
                4 => id.clone(),
                _ => tstamp.clone(),
            };
            if let Err(why) = slot.put(&cell, out) {
                trouble.note(why, this, &table.name, refused);
            }
        }
        let mut values = vec![None; table.wanted.columns.len()];
        table.places.fill(&entity.data, &mut values);
        for (column, slot) in &table.data {
            let Some(json) = values[*column].filter(|json| *json != "null") else {
                if slot.not_null {
                    trouble.note(table.relax(*column, slot, rules), this, &table.name, refused);
                } else {
                    binary::null(out);
                }
                continue;
            };
            match Cell::cast(json, &slot.ty) {
                Err(wrong) => trouble.iglu.push(bad_rows::wrong_type(&entity.uri, &wrong.0)),
                Ok(cell) => {
                    if let Err(why) = slot.put(&cell, out) {
                        trouble.note(why, this, &table.name, refused);
                    }
                }
            }
        }
        for &column in &table.on_demand {
            let stored_here = rules.is_some_and(|rules| rules[column] != Rule::Unknown);
            if stored_here && values[column].is_some_and(|json| json != "null") {
                trouble.note(Refused::After(table.add(column)), this, &table.name, refused);
            }
        }
    }
}

impl Trouble {
    fn note(&mut self, why: Refused, table: TableId, name: &str, refused: &[(TableId, Change)]) {
        let message = match why {
            Refused::After(change) => {
                let change = (table, change);
                if !refused.contains(&change) {
                    self.change.get_or_insert(change);
                    return;
                }
                match change.1 {
                    // The value has no place in the table, as before the schema was split up.
                    Change::Add(..) => return,
                    Change::Relax(column) => null_text(&column, name),
                    other => {
                        format!("ERROR: the table does not take the value, and could not be changed: {other}")
                    }
                }
            }
            Refused::Unfit(unfit) => format!("ERROR: {unfit}"),
            Refused::Null { column } => null_text(&column, name),
        };
        self.runtime.get_or_insert(message);
    }
}

fn null_text(column: &str, table: &str) -> String {
    format!("ERROR: null value in column \"{column}\" of relation \"{table}\" violates not-null constraint")
}

fn begin(buffer: &mut Buffer, fields: usize) -> &mut Vec<u8> {
    if buffer.bytes.is_empty() {
        buffer.bytes.extend_from_slice(HEADER);
    }
    buffer.rows += 1;
    // Postgres has at most 1600 columns.
    binary::begin_row(i16::try_from(fields).unwrap_or(i16::MAX), &mut buffer.bytes);
    &mut buffer.bytes
}

/// The data of a line that the quick reader does not take; `None` when it is really wrong.
fn slowly(text: &str) -> Option<Vec<Entity<'static>>> {
    let event = EnrichedEvent::split_tsv(text).ok()?;
    let mut entities = Vec::new();
    for field in shred::FIELDS {
        for item in event.data(field).ok()? {
            let data = event::json::to_compact(&item.data);
            entities.push(Entity { uri: Cow::Owned(item.schema.to_string()), data: Cow::Owned(data) });
        }
    }
    Some(entities)
}

fn not_parsed(text: &str) -> Encoded {
    Encoded::Bad(Box::new(match EnrichedEvent::parse_tsv(text) {
        Err(error) => bad_rows::parsing(text, &error),
        // Only a table that refuses what the format allows gets here.
        Ok(_) => bad_rows::runtime(text, "ERROR: a column is not of its kind".to_owned()),
    }))
}

fn same_model(a: &SchemaKey, b: &SchemaKey) -> bool {
    a.version.model == b.version.model && a.vendor == b.vendor && a.name == b.name && a.format == b.format
}
