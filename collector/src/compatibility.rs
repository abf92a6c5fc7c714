//! The line of the original that is spoken where the two disagree (`spec/collector.md` 13).

use serde::{Deserialize, Deserializer, Serialize, de};

/// `collector.compatibility`: `"3"` (the default) or `"2"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Compatibility {
    /// The Apache line: collector 2.x and OpenSnowcat.
    #[serde(rename = "2")]
    V2,
    /// The current line: collector 3.x.
    #[default]
    #[serde(rename = "3")]
    V3,
}

impl Compatibility {
    /// Whether the Apache line is spoken.
    pub fn is_v2(self) -> bool {
        self == Self::V2
    }
}

impl<'de> Deserialize<'de> for Compatibility {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Compatibility;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"2\" (the Apache line) or \"3\" (the current line)")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Compatibility, E> {
                match text {
                    "2" => Ok(Compatibility::V2),
                    "3" => Ok(Compatibility::V3),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Compatibility, E> {
                self.visit_str(&n.to_string())
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Compatibility, E> {
                self.visit_str(&n.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
