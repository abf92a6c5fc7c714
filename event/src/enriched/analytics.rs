//! The JSON forms of an event: the Analytics SDK's, and the event object of loader bad rows
//! (`spec/loaders-and-leases.md` 2 and 5).

use serde_json::{Map, Number, Value, json};

use super::{Column, EnrichedEvent, ParseError};
use crate::{
    atomic::{FIELDS, Field},
    number,
    self_describing::SelfDescribing,
    shredded_name,
};

impl EnrichedEvent {
    /// The Analytics SDK's JSON: typed atomic fields (absent ones null), `geo_location` where both coordinates are there, one
    /// `unstruct_event_*` and the `contexts_*` keys, of which derived contexts are the last. Atomic fields are in TSV order,
    /// data where their column is.
    ///
    /// # Errors
    /// Every column that cannot be read.
    pub fn to_json(&self) -> Result<Value, ParseError> {
        let mut out = Map::with_capacity(FIELDS.len() + 8);
        for (field, column) in FIELDS.into_iter().zip(self.columns()?) {
            match column {
                Some(Column::Data(items)) => shred(field, items, &mut out),
                None if matches!(field, Field::UnstructEvent | Field::Contexts | Field::DerivedContexts) => {}
                column => {
                    out.insert(field.name().to_owned(), scalar(column));
                }
            }
        }
        if let (Some(latitude), Some(longitude)) =
            (self.double(Field::GeoLatitude), self.double(Field::GeoLongitude))
        {
            let place = format!("{},{}", number::double(latitude), number::double(longitude));
            out.insert("geo_location".to_owned(), Value::String(place));
        }
        Ok(Value::Object(out))
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

    fn double(&self, field: Field) -> Option<f64> {
        match self.column(field) {
            Ok(Some(Column::Double(value))) => Some(value),
            _ => None,
        }
    }
}

impl ParseError {
    /// The `failure` object of a `loader_parsing_error` bad row.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Columns { found: 1 } => json!({"type": "NotTSV"}),
            Self::Columns { found } => json!({"type": "FieldNumberMismatch", "fieldCount": found}),
            Self::Fields(fields) => {
                let errors: Vec<_> = fields
                    .iter()
                    .map(|e| json!({"type": "InvalidValue", "key": e.field.name(), "value": e.value, "message": e.message}))
                    .collect();
                json!({"type": "RowDecodingError", "errors": errors})
            }
        }
    }
}

/// Puts data under the names of their schemas.
fn shred(field: Field, items: Vec<SelfDescribing>, out: &mut Map<String, Value>) {
    for SelfDescribing { schema, data } in items {
        if field == Field::UnstructEvent {
            out.insert(shredded_name::unstruct_event(&schema), data);
            continue;
        }
        let data = match data {
            Value::Object(members) => {
                let mut with_version = Map::with_capacity(members.len() + 1);
                with_version.insert("_schema_version".to_owned(), Value::String(schema.version.to_string()));
                with_version.extend(members);
                Value::Object(with_version)
            }
            other => other,
        };
        let list = out.entry(shredded_name::contexts(&schema)).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(data);
        }
    }
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
