//! `#[serde(with = "service::config::duration")]`: `10 seconds`, `365 days`, `500 ms`; a bare number is milliseconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Reads a duration.
///
/// # Errors
///
/// The text is no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    super::read_duration(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Writes whole milliseconds, as text with its unit.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{} ms", duration.as_millis()))
}

/// The same for `Option<Duration>`; add `#[serde(default)]` for keys that may be absent.
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Error, Serializer};

    /// Reads a duration, or nothing where the value is null.
    ///
    /// # Errors
    ///
    /// The text is no duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::super::read_duration(&text)).transpose().map_err(D::Error::custom)
    }

    /// Writes whole milliseconds, as text with its unit.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }
}
