//! Configurations of enrichments: self-describing JSON, each valid by the schema it names
//! (`spec/enrichments-and-adapters.md` 1.1).

use event::{schema_key::SchemaKey, self_describing::SelfDescribing};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One configuration.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Where it was read from, for messages: a file, or its place in a list.
    pub origin: String,
    /// The schema it names.
    pub key: SchemaKey,
    /// `data`, the whole.
    pub data: Value,
    /// Whether it counts. Missing counts as enabled.
    pub enabled: bool,
}

impl Configuration {
    /// Reads `{"schema":...,"data":{...}}`. Whether the data follow the schema is not looked at here.
    ///
    /// # Errors
    /// It is not self-describing.
    pub fn from_json(origin: impl Into<String>, json: Value) -> Result<Self, String> {
        let origin = origin.into();
        let SelfDescribing { schema, data } =
            SelfDescribing::from_json(json).map_err(|not| format!("{origin}: {}", not.sentence()))?;
        let enabled = data.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        Ok(Self { origin, key: schema, data, enabled })
    }

    /// `data.parameters`, read.
    ///
    /// # Errors
    /// The key and what is wrong with it.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_path_to_error::deserialize(self.parameters()).map_err(|e| format!("parameters.{e}"))
    }

    /// `data.parameters`, or null.
    pub fn parameters(&self) -> &Value {
        self.data.get("parameters").unwrap_or(&Value::Null)
    }
}
