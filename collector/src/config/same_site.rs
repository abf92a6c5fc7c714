//! The `SameSite` attribute.

use serde::{Deserialize, Deserializer, Serialize, de};

/// Its three values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SameSite {
    /// Sent everywhere.
    None,
    /// Sent with top-level navigation.
    Lax,
    /// Sent to its own site alone.
    Strict,
}

impl SameSite {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Lax => "Lax",
            Self::Strict => "Strict",
        }
    }
}

impl<'de> Deserialize<'de> for SameSite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        [Self::None, Self::Lax, Self::Strict]
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(&text))
            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&text), &"None, Lax or Strict"))
    }
}
