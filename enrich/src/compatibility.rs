//! Which line of the original piste speaks (design: two lines of the original). Everything that differs is listed here;
//! texts differ in `render.rs`.

use std::str::FromStr;

use event::{
    atomic::{COUNT, FIELDS, Field},
    schema_key::{InvalidSchemaKey, SchemaKey},
    self_describing::SelfDescribing,
};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

/// The two lines in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Compatibility {
    /// Enrich 6.x.
    #[default]
    #[serde(rename = "6")]
    Current,
    /// Enrich 3.x, which OpenSnowcat goes on with.
    #[serde(rename = "3")]
    Apache,
}

/// Longest text of each field in UTF-16 units.
pub type Limits = [Option<u32>; COUNT];

impl Compatibility {
    /// Whether the Apache line is spoken.
    pub fn is_apache(self) -> bool {
        self == Self::Apache
    }

    /// The limits of the atomic fields.
    pub fn limits(self) -> Limits {
        let mut limits = FIELDS.map(|field| field.definition().limit);
        if self.is_apache() {
            limits[Field::PageUrl as usize] = Some(4096);
            limits[Field::PageReferrer as usize] = Some(4096);
            limits[Field::MktClickid as usize] = Some(128);
        }
        limits
    }

    /// Words, dots and colons that an address in a header has at most.
    pub(crate) fn max_address_items(self) -> Option<usize> {
        (!self.is_apache()).then_some(15)
    }

    /// Whether bytes that begin like a compressed record are called a damaged one where they are not whole. The Apache line
    /// takes them for a payload. What is whole is read in both lines.
    pub(crate) fn knows_compressed(self) -> bool {
        !self.is_apache()
    }

    /// Whether nothing else is looked at in a payload of another schema.
    pub(crate) fn checks_payload_schema_first(self) -> bool {
        self.is_apache()
    }

    /// Whether vendor, name and format of a schema key have a longest length.
    pub(crate) fn limits_schema_keys(self) -> bool {
        !self.is_apache()
    }

    /// Reads the name of a schema.
    ///
    /// # Errors
    /// The code that bad rows carry.
    pub(crate) fn schema_key(self, uri: &str) -> Result<SchemaKey, InvalidSchemaKey> {
        if self.limits_schema_keys() { uri.parse() } else { SchemaKey::from_uri_of_any_length(uri) }
    }

    /// Takes `schema` and `data` apart; other keys are dropped.
    ///
    /// # Errors
    /// The JSON as it was, and the code that bad rows carry.
    pub(crate) fn take_apart(self, mut json: Value) -> Result<SelfDescribing, (Value, &'static str)> {
        let schema = if self.limits_schema_keys() {
            SelfDescribing::schema_of(&json)
        } else {
            SelfDescribing::schema_of_any_length(&json)
        };
        match schema {
            Err(not) => Err((json, not.code)),
            Ok(schema) => {
                let data = json.get_mut("data").map(Value::take).unwrap_or_default();
                Ok(SelfDescribing { schema, data })
            }
        }
    }

    /// Whether the platform `headset` is known.
    pub(crate) fn knows_headset(self) -> bool {
        !self.is_apache()
    }

    /// Whether an envelope without entities is kept, as the tracker wrote it.
    pub(crate) fn keeps_empty_contexts(self) -> bool {
        self.is_apache()
    }

    /// Whether enrichments run although the input was not valid, and failures become entities of the event.
    pub(crate) fn goes_on_after_violations(self) -> bool {
        !self.is_apache()
    }
}

impl FromStr for Compatibility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "6" => Ok(Self::Current),
            "3" => Ok(Self::Apache),
            other => {
                Err(format!("`{other}` is no line: \"6\" (the current one) or \"3\" (the Apache one) is"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Compatibility {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
