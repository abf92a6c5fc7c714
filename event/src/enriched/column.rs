//! Columns read as what they are (`spec/loaders-and-leases.md` 2.1).

use serde_json::Value;
use uuid::Uuid;

use super::{EnrichedEvent, FieldError, ParseError};
use crate::{
    atomic::{FIELDS, Field, Kind},
    java_uuid, json, number,
    schema_key::{SchemaCriterion, SchemaKey},
    self_describing::SelfDescribing,
    timestamp::AtomicTime,
};

/// A column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Column<'a> {
    /// A text.
    Text(&'a str),
    /// A 32-bit integer.
    Int(i32),
    /// `0` or `1`.
    Bool(bool),
    /// A float or decimal; may be infinite or not a number.
    Double(f64),
    /// A moment.
    Time(AtomicTime),
    /// `event_id`.
    Uuid(Uuid),
    /// The items of a JSON column: one of `unstruct_event`, any number of contexts.
    Data(Vec<SelfDescribing>),
}

impl EnrichedEvent {
    /// The column's value; `None` when absent.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the Analytics SDK 3.2.
    pub fn column(&self, field: Field) -> Result<Option<Column<'_>>, FieldError> {
        let definition = field.definition();
        let Some(text) = self.get(field) else {
            return if definition.required {
                Err(self.error(field, format!("Field {} cannot be empty", field.name())))
            } else {
                Ok(None)
            };
        };
        let column = match definition.kind {
            Kind::Text => Some(Column::Text(text)),
            Kind::Uuid => java_uuid::parse_lenient(text).map(Column::Uuid),
            Kind::Int => text.parse().ok().map(Column::Int),
            Kind::Bool => match text {
                "0" => Some(Column::Bool(false)),
                "1" => Some(Column::Bool(true)),
                _ => None,
            },
            Kind::Float | Kind::Decimal => number::parse_double(text).map(Column::Double),
            Kind::Timestamp => text.parse().ok().map(Column::Time),
            Kind::Json => {
                let items = if field == Field::UnstructEvent { unstruct(text) } else { contexts(text) };
                return items.map(Column::Data).map(Some).map_err(|message| self.error(field, message));
            }
        };
        let name = field.name();
        match column {
            Some(column) => Ok(Some(column)),
            None => {
                Err(self.error(field, format!("Cannot parse key {name} into {}", kind_word(definition.kind))))
            }
        }
    }

    /// Every column, in TSV order.
    ///
    /// # Errors
    /// All columns that cannot be read.
    pub fn columns(&self) -> Result<Vec<Option<Column<'_>>>, ParseError> {
        let mut errors = Vec::new();
        let mut columns = Vec::with_capacity(FIELDS.len());
        for field in FIELDS {
            match self.column(field) {
                Ok(column) => columns.push(column),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(columns) } else { Err(ParseError::Fields(errors)) }
    }

    /// The items of a JSON column, none when it is absent.
    ///
    /// # Errors
    /// As [`EnrichedEvent::column`].
    pub fn data(&self, field: Field) -> Result<Vec<SelfDescribing>, FieldError> {
        match self.column(field)? {
            Some(Column::Data(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    /// Splits a line and checks each column against its kind, and that the required ones are there (`spec/enrich.md` 3.3).
    ///
    /// # Errors
    /// The number of columns if it is not 131, else every column that is wrong.
    pub fn parse_tsv(line: &str) -> Result<Self, ParseError> {
        let event = Self::split_tsv(line)?;
        event.columns()?;
        Ok(event)
    }

    fn error(&self, field: Field, message: String) -> FieldError {
        FieldError { field, value: self.get(field).unwrap_or_default().to_owned(), message }
    }
}

/// The Analytics SDK's word for what a text should have been.
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Json => "text",
        Kind::Uuid => "UUID",
        Kind::Int => "integer",
        Kind::Bool => "boolean",
        Kind::Float | Kind::Decimal => "double",
        Kind::Timestamp => "datetime",
    }
}

fn unstruct(text: &str) -> Result<Vec<SelfDescribing>, String> {
    let data = envelope(text, "unstruct_event")?;
    self_describing(data).map(|item| vec![item])
}

fn contexts(text: &str) -> Result<Vec<SelfDescribing>, String> {
    match envelope(text, "contexts")? {
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(i, item)| {
                self_describing(item).map_err(|e| e.replacen(" at :", &format!(" at [{i}]:"), 1))
            })
            .collect(),
        _ => Err("DecodingFailure at : C[A]".to_owned()),
    }
}

/// The data of an envelope of any 1-0-* version.
fn envelope(text: &str, name: &str) -> Result<Value, String> {
    let json = json::parse(text).map_err(|e| format!("ParsingFailure: {e}"))?;
    let envelope = self_describing(json)?;
    if envelope_criterion(name).matches(&envelope.schema) {
        Ok(envelope.data)
    } else {
        Err(format!("Unknown payload: {}", envelope.schema))
    }
}

/// `iglu:com.snowplowanalytics.snowplow/<name>/jsonschema/1-0-*`
fn envelope_criterion(name: &str) -> SchemaCriterion {
    SchemaCriterion {
        vendor: "com.snowplowanalytics.snowplow".to_owned(),
        name: name.to_owned(),
        format: "jsonschema".to_owned(),
        model: Some(1),
        revision: Some(0),
        addition: None,
    }
}

fn self_describing(json: Value) -> Result<SelfDescribing, String> {
    let object = json.as_object().ok_or("DecodingFailure at : JsonObject")?;
    let schema = object.get("schema").ok_or("DecodingFailure at : schema key is not available")?;
    if !object.contains_key("data") {
        return Err("DecodingFailure at : data key is not available".to_owned());
    }
    let uri = schema.as_str().ok_or("DecodingFailure at : schema key is not available")?;
    if let Err(e) = uri.parse::<SchemaKey>() {
        return Err(format!("DecodingFailure at : Invalid Iglu URI: {uri}, code: {e}"));
    }
    SelfDescribing::from_json(json).map_err(|e| format!("DecodingFailure at : {e}"))
}
