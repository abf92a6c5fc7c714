//! The binary format of COPY: a header, rows of fields with their lengths, a trailer.

use iglu::table::{cell::Cell, column::ColumnType};

use super::numeric;

/// What a COPY begins with: signature, flags, length of the extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What a COPY ends with.
pub const TRAILER: &[u8] = &[0xff, 0xff];

/// Seconds between 1970 and 2000, where Postgres counts from.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Timestamps that Postgres has: from 4713 BC up to 294276 AD, in microseconds since 2000.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

/// Dates that Postgres has, in days since 2000.
const DATES: std::ops::Range<i64> = -2_451_545..2_145_031_949;

/// Why a column cannot hold a value; printed as Postgres says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The text has more characters than the column takes.
    #[error("value too long for type {kind}({limit})")]
    TooLong {
        /// The type as Postgres calls it.
        kind: &'static str,
        /// Characters that it takes.
        limit: u32,
    },
    /// Postgres has no U+0000.
    #[error("invalid byte sequence for encoding \"UTF8\": 0x00")]
    Nul,
    /// No U+0000 in JSON columns either.
    #[error("unsupported Unicode escape sequence")]
    NulEscape,
    /// Beyond what the type can say.
    #[error("{0} out of range")]
    OutOfRange(&'static str),
    /// A type that the loader does not write.
    #[error("the column's type {0} cannot take this value")]
    Type(String),
}

/// Begins a row.
pub fn begin_row(fields: i16, out: &mut Vec<u8>) {
    out.extend_from_slice(&fields.to_be_bytes());
}

/// A null field.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// So many null fields.
pub fn nulls(count: usize, out: &mut Vec<u8>) {
    // The length -1, in any order of bytes.
    out.resize(out.len() + 4 * count, 0xff);
}

/// A field of type `ty`. When it does not fit, what was appended is to be cut off.
///
/// # Errors
/// The column cannot hold it.
pub fn field(cell: &Cell<'_>, ty: &ColumnType, out: &mut Vec<u8>) -> Result<(), Unfit> {
    use ColumnType as T;
    match (cell, ty) {
        (Cell::Null, _) => null(out),
        (Cell::Text(text), _) => self::text(text, ty, out)?,
        (Cell::Boolean(value), T::Boolean) => fixed(&[u8::from(*value)], out),
        (Cell::Integer(n), T::BigInt) => fixed(&n.to_be_bytes(), out),
        (Cell::Integer(n), T::Integer) => {
            fixed(&i32::try_from(*n).map_err(|_| Unfit::OutOfRange("integer"))?.to_be_bytes(), out);
        }
        (Cell::Integer(n), T::SmallInt) => {
            fixed(&i16::try_from(*n).map_err(|_| Unfit::OutOfRange("smallint"))?.to_be_bytes(), out);
        }
        #[expect(clippy::cast_precision_loss, reason = "the column keeps doubles")]
        (Cell::Integer(n), T::Double) => fixed(&(*n as f64).to_be_bytes(), out),
        (Cell::Integer(n), T::Numeric) => decimal(&n.to_string(), out)?,
        (Cell::Integer(n), T::Varchar(_) | T::Text | T::Char(_)) => self::text(&n.to_string(), ty, out)?,
        (Cell::Double(n), T::Double) => fixed(&n.to_be_bytes(), out),
        #[expect(clippy::cast_possible_truncation, reason = "the column keeps floats")]
        (Cell::Double(n), T::Real) => fixed(&(*n as f32).to_be_bytes(), out),
        (Cell::Double(n), T::Numeric) => decimal(&n.to_string(), out)?,
        (Cell::Decimal(text), T::Numeric) => decimal(text, out)?,
        (Cell::Json(json), T::Jsonb) => {
            let length = json.len() + 1;
            refuse_nul(json)?;
            out.extend_from_slice(&size(length)?.to_be_bytes());
            out.push(1);
            out.extend_from_slice(json.as_bytes());
        }
        (Cell::Json(json), T::Json) => {
            refuse_nul(json)?;
            sized(json.as_bytes(), out)?;
        }
        (Cell::Uuid(id), T::Uuid) => fixed(id, out),
        (Cell::Uuid(id), T::Varchar(_) | T::Text | T::Char(_)) => self::text(&hyphenated(*id), ty, out)?,
        (Cell::Timestamp(micros), T::Timestamp | T::TimestampTz) => {
            let since_2000 = micros
                .checked_sub(EPOCH_SECONDS * 1_000_000)
                .filter(|m| TIMESTAMPS.contains(m))
                .ok_or(Unfit::OutOfRange("timestamp"))?;
            fixed(&since_2000.to_be_bytes(), out);
        }
        (Cell::Date(days), T::Date) => {
            let since_2000 = days - EPOCH_SECONDS / 86_400;
            let in_range = Some(since_2000).filter(|d| DATES.contains(d)).and_then(|d| i32::try_from(d).ok());
            fixed(&in_range.ok_or(Unfit::OutOfRange("date"))?.to_be_bytes(), out);
        }
        (_, other) => return Err(Unfit::Type(other.to_string())),
    }
    Ok(())
}

/// Characters of `text` that a column counts: blanks at the end that do not fit are dropped by Postgres itself.
pub fn counted(text: &str, limit: u32) -> usize {
    let limit = limit as usize;
    if text.len() <= limit {
        return text.len();
    }
    let excess = text.char_indices().nth(limit).map_or("", |(at, _)| &text[at..]);
    if excess.bytes().all(|b| b == b' ') { limit } else { text.chars().count() }
}

fn text(text: &str, ty: &ColumnType, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let limit = match ty {
        ColumnType::Varchar(Some(limit)) => Some(("character varying", *limit)),
        ColumnType::Char(limit) => Some(("character", *limit)),
        ColumnType::Varchar(None) | ColumnType::Text => None,
        other => return Err(Unfit::Type(other.to_string())),
    };
    if let Some((kind, limit)) = limit
        && counted(text, limit) > limit as usize
    {
        return Err(Unfit::TooLong { kind, limit });
    }
    if text.as_bytes().contains(&0) {
        return Err(Unfit::Nul);
    }
    sized(text.as_bytes(), out)
}

fn refuse_nul(json: &str) -> Result<(), Unfit> {
    // An escaped backslash may stand before `u0000`; then there is an even number of them.
    for (at, _) in json.match_indices("\\u0000") {
        let backslashes = json[..=at].bytes().rev().take_while(|b| *b == b'\\').count();
        if backslashes % 2 == 1 {
            return Err(Unfit::NulEscape);
        }
    }
    Ok(())
}

fn decimal(text: &str, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    if !numeric::write(text, out) {
        return Err(Unfit::OutOfRange("numeric"));
    }
    let length = size(out.len() - start - 4)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn hyphenated(id: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(id));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Only for bytes of a known, small number.
fn fixed<const N: usize>(bytes: &[u8; N], out: &mut Vec<u8>) {
    out.extend_from_slice(&(N as i32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
    out.extend_from_slice(&size(bytes.len())?.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn size(bytes: usize) -> Result<i32, Unfit> {
    i32::try_from(bytes).map_err(|_| Unfit::OutOfRange("field"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &Cell<'_>, ty: &ColumnType, expect: Result<&[u8], Unfit>) {
        let mut out = Vec::new();
        let result = field(cell, ty, &mut out).map(|()| out);
        assert_eq!(result, expect.map(<[u8]>::to_vec), "{cell:?} {ty}");
    }

    #[test]
    fn fields() {
        check(&Cell::Null, &ColumnType::Uuid, Ok(&[255, 255, 255, 255]));
        check(&Cell::Boolean(true), &ColumnType::Boolean, Ok(&[0, 0, 0, 1, 1]));
        check(&Cell::Integer(-2), &ColumnType::Integer, Ok(&[0, 0, 0, 4, 255, 255, 255, 254]));
        check(&Cell::Integer(1 << 40), &ColumnType::Integer, Err(Unfit::OutOfRange("integer")));
        check(&Cell::Double(1.5), &ColumnType::Double, Ok(&[0, 0, 0, 8, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]));
        check(&Cell::Json("[]".into()), &ColumnType::Jsonb, Ok(b"\0\0\0\x03\x01[]"));
        check(
            &Cell::Timestamp(946_684_800_000_001),
            &ColumnType::Timestamp,
            Ok(&[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]),
        );
        check(
            &Cell::Timestamp(i64::MIN + (1 << 60)),
            &ColumnType::Timestamp,
            Err(Unfit::OutOfRange("timestamp")),
        );
        check(&Cell::Date(10_958), &ColumnType::Date, Ok(&[0, 0, 0, 4, 0, 0, 0, 1]));
        check(&Cell::Boolean(true), &ColumnType::Uuid, Err(Unfit::Type("UUID".into())));
    }

    #[test]
    fn texts_are_counted_in_characters() {
        let five = ColumnType::Varchar(Some(5));
        check(&Cell::Text("ééééé".into()), &five, Ok(b"\0\0\0\x0a\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
        let too_long = Unfit::TooLong { kind: "character varying", limit: 5 };
        check(&Cell::Text("éééééé".into()), &five, Err(too_long.clone()));
        check(&Cell::Text("abcdef".into()), &five, Err(too_long));
        check(&Cell::Text("abcde  ".into()), &five, Ok(b"\0\0\0\x07abcde  "));
        check(&Cell::Text("a\0".into()), &five, Err(Unfit::Nul));
    }

    #[test]
    fn json_without_nul() {
        check(&Cell::Json("\"\\u0000\"".into()), &ColumnType::Jsonb, Err(Unfit::NulEscape));
        check(&Cell::Json("\"\\\\u0000\"".into()), &ColumnType::Json, Ok(b"\0\0\0\x09\"\\\\u0000\""));
        check(&Cell::Json("\"\\\\\\u0000\"".into()), &ColumnType::Json, Err(Unfit::NulEscape));
    }

    #[test]
    fn a_uuid_in_a_text_column() {
        let id = 0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6_u128.to_be_bytes();
        check(&Cell::Uuid(id), &ColumnType::Text, Ok(b"\0\0\0\x24f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    }
}
