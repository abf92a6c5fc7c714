//! `#[serde(with = "service::config::size")]`: `64 KiB`, `10 MB` as bytes in a `u64`; a bare number is bytes.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Reads a size in bytes.
///
/// # Errors
///
/// The text is no size.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    super::read_size(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Writes bytes, or MiB or GiB where they are whole.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    const UNITS: [(u64, &str); 2] = [(1 << 30, "GiB"), (1 << 20, "MiB")];
    match UNITS.iter().find(|(unit, _)| *bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => serializer.serialize_str(&format!("{} {name}", bytes / unit)),
        None => serializer.serialize_u64(*bytes),
    }
}

/// The same for `Option<u64>`; add `#[serde(default)]` for keys that may be absent.
pub mod option {
    use super::{Deserialize, Deserializer, Error, Serializer};

    /// Reads a size in bytes, or nothing where the value is null.
    ///
    /// # Errors
    ///
    /// The text is no size.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::super::read_size(&text)).transpose().map_err(D::Error::custom)
    }

    /// Writes bytes.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }
}
