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

/// Writes it with the largest unit that is whole, in full milliseconds.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&printed(*duration))
}

fn printed(duration: Duration) -> String {
    const UNITS: [(u128, &str); 4] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second")];
    let millis = duration.as_millis();
    let unit = UNITS.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    match unit.map(|(unit, name)| (millis / unit, name)) {
        None => format!("{millis} ms"),
        Some((1, name)) => format!("1 {name}"),
        Some((many, name)) => format!("{many} {name}s"),
    }
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

    /// Writes it as above.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_as_they_would_be_written() {
        let check = |millis: u64, expect: &str| {
            let duration = Duration::from_millis(millis);
            assert_eq!(printed(duration), expect);
            assert_eq!(super::super::read_duration(expect), Ok(duration), "{expect}");
        };
        check(0, "0 ms");
        check(1, "1 ms");
        check(1500, "1500 ms");
        check(1000, "1 second");
        check(610_000, "610 seconds");
        check(60_000, "1 minute");
        check(3_600_000, "1 hour");
        check(365 * 86_400_000, "365 days");
    }

    #[test]
    fn units_may_be_written_as_scala_has_them() {
        for (text, expect) in [("10 sec", 10), ("2 mins", 120), ("1 hr", 3600), ("3s", 3), ("4000", 4)] {
            assert_eq!(super::super::read_duration(text), Ok(Duration::from_secs(expect)), "{text}");
        }
        assert!(super::super::read_duration("1 fortnight").is_err());
    }
}
