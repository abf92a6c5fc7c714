//! Lines -> rows. A line is a row as a whole or not at all.

use std::collections::{BTreeSet, HashMap};

use arrow_array::ArrayRef;
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
    atomic::{self, AtomicColumns},
    builder::{Builder, Scratch},
    pieces::Found,
    refusal::{Refusal, refusal},
    schemas::Schemas,
};
use crate::{
    entity::{self, Entity},
    line::Line,
};

/// When the batch was closed: the column behind the atomic ones.
const LOAD_TSTAMP: &str = "load_tstamp";

/// Rows under construction.
pub(super) struct Rows<'s> {
    schemas: &'s Schemas,
    atomic: AtomicColumns,
    loaded: Builder,
    stamp: i64,
    entities: Vec<Builder>,
    /// Columns of contexts with elements of the row at hand.
    open: Vec<usize>,
    targets: Targets,
    /// Numbers of the targets of each spelling, for contexts and for the event itself.
    spelled: Vec<[Option<usize>; 2]>,
    length: usize,
    /// Bytes of the lines of the rows.
    bytes: usize,
}

/// Where the data of each schema are put.
pub(super) struct Targets {
    fields: Vec<(SchemaKey, Place, Field)>,
    all: Vec<Target>,
    numbers: HashMap<(Place, SchemaKey), usize>,
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
    if !entity::entities(line, &mut found) {
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
    for field in entity::FIELDS {
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
        let mut targets = Self { fields: Vec::new(), all: Vec::new(), numbers: HashMap::new() };
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
            targets.numbers.insert((*place, key.clone()), targets.all.len());
            targets.all.push(target);
        }
        targets.fields =
            columns.into_iter().map(|(model, place, column)| (model, place, column.field)).collect();
        targets
    }

    /// The number of the target of data whose schema is spelled like this.
    fn number(&self, place: Place, uri: &str) -> Option<usize> {
        self.numbers.get(&(place, uri.parse().ok()?)).copied()
    }

    /// The field that takes the data of this schema.
    pub(super) fn field(&self, place: Place, key: &SchemaKey) -> Option<&Field> {
        match &self.all[*self.numbers.get(&(place, key.clone()))?] {
            Target::Column(at, _) => Some(&self.fields[*at].2),
            Target::Nowhere | Target::Refused => None,
        }
    }
}

impl<'s> Rows<'s> {
    /// No rows yet. `present`: the schemas that the lines have; `spellings`: how they spell them.
    pub(super) fn new(
        schemas: &'s Schemas,
        present: &BTreeSet<(Place, SchemaKey)>,
        spellings: &[Box<str>],
        stamp: Timestamp,
    ) -> Self {
        let targets = Targets::new(schemas, present);
        let of = |uri: &str| [Place::Contexts, Place::Unstruct].map(|place| targets.number(place, uri));
        Self {
            schemas,
            spelled: spellings.iter().map(|uri| of(uri)).collect(),
            open: Vec::new(),
            atomic: AtomicColumns::new(),
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

    /// Takes a line. `found`: its entities, if it is known where they are.
    ///
    /// # Errors
    /// Why it is no row; nothing of it was taken.
    pub(super) fn push(&mut self, text: &str, found: Option<&[Found]>) -> Result<(), Refusal> {
        if self.try_push(text, found) {
            self.length += 1;
            self.bytes += text.len();
            return Ok(());
        }
        let length = self.length;
        self.open.clear();
        self.builders().for_each(|builder| builder.truncate(length));
        Err(refusal(text, self.schemas, &self.targets))
    }

    fn try_push(&mut self, text: &str, found: Option<&[Found]>) -> bool {
        if !self.atomic.push(text, self.length) {
            return false;
        }
        let are_right = match found {
            Some(found) => {
                let mut scratch = Vec::new();
                found.iter().all(|Found { place, spelling, data }| {
                    let target = self.spelled[usize::from(*spelling)][usize::from(*place == Place::Unstruct)];
                    self.put(target, *place, &text[data.clone()], &mut scratch)
                })
            }
            None => self.search(text),
        };
        if are_right {
            for at in self.open.drain(..) {
                self.entities[at].close_list(self.length);
            }
        }
        are_right
    }

    /// Takes the entities of a line that has not been looked at.
    fn search(&mut self, text: &str) -> bool {
        let Some(line) = Line::split(text) else { return false };
        let Ok(entities) = entities(&line, text) else { return false };
        let mut scratch = Vec::new();
        entities.iter().all(|(place, entity)| {
            let target = self.targets.number(*place, &entity.uri);
            self.put(target, *place, &entity.data, &mut scratch)
        })
    }

    fn put<'a>(
        &mut self,
        target: Option<usize>,
        place: Place,
        data: &'a str,
        scratch: &mut Scratch<'a>,
    ) -> bool {
        let (at, version) = match target.map(|number| &self.targets.all[number]) {
            Some(Target::Column(at, version)) => (*at, version),
            Some(Target::Nowhere) => return true,
            Some(Target::Refused) | None => return false,
        };
        let builder = &mut self.entities[at];
        match place {
            Place::Contexts => {
                if !self.open.contains(&at) {
                    self.open.push(at);
                }
                builder.push_element(data, version, scratch)
            }
            Place::Unstruct => {
                builder.fill(self.length);
                builder.push(data, true, scratch)
            }
        }
    }

    fn builders(&mut self) -> impl Iterator<Item = &mut Builder> {
        let atomic = self.atomic.all.iter_mut().map(|column| &mut column.builder);
        atomic.chain([&mut self.loaded]).chain(&mut self.entities)
    }

    /// Takes the values out of all columns, in the order of [`Self::fields`], and begins anew.
    pub(super) fn take(&mut self) -> Vec<ArrayRef> {
        let length = self.length;
        self.loaded.fill_long(self.stamp, length);
        let columns = self.builders().map(|builder| {
            builder.fill(length);
            builder.finish()
        });
        let columns = columns.collect();
        self.length = 0;
        self.bytes = 0;
        columns
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
