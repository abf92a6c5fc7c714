//! The JSON forms of an event: the Analytics SDK's, and the event object of loader bad rows
//! (`spec/loaders-and-leases.md` 2 and 5).

use serde_json::{Map, Number, Value, json};

use super::{Column, EnrichedEvent, FieldError, ParseError};
use crate::{
    atomic::{FIELDS, Field},
    json, number,
    self_describing::SelfDescribing,
    shredded_name,
};

/// A line of the Scala Analytics SDK, where its releases differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sdk {
    /// 2.x: entities do not say their version; errors name keys as Scala's symbols.
    Two,
    /// 3.x: contexts say their version in `_schema_version`.
    #[default]
    Three,
}

impl EnrichedEvent {
    /// Appends the Analytics SDK's JSON: typed atomic fields (absent ones null), `geo_location` where both coordinates are
    /// there, one `unstruct_event_*` and the `contexts_*` keys. Atomic fields are in TSV order, data where their column is.
    ///
    /// # Errors
    /// Every column that cannot be read; nothing is appended.
    pub fn write_json(&self, sdk: Sdk, out: &mut String) -> Result<(), ParseError> {
        let mut columns = self.columns()?;
        let mut shredded = Shredded::take(&mut columns);
        out.push('{');
        for (field, column) in FIELDS.into_iter().zip(&columns) {
            match field {
                Field::UnstructEvent => shredded.write_event(out),
                Field::Contexts | Field::DerivedContexts => shredded.write_contexts(field, sdk, out),
                _ => {
                    // Names of fields hold nothing that JSON escapes.
                    out.push('"');
                    out.push_str(field.name());
                    out.push_str("\":");
                    write_scalar(column.as_ref(), out);
                    out.push(',');
                }
            }
        }
        let double = |field: Field| match columns[field as usize] {
            Some(Column::Double(value)) => Some(number::double(value)),
            _ => None,
        };
        if let (Some(latitude), Some(longitude)) = (double(Field::GeoLatitude), double(Field::GeoLongitude)) {
            for part in ["\"geo_location\":\"", &latitude, ",", &longitude, "\","] {
                out.push_str(part);
            }
        }
        // The comma behind the last member.
        out.pop();
        out.push('}');
        Ok(())
    }

    /// The event object of loader bad rows: all 131 fields in TSV order, absent ones null, data in its envelope of version
    /// 1-0-0.
    ///
    /// # Errors
    /// Every column that cannot be read.
    pub fn to_loader_payload(&self) -> Result<Value, ParseError> {
        let mut out = Map::with_capacity(FIELDS.len());
        for (field, column) in FIELDS.into_iter().zip(self.columns()?) {
            let value = match (field, column) {
                (Field::UnstructEvent, Some(Column::Data(items))) => {
                    let data = items.first().map(SelfDescribing::to_json);
                    json!({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", "data": data})
                }
                (_, Some(Column::Data(items))) if !items.is_empty() => {
                    let data: Vec<_> = items.iter().map(SelfDescribing::to_json).collect();
                    json!({"schema": "iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0", "data": data})
                }
                (Field::Contexts | Field::DerivedContexts, _) => json!({}),
                (_, column) => scalar(column),
            };
            out.insert(field.name().to_owned(), value);
        }
        Ok(Value::Object(out))
    }
}

impl ParseError {
    /// The `failure` object of a `loader_parsing_error` bad row, in the words of the SDK 3.
    pub fn to_json(&self) -> Value {
        self.to_json_of(Sdk::Three)
    }

    /// The same in the words of this line of the SDK.
    pub fn to_json_of(&self, sdk: Sdk) -> Value {
        match self {
            Self::Columns { found: 1 } => json!({"type": "NotTSV"}),
            Self::Columns { found } => json!({"type": "FieldNumberMismatch", "fieldCount": found}),
            Self::Fields(fields) => {
                let errors: Vec<_> = fields.iter().map(|error| error.to_json(sdk)).collect();
                json!({"type": "RowDecodingError", "errors": errors})
            }
        }
    }
}

impl FieldError {
    fn to_json(&self, sdk: Sdk) -> Value {
        let Self { field, value, message } = self;
        let name = field.name();
        let (key, message) = match sdk {
            Sdk::Three => (name.to_owned(), message.clone()),
            Sdk::Two => {
                let key = format!("Symbol({name})");
                let message = match message.strip_prefix(&format!("Cannot parse key {name} ")) {
                    Some(rest) => format!("Cannot parse key {key} with value {value} {rest}"),
                    None => message.replace(&format!("Field {name} "), &format!("Field {key} ")),
                };
                (key, message)
            }
        };
        json!({"type": "InvalidValue", "key": key, "value": value, "message": message})
    }
}

/// Data under the names of their schemas.
struct Shredded {
    event: Vec<SelfDescribing>,
    /// Name, the column that is the first with it, and the entities of both columns.
    contexts: Vec<(String, Field, Vec<SelfDescribing>)>,
}

impl Shredded {
    fn take(columns: &mut [Option<Column<'_>>]) -> Self {
        let mut items = |field: Field| match columns[field as usize].take() {
            Some(Column::Data(items)) => items,
            _ => Vec::new(),
        };
        let event = items(Field::UnstructEvent);
        let mut contexts: Vec<(String, Field, Vec<SelfDescribing>)> = Vec::new();
        for field in [Field::Contexts, Field::DerivedContexts] {
            for item in items(field) {
                let name = shredded_name::contexts(&item.schema);
                match contexts.iter_mut().find(|(known, ..)| *known == name) {
                    Some((.., group)) => group.push(item),
                    None => contexts.push((name, field, vec![item])),
                }
            }
        }
        Self { event, contexts }
    }

    fn write_event(&self, out: &mut String) {
        for SelfDescribing { schema, data } in &self.event {
            json::write_string(&shredded_name::unstruct_event(schema), out);
            out.push(':');
            json::write_compact(data, out);
            out.push(',');
        }
    }

    fn write_contexts(&mut self, field: Field, sdk: Sdk, out: &mut String) {
        for (name, _, group) in self.contexts.iter_mut().filter(|(_, first, _)| *first == field) {
            json::write_string(name, out);
            out.push_str(":[");
            for item in group {
                write_entity(item, sdk, out);
                out.push(',');
            }
            out.pop();
            out.push_str("],");
        }
    }
}

fn write_entity(SelfDescribing { schema, data }: &mut SelfDescribing, sdk: Sdk, out: &mut String) {
    if let (Sdk::Three, Value::Object(members)) = (sdk, &mut *data) {
        let version = Value::String(schema.version.to_string());
        // Data that say a version themselves are believed.
        let version = members.shift_remove(VERSION_KEY).unwrap_or(version);
        members.shift_insert(0, VERSION_KEY.to_owned(), version);
    }
    json::write_compact(data, out);
}

/// Where contexts say the version of their schema.
const VERSION_KEY: &str = "_schema_version";

fn write_scalar(column: Option<&Column<'_>>, out: &mut String) {
    use std::fmt::Write as _;
    // Writing to a String cannot fail.
    let _ = match column {
        Some(Column::Text(text)) => {
            json::write_string(text, out);
            Ok(())
        }
        Some(Column::Int(value)) => write!(out, "{value}"),
        Some(Column::Bool(value)) => write!(out, "{value}"),
        Some(Column::Double(value)) if value.is_finite() => out.write_str(&number::double(*value)),
        Some(Column::Time(time)) => write!(out, "\"{}\"", time.iso()),
        Some(Column::Uuid(uuid)) => write!(out, "\"{uuid}\""),
        // JSON has no infinities.
        None | Some(Column::Double(_) | Column::Data(_)) => out.write_str("null"),
    };
}

fn scalar(column: Option<Column<'_>>) -> Value {
    match column {
        None | Some(Column::Data(_)) => Value::Null,
        Some(Column::Text(text)) => Value::String(text.to_owned()),
        Some(Column::Int(value)) => Value::Number(value.into()),
        Some(Column::Bool(value)) => Value::Bool(value),
        // JSON has no infinities.
        Some(Column::Double(value)) if !value.is_finite() => Value::Null,
        Some(Column::Double(value)) => Value::Number(Number::from_string_unchecked(number::double(value))),
        Some(Column::Time(time)) => Value::String(time.iso().to_string()),
        Some(Column::Uuid(uuid)) => Value::String(uuid.to_string()),
    }
}
