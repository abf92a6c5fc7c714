//! Types of columns, and which one a leaf gets (`spec/iglu.md` 6.4).

use std::fmt;

use event::json;
use serde_json::Value;

use crate::{
    syntax::{Kind, Syntax, number::Number},
    table::number::exact_integer,
};

/// What texts without a bound get.
const VARCHAR_DEFAULT: u32 = 4096;
/// What arrays get: all that a text column takes.
const VARCHAR_MAX: u32 = 65_535;
/// Most that the encoding for few values takes.
const FEW_VALUES_MAX: u32 = 255;

/// A type of Redshift. Printed as DDL has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of Redshift")]
pub enum ColumnType {
    Timestamp,
    Date,
    SmallInt,
    Int,
    BigInt,
    Double,
    /// Precision and scale; without them Redshift's own, 18 and 0.
    Decimal(Option<(u32, u32)>),
    Boolean,
    Varchar(u32),
    Char(u32),
}

/// A column of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Property names on the way to it in snake case, joined by dots.
    pub name: String,
    /// What it stores.
    pub ty: ColumnType,
    /// Whether it takes nulls.
    pub nullable: bool,
    /// The schema lists the values.
    pub listed: bool,
}

/// Which of the original's encodings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encodings {
    /// The loader's (schema-ddl 0.27).
    Loader,
    /// Those of igluctl 0.13, which has one of its own for short texts whose values are listed.
    Igluctl,
}

impl Column {
    /// `ENCODE ZSTD` and the like.
    pub fn encoding(&self, encodings: Encodings) -> &'static str {
        match self.ty {
            ColumnType::Varchar(n)
                if encodings == Encodings::Igluctl && self.listed && n <= FEW_VALUES_MAX =>
            {
                "ENCODE TEXT255"
            }
            ColumnType::Boolean => "ENCODE RUNLENGTH",
            ColumnType::Double => "ENCODE RAW",
            _ => "ENCODE ZSTD",
        }
    }
}

impl ColumnType {
    /// The type of a leaf whose types are `kinds` (null among them where it may be absent). First match wins.
    pub(super) fn of(leaf: &Syntax, kinds: Option<&[Kind]>) -> Self {
        infer(leaf, kinds).unwrap_or(Self::Varchar(VARCHAR_DEFAULT))
    }

    /// As the original's messages name it.
    pub(super) fn original_name(self) -> String {
        match self {
            Self::Timestamp => "RedshiftTimestamp".into(),
            Self::Date => "RedshiftDate".into(),
            Self::SmallInt => "RedshiftSmallInt".into(),
            Self::Int => "RedshiftInteger".into(),
            Self::BigInt => "RedshiftBigInt".into(),
            Self::Double => "RedshiftDouble".into(),
            Self::Decimal(None) => "RedshiftDecimal(None,None)".into(),
            Self::Decimal(Some((p, s))) => format!("RedshiftDecimal(Some({p}),Some({s}))"),
            Self::Boolean => "RedshiftBoolean".into(),
            Self::Varchar(n) => format!("RedshiftVarchar({n})"),
            Self::Char(n) => format!("RedshiftChar({n})"),
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timestamp => "TIMESTAMP",
            Self::Date => "DATE",
            Self::SmallInt => "SMALLINT",
            Self::Int => "INT",
            Self::BigInt => "BIGINT",
            Self::Double => "DOUBLE PRECISION",
            Self::Decimal(None) => "DECIMAL",
            Self::Decimal(Some((precision, scale))) => return write!(f, "DECIMAL ({precision}, {scale})"),
            Self::Boolean => "BOOLEAN",
            Self::Varchar(n) => return write!(f, "VARCHAR({n})"),
            Self::Char(n) => return write!(f, "CHAR({n})"),
        })
    }
}

/// Several types besides null, which no column takes; integers are numbers.
pub(super) fn is_union(kinds: &[Kind]) -> bool {
    let others: Vec<Kind> = kinds.iter().copied().filter(|kind| *kind != Kind::Null).collect();
    others.len() > 1 && !others.iter().all(|kind| matches!(kind, Kind::Integer | Kind::Number))
}

/// `None`: no rule says anything.
fn infer(leaf: &Syntax, kinds: Option<&[Kind]>) -> Option<ColumnType> {
    let members = leaf.members.as_deref();
    if let Some(members) = members.filter(|members| is_mixed(members)) {
        let longest = members.iter().filter(|m| !m.is_null()).map(|m| utf16(&json::to_compact(m))).max();
        return Some(ColumnType::Varchar(longest.unwrap_or(16)));
    }
    let others: Vec<Kind> =
        kinds.unwrap_or_default().iter().copied().filter(|kind| *kind != Kind::Null).collect();
    if is_union(&others) {
        let small = others.len() == 2 && others.contains(&Kind::Boolean) && others.contains(&Kind::Integer);
        return Some(ColumnType::Varchar(if small { 10 } else { VARCHAR_DEFAULT }));
    }
    let string = others == [Kind::String];
    let format = leaf.format.as_deref();
    match (string, format) {
        (true, Some("date-time")) => return Some(ColumnType::Timestamp),
        (true, Some("date")) => return Some(ColumnType::Date),
        _ if others == [Kind::Array] => return Some(ColumnType::Varchar(VARCHAR_MAX)),
        _ => {}
    }
    if let Some(integer) = integer(leaf, kinds.is_none(), &others) {
        return Some(integer);
    }
    let is_hundredth = |step: &Number| step.order(&Number::bound("0.01")).is_eq();
    if others == [Kind::Number] && leaf.multiple_of.as_ref().is_some_and(is_hundredth) {
        return Some(ColumnType::Decimal(Some((36, 2))));
    }
    if others == [Kind::Number] || others.len() == 2 {
        return Some(ColumnType::Double);
    }
    if others == [Kind::Boolean] {
        return Some(ColumnType::Boolean);
    }
    let bound = |length: &Option<Number>| length.as_ref().and_then(positive);
    if string {
        match (bound(&leaf.min_length), bound(&leaf.max_length), format) {
            (Some(min), Some(max), _) if min == max => return Some(ColumnType::Char(max)),
            (_, _, Some("uuid")) => return Some(ColumnType::Char(36)),
            (_, _, Some("ipv4")) => return Some(ColumnType::Varchar(15)),
            (_, _, Some("email")) => return Some(ColumnType::Varchar(255)),
            (_, Some(max), _) if members.is_none() => return Some(ColumnType::Varchar(max)),
            _ => {}
        }
    }
    let members = members?;
    let longest = members.iter().map(length_of).max()?.max(1);
    Some(if members.len() == 1 { ColumnType::Char(longest) } else { ColumnType::Varchar(longest) })
}

/// Rules 6a to 6e.
fn integer(leaf: &Syntax, is_untyped: bool, others: &[Kind]) -> Option<ColumnType> {
    let is_integer = others == [Kind::Integer];
    let by_maximum = |max: &Number| {
        if max.is_integer() { by_largest(&max.text()) } else { ColumnType::Decimal(None) }
    };
    match (&leaf.maximum, &leaf.members) {
        (Some(max), _) if is_integer => Some(by_maximum(max)),
        (_, Some(members)) if is_integer || is_untyped => {
            // One that is no integer, null among them, and the values say nothing.
            let values: Option<Vec<Number>> = members
                .iter()
                .map(|m| m.as_number().map(|n| Number::bound(n.as_str())).filter(Number::is_integer))
                .collect();
            values?.iter().max_by(|a, b| a.order(b)).map(|max| by_largest(&max.text()))
        }
        _ if is_integer => Some(ColumnType::BigInt),
        (max, _) if leaf.multiple_of.as_ref().is_some_and(Number::is_integer) => {
            Some(max.as_ref().map_or(ColumnType::Int, by_maximum))
        }
        _ => None,
    }
}

fn by_largest(integer: &str) -> ColumnType {
    let small = |max: i64| integer.starts_with('-') || exact_integer(integer).is_some_and(|n| n <= max);
    if small(i64::from(i16::MAX)) {
        ColumnType::SmallInt
    } else if small(i64::from(i32::MAX)) {
        ColumnType::Int
    } else {
        ColumnType::BigInt
    }
}

/// A bound of a text that a column can have: the original wraps what does not fit 32 bits, and takes zero.
fn positive(length: &Number) -> Option<u32> {
    length.text().parse().ok().filter(|n| (1..=i32::MAX as u32).contains(n))
}

/// Values of two kinds; a boolean counts as a kind of its own and as one that is no number.
fn is_mixed(members: &[Value]) -> bool {
    let there = |is: fn(&Value) -> bool| usize::from(members.iter().any(|m| !m.is_null() && is(m)));
    there(Value::is_number) + there(|m| !m.is_number()) + there(Value::is_boolean) > 1
}

fn length_of(member: &Value) -> u32 {
    match member {
        Value::Null => 0,
        Value::String(text) => utf16(text),
        other => utf16(&json::to_compact(other)),
    }
}

fn utf16(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}
