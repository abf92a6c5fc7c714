//! Lengths of time as HOCON writes them: `10 seconds`, `365 days`, or a number of milliseconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timespan(pub Duration);

impl Timespan {
    /// So many seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }

    /// So many days.
    pub const fn days(n: u64) -> Self {
        Self(Duration::from_secs(n * 86_400))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let number: f64 = text[..unit_at].trim().parse().ok()?;
        let seconds = match &text[unit_at..] {
            "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1e-9,
            "us" | "micro" | "micros" | "microsecond" | "microseconds" => 1e-6,
            "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1e-3,
            "s" | "second" | "seconds" => 1.0,
            "m" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86_400.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(number * seconds).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Timespan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timespan;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a length of time such as `10 seconds`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timespan, E> {
                Timespan::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Timespan, E> {
                Ok(Timespan(Duration::from_millis(n)))
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Timespan, E> {
                u64::try_from(n)
                    .map(|n| Timespan(Duration::from_millis(n)))
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
