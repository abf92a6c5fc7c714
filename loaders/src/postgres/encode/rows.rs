//! One record -> its rows.

use std::borrow::Cow;

use event::{enriched::EnrichedEvent, json, schema_key::SchemaKey, self_describing::SelfDescribing, utf8};
use iglu::table::{cell::Cell, migration::Change, model::Rule};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    super::{
        atomic, bad_rows,
        binary::{self, HEADER},
        target::Refused,
    },
    Buffer, Encoded, Encoder, Need, Resolved, TableId, Unavailable,
};
use crate::{
    entity::{self, Entity},
    line::Line,
};

/// What went wrong with an event so far.
#[derive(Default)]
struct Trouble {
    iglu: Vec<Value>,
    runtime: Option<String>,
    change: Option<(TableId, Change)>,
}

impl Encoder {
    /// Encodes a record: all its rows or none. `now` is the time of a bad row.
    pub fn encode(&mut self, record: &[u8], now: Timestamp) -> Encoded {
        let text = utf8::decode(record);
        let marks: Vec<(usize, u64)> = self.buffers.iter().map(|b| (b.bytes.len(), b.rows)).collect();
        let encoded =
            if self.purpose.has_events() { self.encode_line(&text) } else { self.encode_record(&text, now) };
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
        if !entity::entities(&line, &mut entities) {
            match slowly(text) {
                Some(found) => entities = found,
                None => return not_parsed(text),
            }
        }
        for entity in &mut entities {
            match self.resolve(entity) {
                Resolution::Known => {}
                Resolution::Needed(key) => return Encoded::Need(Need::Schema(key)),
                Resolution::NoKey => return not_parsed(text),
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

    /// A self-describing record: a row of its schema's table (`spec/loaders-and-leases.md` 3.8).
    fn encode_record(&mut self, text: &str, now: Timestamp) -> Encoded {
        let bad = |payload: String, errors| Encoded::Bad(Box::new(bad_rows::generic(payload, errors, now)));
        let quick = entity::record(text).filter(|entity| entity.uri.parse::<SchemaKey>().is_ok());
        let mut entity = match quick {
            Some(entity) => entity,
            None => match self_describing(text) {
                Ok(entity) => entity,
                Err(error) => return bad(text.to_owned(), vec![error]),
            },
        };
        if let Resolution::Needed(key) = self.resolve(&mut entity) {
            return Encoded::Need(Need::Schema(key));
        }
        let mut trouble = Trouble::default();
        self.encode_entity(&entity, &Cell::Null, &Cell::Null, &mut trouble);
        let compact = || json::parse(text).map_or_else(|_| text.to_owned(), |json| json::to_compact(&json));
        if !trouble.iglu.is_empty() {
            return bad(compact(), trouble.iglu.iter().map(json::to_compact).collect());
        }
        if let Some(error) = trouble.runtime {
            return bad(compact(), vec![bad_rows::cannot_insert(&error)]);
        }
        match trouble.change {
            Some((table, change)) => Encoded::Need(Need::Change(table, change)),
            None => Encoded::Rows,
        }
    }

    /// Whether the schema of an entity is known; its URI is written as it is known by.
    fn resolve(&self, entity: &mut Entity<'_>) -> Resolution {
        if self.schemas.contains_key(&*entity.uri) {
            return Resolution::Known;
        }
        let Ok(key) = entity.uri.parse::<SchemaKey>() else { return Resolution::NoKey };
        entity.uri = Cow::Owned(key.to_string());
        if self.schemas.contains_key(&*entity.uri) { Resolution::Known } else { Resolution::Needed(key) }
    }

    /// The row of `events`; gives back its id and time, which all rows of the event carry. `None`: a column is not of its
    /// kind.
    fn encode_event(
        &mut self,
        line: &Line<'_>,
        trouble: &mut Trouble,
    ) -> Option<(Cell<'static>, Cell<'static>)> {
        let Self { events, buffers, refused, strict, .. } = self;
        let out = begin(&mut buffers[0], events.columns.len());
        // Most fields of an event are not set.
        let mut nulls = 0;
        for (field, slot) in &events.columns {
            let text = line.get(*field);
            if text.is_empty() {
                if field.definition().required {
                    return None;
                }
                if !slot.not_null {
                    nulls += 1;
                    continue;
                }
            }
            binary::nulls(std::mem::take(&mut nulls), out);
            let cell = match text {
                "" => Cell::Null,
                text if *strict => atomic::strict_cell(*field, text)?,
                text => atomic::cell(*field, text)?,
            };
            if let Err(why) = slot.put(&cell, out) {
                trouble.note(why, TableId(0), atomic::EVENTS, refused);
            }
        }
        binary::nulls(nulls, out);
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
        let Self { tables, schemas, buffers, refused, strict, .. } = self;
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
            let cast = if *strict { Cell::cast_strictly(json, &slot.ty) } else { Cell::cast(json, &slot.ty) };
            match cast {
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
    for field in entity::FIELDS {
        for item in event.data(field).ok()? {
            let data = event::json::to_compact(&item.data);
            entities.push(Entity { uri: Cow::Owned(item.schema.to_string()), data: Cow::Owned(data) });
        }
    }
    Some(entities)
}

/// Whether a schema is known.
enum Resolution {
    Known,
    Needed(SchemaKey),
    /// The URI is none.
    NoKey,
}

/// A self-describing record that the quick reader does not take, or what the original says of it.
fn self_describing(text: &str) -> Result<Entity<'static>, String> {
    let json = json::parse(text).map_err(|error| format!("ParsingFailure: {error}"))?;
    match SelfDescribing::schema_of(&json) {
        Ok(schema) => {
            let data = json.get("data").map(json::to_compact).unwrap_or_default();
            Ok(Entity { uri: Cow::Owned(schema.to_string()), data: Cow::Owned(data) })
        }
        Err(error) => Err(format!("{}: {}, code: {}", error.sentence(), json::to_compact(&json), error.code)),
    }
}

fn not_parsed(text: &str) -> Encoded {
    Encoded::Bad(Box::new(match EnrichedEvent::parse_tsv(text) {
        Err(error) => bad_rows::parsing(text, &error),
        // Only a table that refuses what the format allows gets here.
        Ok(_) => bad_rows::runtime(text, "ERROR: a column is not of its kind".to_owned()),
    }))
}
