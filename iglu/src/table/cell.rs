//! A value of the data -> what a column stores (`spec/iglu.md` 6.8). Values stay JSON texts until here: most are copied as they
//! stand.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    column::ColumnType,
    instant::{Instant, parse_date},
    number::exact_integer,
    uuid::java_uuid,
};

/// What a column stores.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Cell<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    /// A number of any precision, in the text of JSON.
    Decimal(&'a str),
    Text(Cow<'a, str>),
    /// A JSON text.
    Json(Cow<'a, str>),
    Uuid([u8; 16]),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Days since 1970.
    Date(i64),
}

/// The value is none of the column's type; the message is the original's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrongType(pub String);

impl<'a> Cell<'a> {
    /// Casts a JSON text (a valid one, without white space around) to what a column of type `ty` stores.
    ///
    /// # Errors
    /// The value is not of the column's type.
    pub fn cast(json: &'a str, ty: &ColumnType) -> Result<Self, WrongType> {
        if json == "null" {
            return Ok(Self::Null);
        }
        let cell = match ty {
            ColumnType::Jsonb | ColumnType::Json => Some(Self::Json(Cow::Borrowed(json))),
            ColumnType::Varchar(_) | ColumnType::Text => {
                Some(Self::Text(string(json).unwrap_or_else(|| compact(json))))
            }
            ColumnType::Char(n) => {
                string(json).filter(|s| u32::try_from(s.encode_utf16().count()) == Ok(*n)).map(Self::Text)
            }
            ColumnType::SmallInt => integer(json, i64::from(i16::MIN), i64::from(i16::MAX)),
            ColumnType::Integer => integer(json, i64::from(i32::MIN), i64::from(i32::MAX)),
            ColumnType::BigInt => integer(json, i64::MIN, i64::MAX),
            ColumnType::Double | ColumnType::Real if is_number(json) => json.parse().ok().map(Self::Double),
            ColumnType::Numeric if is_number(json) => Some(Self::Decimal(json)),
            ColumnType::Boolean => match json {
                "true" => Some(Self::Boolean(true)),
                "false" => Some(Self::Boolean(false)),
                _ => None,
            },
            ColumnType::Uuid => string(json).and_then(|s| java_uuid(&s)).map(Self::Uuid),
            ColumnType::Date => string(json).and_then(|s| parse_date(&s)).map(Self::Date),
            ColumnType::Timestamp | ColumnType::TimestampTz => match string(json) {
                None => None,
                Some(text) => {
                    let instant = Instant::parse(&text).map_err(|e| WrongType(e.message(&text)))?;
                    instant.to_micros().map(Self::Timestamp)
                }
            },
            ColumnType::Double | ColumnType::Real | ColumnType::Numeric | ColumnType::Other(_) => None,
        };
        cell.ok_or_else(|| WrongType::of(json, ty))
    }

    /// The same as the original casts it: nothing is a date, and moments end in `Z` (`spec/loaders-and-leases.md` 3.4).
    ///
    /// # Errors
    /// As [`Cell::cast`].
    pub fn cast_strictly(json: &'a str, ty: &ColumnType) -> Result<Self, WrongType> {
        match ty {
            ColumnType::Date if json != "null" => Err(WrongType::of(json, ty)),
            ColumnType::Timestamp | ColumnType::TimestampTz => {
                let text = string(json).unwrap_or_default();
                match text.rfind(['+', '-']).filter(|at| text[..*at].contains(['T', 't'])) {
                    Some(at) => Err(WrongType(format!("Text '{text}' could not be parsed at index {at}"))),
                    None => Self::cast(json, ty),
                }
            }
            _ => Self::cast(json, ty),
        }
    }
}

impl WrongType {
    fn of(json: &str, ty: &ColumnType) -> Self {
        Self(format!("Invalid type {ty} for value Some({})", spaced(json)))
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

fn integer<'a>(json: &str, min: i64, max: i64) -> Option<Cell<'a>> {
    if !is_number(json) {
        return None;
    }
    exact_integer(json).filter(|n| (min..=max).contains(n)).map(Cell::Integer)
}

/// The string that a JSON text is; `None` when it is something else.
fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Without white space, escapes as the pipeline prints them.
fn compact(json: &str) -> Cow<'_, str> {
    if json.bytes().any(|b| b.is_ascii_whitespace() || b == b'\\')
        && let Ok(value) = serde_json::from_str::<Value>(json)
    {
        return Cow::Owned(event::json::to_compact(&value));
    }
    Cow::Borrowed(json)
}

/// The JSON as the original's messages show it: two spaces a level.
fn spaced(json: &str) -> String {
    match serde_json::from_str::<Value>(json) {
        Ok(value) => crate::spaced::spaced(&value),
        Err(_) => json.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strictly_as_the_original() {
        let check = |json: &str, ty: &ColumnType, expect: Result<(), &str>| {
            let cast = Cell::cast_strictly(json, ty);
            assert_eq!(cast.as_ref().map(|_| ()).map_err(|e| e.0.as_str()), expect, "{json}");
            assert!(json == "null" || Cell::cast(json, ty).is_ok(), "{json}");
        };
        check("\"2024-01-01\"", &ColumnType::Date, Err("Invalid type DATE for value Some(\"2024-01-01\")"));
        check("null", &ColumnType::Date, Ok(()));
        check("\"2024-01-01T00:00:00Z\"", &ColumnType::Timestamp, Ok(()));
        let offset = "Text '2024-01-01T00:00:00+01:00' could not be parsed at index 19";
        check("\"2024-01-01T00:00:00+01:00\"", &ColumnType::Timestamp, Err(offset));
        check("7", &ColumnType::BigInt, Ok(()));
    }
}
