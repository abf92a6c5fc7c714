//! Records -> rows of all tables in the format of COPY. What cannot be encoded is a bad row, or a need: something the shell has to
//! fetch or change first.

mod rows;

use std::collections::HashMap;

use event::{bad_row::BadRow, schema_key::SchemaKey};
use iglu::table::{migration::Change, model::Rule};
use serde_json::Value;

use super::{
    binary::TRAILER,
    config::Purpose,
    target::{Entities, Events},
};

/// Most schema URIs that are remembered.
const URIS_MAX: usize = 10_000;

/// Encodes lines for the tables it knows.
#[derive(Debug)]
pub struct Encoder {
    purpose: Purpose,
    /// As the original, where it stores less.
    strict: bool,
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

impl Encoder {
    /// For these events (where there are any); entity tables are added as they are needed.
    pub fn new(purpose: Purpose, strict: bool, events: Events) -> Self {
        Self {
            purpose,
            strict,
            events,
            tables: Vec::new(),
            schemas: HashMap::new(),
            buffers: vec![Buffer::default()],
            refused: Vec::new(),
        }
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
}

fn same_model(a: &SchemaKey, b: &SchemaKey) -> bool {
    a.version.model == b.version.model && a.vendor == b.vendor && a.name == b.name && a.format == b.format
}
