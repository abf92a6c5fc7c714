//! Types of columns, and which one a leaf gets (`spec/iglu.md` 6.8).

use std::fmt;

use serde_json::Value;

use super::{
    flatten::Leaf,
    keywords::{Bound, Keywords},
};
use crate::syntax::Kind;

/// Longest `VARCHAR` that Postgres can declare.
const VARCHAR_MAX: u64 = 10_485_760;

/// What strings without `maxLength` get.
const VARCHAR_DEFAULT: u32 = 4096;

/// A type of Postgres. Printed as the original's DDL prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of Postgres")]
pub enum ColumnType {
    Varchar(Option<u32>),
    Char(u32),
    Text,
    SmallInt,
    Integer,
    BigInt,
    Real,
    Double,
    Numeric,
    Boolean,
    Uuid,
    Timestamp,
    TimestampTz,
    Date,
    Json,
    Jsonb,
    /// One that is never written, in the words of the catalog.
    Other(String),
}

impl ColumnType {
    /// Reads what the catalog's `format_type` prints.
    pub fn from_catalog(text: &str) -> Self {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => {
                let (number, tail) = rest.split_once(')').unwrap_or((rest, ""));
                (format!("{name}{tail}"), number.parse::<u32>().ok())
            }
            None => (text.to_owned(), None),
        };
        match (name.as_str(), argument) {
            ("character varying", length) => Self::Varchar(length),
            ("character", length) => Self::Char(length.unwrap_or(1)),
            ("text", _) => Self::Text,
            ("smallint", _) => Self::SmallInt,
            ("integer", _) => Self::Integer,
            ("bigint", _) => Self::BigInt,
            ("real", _) => Self::Real,
            ("double precision", _) => Self::Double,
            ("numeric", _) => Self::Numeric,
            ("boolean", _) => Self::Boolean,
            ("uuid", _) => Self::Uuid,
            ("timestamp without time zone", _) => Self::Timestamp,
            ("timestamp with time zone", _) => Self::TimestampTz,
            ("date", _) => Self::Date,
            ("json", _) => Self::Json,
            ("jsonb", _) => Self::Jsonb,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// The type of a leaf. First match wins.
    pub fn of(leaf: &Leaf<'_>) -> Self {
        let inferred = infer(leaf.keywords, leaf.not_null);
        // The value is an object or an array: numbers, dates and bounded texts could never hold it.
        if leaf.additional && inferred != Self::Varchar(Some(VARCHAR_DEFAULT)) {
            Self::Jsonb
        } else {
            inferred
        }
    }

    /// The longest text that the schema allows in the column; `None`: any.
    pub fn longest(leaf: &Leaf<'_>) -> Option<u32> {
        match Self::of(leaf) {
            Self::Char(n) => Some(n),
            Self::Varchar(length) => {
                let bounded = max_length(leaf.keywords).is_some() || leaf.keywords.members.is_some();
                length.filter(|_| bounded && !leaf.additional)
            }
            _ => None,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Varchar(Some(n)) => return write!(f, "VARCHAR({n})"),
            Self::Char(n) => return write!(f, "CHAR({n})"),
            Self::Other(name) => name,
            Self::Varchar(None) => "VARCHAR",
            Self::Text => "TEXT",
            Self::SmallInt => "SMALLINT",
            Self::Integer => "INTEGER",
            Self::BigInt => "BIGINT",
            Self::Real => "REAL",
            Self::Double => "DOUBLE PRECISION",
            Self::Numeric => "NUMERIC",
            Self::Boolean => "BOOLEAN",
            Self::Uuid => "UUID",
            Self::Timestamp => "TIMESTAMP",
            Self::TimestampTz => "TIMESTAMPTZ",
            Self::Date => "DATE",
            Self::Json => "JSON",
            Self::Jsonb => "JSONB",
        })
    }
}

fn infer(keywords: &Keywords, not_null: bool) -> ColumnType {
    let members: Option<Vec<&Value>> =
        keywords.members.as_ref().map(|all| all.iter().filter(|m| !m.is_null()).collect());
    if members.as_deref().is_some_and(is_mixed) {
        return ColumnType::Jsonb;
    }
    let kinds: Vec<Kind> = keywords.kinds().collect();
    let numbers = kinds.len() == 2 && kinds.iter().all(|k| matches!(k, Kind::Integer | Kind::Number));
    if kinds.contains(&Kind::Array) || (kinds.len() > 1 && !numbers) {
        return ColumnType::Jsonb;
    }
    let string = kinds == [Kind::String];
    match keywords.format.as_deref() {
        Some("date-time") if string => return ColumnType::Timestamp,
        Some("date") if string => return ColumnType::Date,
        _ => {}
    }
    if kinds == [Kind::Integer] {
        return match (keywords.maximum, &members) {
            (Some(Bound::LargeInteger), _) => ColumnType::BigInt,
            (Some(_), _) => ColumnType::Integer,
            (None, Some(members)) if integers(members, i64::from(i32::MIN), i64::from(i32::MAX)) => {
                ColumnType::Integer
            }
            (None, _) => ColumnType::BigInt,
        };
    }
    // An optional property without `type` counts as of type null in the original, so that only required ones get here.
    if keywords.types.is_none()
        && not_null
        && let Some(members) = &members
        && integers(members, i64::MIN, i64::MAX)
    {
        let small = integers(members, i64::from(i32::MIN), i64::from(i32::MAX));
        return if small { ColumnType::Integer } else { ColumnType::BigInt };
    }
    if keywords.integer_multiple {
        return ColumnType::Integer;
    }
    if kinds == [Kind::Number] || numbers {
        return ColumnType::Double;
    }
    if kinds == [Kind::Boolean] {
        return ColumnType::Boolean;
    }
    if string {
        return text(keywords, members.as_deref());
    }
    match members {
        Some(members) if keywords.kinds().next().is_none() => {
            longest_member(&members).map_or(ColumnType::Jsonb, |n| ColumnType::Varchar(Some(n)))
        }
        _ => ColumnType::Jsonb,
    }
}

fn text(keywords: &Keywords, members: Option<&[&Value]>) -> ColumnType {
    let max = max_length(keywords);
    if let (Some(min), Some(max)) = (keywords.min_length, max)
        && min == max
        && let Ok(n) = u32::try_from(max)
        && max <= VARCHAR_MAX
    {
        return ColumnType::Char(n);
    }
    if keywords.format.as_deref() == Some("uuid") {
        return ColumnType::Uuid;
    }
    match (max, members.and_then(longest_member)) {
        (Some(max), _) if max > VARCHAR_MAX => ColumnType::Varchar(None),
        (Some(max), _) => ColumnType::Varchar(u32::try_from(max).ok()),
        (None, Some(longest)) => ColumnType::Varchar(Some(longest)),
        (None, None) => ColumnType::Varchar(Some(VARCHAR_DEFAULT)),
    }
}

/// A bound of 0 would make a column that Postgres refuses.
fn max_length(keywords: &Keywords) -> Option<u64> {
    keywords.max_length.filter(|n| *n > 0)
}

/// Length of the longest member, in UTF-16 units, when all are strings.
fn longest_member(members: &[&Value]) -> Option<u32> {
    let lengths: Option<Vec<usize>> =
        members.iter().map(|m| Some(m.as_str()?.encode_utf16().count())).collect();
    let longest = lengths?.into_iter().max()?;
    u32::try_from(longest.max(1)).ok()
}

/// Members of two kinds; a boolean counts as a kind of its own and as one that is no number.
fn is_mixed(members: &[&Value]) -> bool {
    let numeric = members.iter().any(|m| m.is_number());
    let other = members.iter().any(|m| !m.is_number());
    let boolean = members.iter().any(|m| m.is_boolean());
    usize::from(numeric) + usize::from(other) + usize::from(boolean) > 1
}

fn integers(members: &[&Value], min: i64, max: i64) -> bool {
    !members.is_empty()
        && members.iter().all(|m| match m {
            Value::Number(n) => n.to_string().parse::<i64>().is_ok_and(|n| (min..=max).contains(&n)),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalog_names() {
        for (text, expect) in [
            ("character varying(255)", ColumnType::Varchar(Some(255))),
            ("character varying", ColumnType::Varchar(None)),
            ("character(2)", ColumnType::Char(2)),
            ("timestamp without time zone", ColumnType::Timestamp),
            ("timestamp(3) with time zone", ColumnType::TimestampTz),
            ("numeric(18,2)", ColumnType::Numeric),
            ("text[]", ColumnType::Other("text[]".into())),
            ("mood", ColumnType::Other("mood".into())),
        ] {
            assert_eq!(ColumnType::from_catalog(text), expect, "{text}");
        }
    }
}
