//! Values of PostgreSQL as JSON (`spec/enrichments-and-adapters.md` 2.20).

use std::{error::Error, fmt::Write as _};

use ::tokio_postgres::types::{FromSql, Kind, Type};
use event::json;
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::Value;

/// A value of a row.
#[derive(Debug)]
pub(super) struct Cell(pub(super) Value);

type Wrong = Box<dyn Error + Sync + Send>;

impl FromSql<'_> for Cell {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Wrong> {
        value(ty, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Wrong> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn value(ty: &Type, raw: &[u8]) -> Result<Value, Wrong> {
    Ok(match *ty {
        Type::BOOL => bool::from_sql(ty, raw)?.into(),
        Type::INT2 => i16::from_sql(ty, raw)?.into(),
        Type::INT4 => i32::from_sql(ty, raw)?.into(),
        Type::INT8 => i64::from_sql(ty, raw)?.into(),
        Type::OID => u32::from_sql(ty, raw)?.into(),
        Type::FLOAT4 => number(&event::number::float(f32::from_sql(ty, raw)?)),
        Type::FLOAT8 => number(&event::number::double(f64::from_sql(ty, raw)?)),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
            Value::String(String::from_utf8(raw.to_vec())?)
        }
        Type::DATE => match days(raw)? {
            Some(date) => Value::String(format!("{date}T00:00:00.000Z")),
            None => Value::String("infinity".to_owned()),
        },
        // What else there is counts as its text, and as JSON where that is some.
        _ => natural(text(ty, raw)?),
    })
}

/// A finite number, or its name as a text.
fn number(text: &str) -> Value {
    json::parse(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn natural(text: String) -> Value {
    json::parse(&text).unwrap_or(Value::String(text))
}

fn text(ty: &Type, raw: &[u8]) -> Result<String, Wrong> {
    if let Kind::Array(_) = ty.kind() {
        return array(ty, raw);
    }
    if let Kind::Domain(inner) = ty.kind() {
        return text(inner, raw);
    }
    if let Kind::Enum(_) = ty.kind() {
        return Ok(String::from_utf8(raw.to_vec())?);
    }
    Ok(match *ty {
        Type::NUMERIC => numeric(raw)?,
        Type::JSON | Type::XML => String::from_utf8(raw.to_vec())?,
        // The first byte is the version of the format.
        Type::JSONB => String::from_utf8(raw.get(1..).unwrap_or_default().to_vec())?,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => timestamp(i64::from_sql(&Type::INT8, raw)?)?,
        Type::TIME => time(i64::from_sql(&Type::INT8, raw)?),
        Type::UUID => uuid::Uuid::from_slice(raw)?.to_string(),
        Type::CHAR => raw.iter().map(|byte| char::from(*byte)).collect(),
        Type::BYTEA => {
            raw.iter().fold("\\x".to_owned(), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        }
        Type::BOOL
        | Type::INT2
        | Type::INT4
        | Type::INT8
        | Type::OID
        | Type::FLOAT4
        | Type::FLOAT8
        | Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::UNKNOWN
        | Type::DATE => match value(ty, raw)? {
            Value::String(text) => text,
            other => json::to_compact(&other),
        },
        _ => return Err("it is of a kind that nobody reads here".into()),
    })
}

/// `{a,b}` of a list. Other kinds of arrays are to be cast.
fn array(ty: &Type, raw: &[u8]) -> Result<String, Wrong> {
    let items = Vec::<Option<Item>>::from_sql(ty, raw)?;
    let mut text = "{".to_owned();
    for (n, item) in items.into_iter().enumerate() {
        text.push_str(if n > 0 { "," } else { "" });
        match item {
            None => text.push_str("NULL"),
            Some(Item(item)) if needs_quotes(&item) => {
                let _ = write!(text, "\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""));
            }
            Some(Item(item)) => text.push_str(&item),
        }
    }
    text.push('}');
    Ok(text)
}

fn needs_quotes(item: &str) -> bool {
    item.is_empty()
        || item.eq_ignore_ascii_case("null")
        || item.contains(|c: char| c.is_whitespace() || "{}\",\\".contains(c))
}

/// An element of an array, as text.
struct Item(String);

impl FromSql<'_> for Item {
    fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Wrong> {
        text(ty, raw).map(Self)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Groups of four decimal digits: their number, the exponent of the first, sign, digits behind the point, the groups.
fn numeric(raw: &[u8]) -> Result<String, Wrong> {
    let (groups, _) = raw.as_chunks::<2>();
    let word = |at: usize| groups.get(at).map(|pair| u16::from_be_bytes(*pair)).ok_or("a numeric is cut");
    let (count, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, word(3)?);
    match sign {
        0xC000 => return Ok("NaN".to_owned()),
        0xD000 => return Ok("Infinity".to_owned()),
        0xF000 => return Ok("-Infinity".to_owned()),
        _ => {}
    }
    let group = |exponent: i32| {
        let at = i32::from(weight) - exponent;
        if (0..i32::from(count)).contains(&at) { word(4 + at as usize) } else { Ok(0) }
    };
    let mut text = String::new();
    for exponent in (0..=i32::from(weight).max(0)).rev() {
        let _ = write!(text, "{:04}", group(exponent)?);
    }
    let whole = text.trim_start_matches('0');
    let mut out = if sign == 0x4000 { "-".to_owned() } else { String::new() };
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut fraction = String::new();
        for n in 1..=i32::from(scale.div_ceil(4)) {
            let _ = write!(fraction, "{:04}", group(-n)?);
        }
        out.push('.');
        out.push_str(&fraction[..usize::from(scale)]);
    }
    Ok(out)
}

/// `None`: before or after all days.
fn days(raw: &[u8]) -> Result<Option<Date>, Wrong> {
    let days = i32::from_sql(&Type::INT4, raw)?;
    let first = Date::constant(2000, 1, 1);
    Ok(first.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok())
}

/// As `java.sql.Timestamp` prints it, in UTC, of microseconds since 2000.
fn timestamp(micros: i64) -> Result<String, Wrong> {
    const SINCE_1970: i64 = 946_684_800_000_000;
    if micros == i64::MAX {
        return Ok("infinity".to_owned());
    }
    if micros == i64::MIN {
        return Ok("-infinity".to_owned());
    }
    let moment = Timestamp::from_microsecond(micros.saturating_add(SINCE_1970))?;
    let (whole, fraction) = (moment.strftime("%Y-%m-%d %H:%M:%S"), moment.subsec_microsecond());
    let digits = format!("{fraction:06}");
    let digits = digits.trim_end_matches('0');
    Ok(format!("{whole}.{}", if digits.is_empty() { "0" } else { digits }))
}

/// As `java.sql.Time` prints it.
fn time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
