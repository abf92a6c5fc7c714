//! A regular expression that must match a whole value.

use regex::bytes::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The compiled pattern. The empty text matches the empty value alone.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What the compiler says; look-around and back references, which Java knows, are not supported.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        Regex::new(&format!(r"(?s-u)\A(?:{text})\z"))
            .or_else(|_| Regex::new(&format!(r"(?s)\A(?:{text})\z")))
            .map(|regex| Self { text: text.to_owned(), regex })
    }

    /// Whether the whole value matches.
    pub fn matches(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self::new("").expect("the empty pattern compiles")
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(|e| de::Error::custom(format!("not a usable regular expression: {e}")))
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
