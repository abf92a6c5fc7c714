//! `initialPosition`: where reading begins when no progress is kept.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// `initialPosition`, in each of the forms that the original's roles have: `LATEST`, `{ type = LATEST }`,
/// `{ AT_TIMESTAMP { timestamp = ... } }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(remote = "Self", default)]
pub struct InitialPosition {
    /// LATEST, what comes from now on; TRIM_HORIZON, the oldest record; AT_TIMESTAMP, what came since then. One of the first
    /// two may also stand without the braces.
    #[serde(rename = "type")]
    #[schemars(with = "String", example = &"TRIM_HORIZON")]
    pub kind: Option<PositionKind>,
    /// The time of AT_TIMESTAMP.
    #[schemars(example = &"2026-01-01T00:00:00Z")]
    pub timestamp: Option<String>,
    /// The same in the form of the Postgres loader and the S3 loader 2.x.
    #[serde(rename = "AT_TIMESTAMP")]
    pub at_timestamp: Option<AtTimestamp>,
}

/// `initialPosition.AT_TIMESTAMP`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct AtTimestamp {
    /// The time.
    #[schemars(example = &"2026-01-01T00:00:00Z")]
    pub timestamp: Option<String>,
}

/// `initialPosition.type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PositionKind {
    /// What comes from now on.
    #[serde(alias = "Latest")]
    Latest,
    /// The oldest record.
    #[serde(alias = "TrimHorizon")]
    TrimHorizon,
    /// What came since a time.
    #[serde(alias = "AtTimestamp")]
    AtTimestamp,
}

impl InitialPosition {
    /// What is set.
    pub fn kind(&self) -> Option<PositionKind> {
        if self.at_timestamp.is_some() { Some(PositionKind::AtTimestamp) } else { self.kind }
    }

    /// The time, as it was written.
    pub fn written_time(&self) -> Option<&str> {
        let at = self.at_timestamp.as_ref().and_then(|at| at.timestamp.as_deref());
        at.or(self.timestamp.as_deref())
    }

    /// The time, if it is one.
    pub fn time(&self) -> Option<Timestamp> {
        self.written_time()?.parse().ok()
    }

    /// Whether there is a time where one is needed, and it is one.
    pub fn has_fine_time(&self) -> bool {
        match self.kind() {
            Some(PositionKind::AtTimestamp) => self.time().is_some(),
            _ => self.written_time().is_none() || self.time().is_some(),
        }
    }
}

const KEYS: &[&str] = &["type", "timestamp", "AT_TIMESTAMP"];

impl<'de> Deserialize<'de> for InitialPosition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrKeys;

        impl<'de> Visitor<'de> for WordOrKeys {
            type Value = InitialPosition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("LATEST, TRIM_HORIZON or an object")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<InitialPosition, E> {
                let kind = match word.to_ascii_uppercase().as_str() {
                    "LATEST" => PositionKind::Latest,
                    "TRIM_HORIZON" => PositionKind::TrimHorizon,
                    _ => return Err(E::custom("no such place")),
                };
                Ok(InitialPosition { kind: Some(kind), ..InitialPosition::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, keys: A) -> Result<InitialPosition, A::Error> {
                InitialPosition::deserialize(MapAccessDeserializer::new(keys))
            }
        }

        deserializer.deserialize_struct("InitialPosition", KEYS, WordOrKeys)
    }
}

impl Serialize for InitialPosition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    #[derive(Debug, Deserialize)]
    struct Whole {
        at: InitialPosition,
    }

    #[test]
    fn all_forms_are_read() {
        let time = "2026-01-01T00:00:00Z";
        let at = format!("{{ AT_TIMESTAMP {{ timestamp = \"{time}\" }} }}");
        let typed = format!("{{ type = AtTimestamp, timestamp = \"{time}\" }}");
        let since = Some(PositionKind::AtTimestamp);
        for (text, kind, written) in [
            ("LATEST", Some(PositionKind::Latest), None),
            ("trim_horizon", Some(PositionKind::TrimHorizon), None),
            ("{ type = TrimHorizon }", Some(PositionKind::TrimHorizon), None),
            ("{ type = TRIM_HORIZON }", Some(PositionKind::TrimHorizon), None),
            ("{}", None, None),
            (&at, since, Some(time)),
            (&typed, since, Some(time)),
        ] {
            let loaded = load::<Whole>(&Sources::of_text("test", &format!("at = {text}")), None).expect(text);
            assert_eq!(loaded.unknown, [], "{text}");
            let position = loaded.config.at;
            assert_eq!((position.kind(), position.written_time()), (kind, written), "{text}");
            assert!(position.has_fine_time(), "{text}");
        }
        let error = load::<Whole>(&Sources::of_text("test", "at = SOMEWHERE"), None).unwrap_err();
        assert!(error.to_string().contains("SOMEWHERE"), "{error}");
        let late =
            InitialPosition { kind: since, timestamp: Some("late".into()), ..InitialPosition::default() };
        assert!(!late.has_fine_time());
    }
}
