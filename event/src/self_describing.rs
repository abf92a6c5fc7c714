//! Self-describing data: `{"schema": "iglu:...", "data": ...}` (`spec/iglu.md` 1.2, `spec/enrich.md` 5.2).

use serde_json::{Map, Value};

use crate::{
    json,
    schema_key::{InvalidSchemaKey, SchemaKey},
};

/// The code for a document that is no object with a textual `schema` and with `data`.
pub const INVALID_DATA_PAYLOAD: &str = "INVALID_DATA_PAYLOAD";

/// Data with the name of its schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SelfDescribing {
    /// The schema that `data` follows.
    pub schema: SchemaKey,
    /// The data.
    pub data: Value,
}

/// Why a JSON value is not self-describing: the code that bad rows carry (`INVALID_DATA_PAYLOAD`, `INVALID_IGLUURI` ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct NotSelfDescribing {
    /// The code.
    pub code: &'static str,
}

impl NotSelfDescribing {
    /// The sentence that failure entities carry for the code (`spec/enrich.md` 5.2).
    pub fn sentence(self) -> &'static str {
        match self.code {
            "INVALID_IGLUURI" => "Invalid Iglu URI",
            "INVALID_SCHEMAVER" => "Invalid schema version",
            "INVALID_SCHEMA" => "Invalid schema",
            "INVALID_METASCHEMA" => "Invalid metashema",
            _ => "Invalid data payload",
        }
    }
}

impl SelfDescribing {
    /// Names data.
    pub fn new(schema: SchemaKey, data: Value) -> Self {
        Self { schema, data }
    }

    /// The schema key of a value that should be self-describing, without taking it apart.
    ///
    /// # Errors
    /// As [`SelfDescribing::from_json`].
    pub fn schema_of(json: &Value) -> Result<SchemaKey, NotSelfDescribing> {
        Self::schema_by(json, str::parse)
    }

    /// The same with vendor, name and format of any length, as the Apache line takes them.
    ///
    /// # Errors
    /// As [`SelfDescribing::from_json`].
    pub fn schema_of_any_length(json: &Value) -> Result<SchemaKey, NotSelfDescribing> {
        Self::schema_by(json, SchemaKey::from_uri_of_any_length)
    }

    fn schema_by(
        json: &Value,
        read: fn(&str) -> Result<SchemaKey, InvalidSchemaKey>,
    ) -> Result<SchemaKey, NotSelfDescribing> {
        let no_payload = NotSelfDescribing { code: INVALID_DATA_PAYLOAD };
        let object = json.as_object().ok_or(no_payload)?;
        let uri = object.get("schema").and_then(Value::as_str).ok_or(no_payload)?;
        if !object.contains_key("data") {
            return Err(no_payload);
        }
        read(uri).map_err(|invalid| NotSelfDescribing { code: invalid.code })
    }

    /// Takes the two keys apart (extra keys are dropped).
    ///
    /// # Errors
    /// `INVALID_DATA_PAYLOAD` for what is no object with a textual `schema` and with `data` (which may be null), else the
    /// code of the schema key.
    pub fn from_json(mut json: Value) -> Result<Self, NotSelfDescribing> {
        let schema = Self::schema_of(&json)?;
        let data = json.get_mut("data").map(Value::take).unwrap_or_default();
        Ok(Self { schema, data })
    }

    /// `{"schema":...,"data":...}`
    pub fn to_json(&self) -> Value {
        let mut object = Map::with_capacity(2);
        object.insert("schema".to_owned(), Value::String(self.schema.to_string()));
        object.insert("data".to_owned(), self.data.clone());
        Value::Object(object)
    }

    /// Appends what [`SelfDescribing::to_json`] would print, without building it.
    pub fn write_compact(&self, out: &mut String) {
        use std::fmt::Write as _;
        // A schema key holds no character that JSON escapes.
        let _ = write!(out, "{{\"schema\":\"{}\",\"data\":", self.schema);
        json::write_compact(&self.data, out);
        out.push('}');
    }
}
