//! Lines -> rows. A line is a row as a whole or not at all.

use std::collections::{BTreeSet, HashMap};

use event::{
    atomic::Field as Atomic,
    enriched::{EnrichedEvent, ParseError},
    json,
    schema_key::{SchemaKey, SchemaVersion},
};
use iglu::field::{Field, FieldType, column::Place};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    atomic::{self, AtomicColumn},
    builder::{Builder, Scratch},
    refusal::{Refusal, refusal},
    schemas::Schemas,
};
use crate::postgres::{
    line::Line,
    shred::{self, Entity},
};

/// When the batch was closed: the column behind the atomic ones.
const LOAD_TSTAMP: &str = "load_tstamp";

/// Rows under construction.
pub(super) struct Rows<'s> {
    schemas: &'s Schemas,
    atomic: Vec<AtomicColumn>,
    loaded: Builder,
    stamp: i64,
    entities: Vec<Builder>,
    targets: Targets,
    length: usize,
    /// Bytes of the lines of the rows.
    bytes: usize,
}

/// Where the data of each schema are put.
pub(super) struct Targets {
    fields: Vec<(SchemaKey, Place, Field)>,
    contexts: HashMap<Box<str>, Target>,
    unstruct: HashMap<Box<str>, Target>,
}

enum Target {
    /// The column, and the version as elements tell it.
    Column(usize, Box<str>),
    /// The schema allows nothing to store.
    Nowhere,
    /// No schema, no row.
    Refused,
}

/// The self-describing data of a line, contexts first.
///
/// # Errors
/// The line is no enriched event.
pub(super) fn entities<'a>(line: &Line<'a>, text: &str) -> Result<Vec<(Place, Entity<'a>)>, ParseError> {
    let mut found = Vec::new();
    if !shred::entities(line, &mut found) {
        found = slowly(text)?;
    }
    let has_event = !line.get(Atomic::UnstructEvent).is_empty();
    let last = found.len().saturating_sub(1);
    let place = |at| if has_event && at == last { Place::Unstruct } else { Place::Contexts };
    Ok(found.into_iter().enumerate().map(|(at, entity)| (place(at), entity)).collect())
}

fn slowly<'a>(text: &str) -> Result<Vec<Entity<'a>>, ParseError> {
    let event = EnrichedEvent::parse_tsv(text)?;
    let mut found = Vec::new();
    for field in shred::FIELDS {
        for item in event.data(field).map_err(|error| ParseError::Fields(vec![error]))? {
            let (uri, data) = (item.schema.to_string().into(), json::to_compact(&item.data).into());
            found.push(Entity { uri, data });
        }
    }
    Ok(found)
}

impl Targets {
    fn new(schemas: &Schemas, present: &BTreeSet<(Place, SchemaKey)>) -> Self {
        let columns = schemas.columns(present);
        let mut targets = Self { fields: Vec::new(), contexts: HashMap::new(), unstruct: HashMap::new() };
        for (place, key) in present {
            let of_model = |(model, column_place, _): &&(SchemaKey, Place, _)| {
                let version = SchemaVersion::new(key.version.model, 0, 0);
                column_place == place && *model == SchemaKey { version, ..key.clone() }
            };
            let at = columns
                .iter()
                .position(|column| of_model(&column) && column.2.versions.contains(&key.version));
            let target = match at {
                _ if schemas.trouble(key).is_some() => Target::Refused,
                Some(at) => Target::Column(at, key.version.to_string().into()),
                None => Target::Nowhere,
            };
            targets.at(*place).insert(key.to_string().into(), target);
        }
        targets.fields =
            columns.into_iter().map(|(model, place, column)| (model, place, column.field)).collect();
        targets
    }

    fn at(&mut self, place: Place) -> &mut HashMap<Box<str>, Target> {
        match place {
            Place::Contexts => &mut self.contexts,
            Place::Unstruct => &mut self.unstruct,
        }
    }

    fn get(&self, place: Place, uri: &str) -> Option<&Target> {
        match place {
            Place::Contexts => self.contexts.get(uri),
            Place::Unstruct => self.unstruct.get(uri),
        }
    }

    /// The field that takes the data of this schema.
    pub(super) fn field(&self, place: Place, uri: &str) -> Option<&Field> {
        match self.get(place, uri)? {
            Target::Column(at, _) => Some(&self.fields[*at].2),
            Target::Nowhere | Target::Refused => None,
        }
    }
}

impl<'s> Rows<'s> {
    /// No rows yet. `present`: the schemas that the lines have.
    pub(super) fn new(
        schemas: &'s Schemas,
        present: &BTreeSet<(Place, SchemaKey)>,
        stamp: Timestamp,
    ) -> Self {
        let targets = Targets::new(schemas, present);
        Self {
            schemas,
            atomic: atomic::columns(),
            loaded: Builder::new(&FieldType::Timestamp),
            stamp: stamp.as_microsecond(),
            entities: targets.fields.iter().map(|(.., field)| Builder::new(&field.ty)).collect(),
            targets,
            length: 0,
            bytes: 0,
        }
    }

    /// All columns.
    pub(super) fn fields(&self) -> Vec<Field> {
        let loaded = Field {
            name: LOAD_TSTAMP.to_owned(),
            ty: FieldType::Timestamp,
            nullable: false,
            accessors: vec![LOAD_TSTAMP.to_owned()],
        };
        let entities = self.targets.fields.iter().map(|(.., field)| field.clone());
        atomic::fields().chain([loaded]).chain(entities).collect()
    }

    /// What the names of columns do not say: the schema of each column of an entity, and the keys of its data.
    pub(super) fn provenance(&self) -> Value {
        let columns = self.targets.fields.iter().map(|(model, _, field)| {
            let mut column = Map::new();
            column.insert("schema".to_owned(), Value::String(model.to_string()));
            column.insert("keys".to_owned(), keys(&field.ty));
            (field.name.clone(), Value::Object(column))
        });
        Value::Object(columns.collect())
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a line.
    ///
    /// # Errors
    /// Why it is no row; nothing of it was taken.
    pub(super) fn push(&mut self, text: &str) -> Result<(), Refusal> {
        if self.try_push(text) {
            self.length += 1;
            self.bytes += text.len();
            return Ok(());
        }
        let length = self.length;
        self.builders().for_each(|builder| builder.truncate(length));
        Err(refusal(text, self.schemas, &self.targets))
    }

    fn try_push(&mut self, text: &str) -> bool {
        let Some(line) = Line::split(text) else { return false };
        if !self.atomic.iter_mut().all(|column| column.push(&line)) {
            return false;
        }
        self.loaded.push_long(self.stamp);
        let Ok(entities) = entities(&line, text) else { return false };
        let mut scratch: Scratch<'_> = Vec::new();
        for (place, entity) in &entities {
            let is_right = match self.targets.get(*place, &entity.uri) {
                Some(Target::Column(at, version)) => {
                    let builder = &mut self.entities[*at];
                    match place {
                        Place::Contexts => builder.push_element(&entity.data, version, &mut scratch),
                        Place::Unstruct => builder.push(&entity.data, true, &mut scratch),
                    }
                }
                Some(Target::Nowhere) => true,
                Some(Target::Refused) | None => false,
            };
            if !is_right {
                return false;
            }
        }
        for ((_, place, _), builder) in self.targets.fields.iter().zip(&mut self.entities) {
            match place {
                Place::Contexts => builder.close_list(),
                Place::Unstruct if builder.len() == self.length => builder.push_null(),
                Place::Unstruct => {}
            }
        }
        true
    }

    /// All columns, in the order of [`Self::fields`].
    pub(super) fn builders(&mut self) -> impl Iterator<Item = &mut Builder> {
        let atomic = self.atomic.iter_mut().map(|column| &mut column.builder);
        atomic.chain([&mut self.loaded]).chain(&mut self.entities)
    }

    /// Begins anew, after the values have been taken out of the columns.
    pub(super) fn taken(&mut self) {
        self.length = 0;
        self.bytes = 0;
    }
}

/// The first key of each field below, by the field's name; `json` for what is any JSON, null for other scalars.
fn keys(ty: &FieldType) -> Value {
    match ty {
        FieldType::Struct(fields) => {
            let pair = |field: &Field| {
                let first = field.accessors.first().unwrap_or(&field.name).clone();
                (field.name.clone(), Value::Array(vec![Value::String(first), keys(&field.ty)]))
            };
            Value::Object(fields.iter().map(pair).collect())
        }
        FieldType::Array { element, .. } => keys(element),
        FieldType::Json => Value::String("json".to_owned()),
        _ => Value::Null,
    }
}
