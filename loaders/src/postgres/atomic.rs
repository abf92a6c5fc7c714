//! The columns of `events`.

use event::atomic::{Field, Kind};
use iglu::table::{
    cell::Cell,
    column::ColumnType,
    instant::Instant,
    number::{java_double, java_int},
    uuid::java_uuid,
};

/// Name of the table.
pub const EVENTS: &str = "events";

/// The columns of a new table: name, type, not null (`spec/loaders-and-leases.md` 2.2).
pub fn columns() -> Vec<(String, ColumnType, bool)> {
    event::atomic::FIELDS
        .iter()
        .filter_map(|field| {
            let definition = field.definition();
            let ty = column_type(definition.postgres?);
            Some((definition.name.to_owned(), ty, definition.required))
        })
        .collect()
}

/// The field's value; `None`: its text is not of its kind (`spec/loaders-and-leases.md` 2.1). `text` is not empty.
pub fn cell(field: Field, text: &str) -> Option<Cell<'_>> {
    match field.definition().kind {
        Kind::Text | Kind::Json => Some(Cell::Text(text.into())),
        Kind::Uuid => java_uuid(text).map(Cell::Uuid),
        Kind::Int => java_int(text).map(|n| Cell::Integer(n.into())),
        Kind::Bool => match text {
            "0" => Some(Cell::Boolean(false)),
            "1" => Some(Cell::Boolean(true)),
            _ => None,
        },
        // What is no number is nothing, as in the original; -0 is 0.
        Kind::Float | Kind::Decimal => {
            java_double(text).map(|n| if n.is_finite() { Cell::Double(n + 0.0) } else { Cell::Null })
        }
        Kind::Timestamp => Instant::parse_column(text)?.to_micros().map(Cell::Timestamp),
    }
}

/// The same as the original stores it: texts end after 1024 UTF-16 units (`spec/loaders-and-leases.md` 3.5).
pub fn strict_cell(field: Field, text: &str) -> Option<Cell<'_>> {
    match field.definition().kind {
        Kind::Text | Kind::Json => Some(Cell::Text(cut(text, 1024).into())),
        _ => cell(field, text),
    }
}

/// The first `units` UTF-16 units of a text; a character of two units is never halved.
fn cut(text: &str, units: usize) -> &str {
    if text.len() <= units {
        return text;
    }
    let mut left = units;
    let end = text.char_indices().find(|(_, c)| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// The types of the table of fields, in the words of the catalog of Postgres.
fn column_type(name: &str) -> ColumnType {
    let (word, length) = match name.split_once('(') {
        Some((word, rest)) => (word, rest.strip_suffix(')').and_then(|n| n.parse().ok())),
        None => (name, None),
    };
    match word {
        "varchar" => ColumnType::Varchar(length),
        "char" => ColumnType::Char(length.unwrap_or(1)),
        "timestamp" => ColumnType::Timestamp,
        "double" => ColumnType::Double,
        "bool" => ColumnType::Boolean,
        other => ColumnType::from_catalog(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_table_has_128_columns_of_known_types() {
        let columns = columns();
        assert_eq!(columns.len(), 128);
        let strange: Vec<_> =
            columns.iter().filter(|(_, ty, _)| matches!(ty, ColumnType::Other(_))).collect();
        assert!(strange.is_empty(), "{strange:?}");
        let required: Vec<&str> =
            columns.iter().filter(|(.., r)| *r).map(|(name, ..)| name.as_str()).collect();
        assert_eq!(required, ["collector_tstamp", "event_id", "v_collector", "v_etl"]);
    }

    #[test]
    fn strictly_texts_are_cut_as_java_counts() {
        for (text, left) in [("a".repeat(1024), 1024), ("a".repeat(1025), 1024), ("é".repeat(1030), 2048)] {
            assert_eq!(cut(&text, 1024).len(), left);
        }
        assert_eq!(cut("a😀b", 2), "a");
        assert_eq!(cut("a😀b", 3), "a😀");
        assert_eq!(strict_cell(Field::TxnId, "7"), Some(Cell::Integer(7)));
    }

    #[test]
    fn cells() {
        for (field, text, expect) in [
            (Field::AppId, "x", Some(Cell::Text("x".into()))),
            (Field::TxnId, "-1", Some(Cell::Integer(-1))),
            (Field::TxnId, "2147483648", None),
            (Field::BrCookies, "true", None),
            (Field::SeValue, "NaN", Some(Cell::Null)),
            (Field::SeValue, "-0", Some(Cell::Double(0.0))),
            (Field::SeValue, "abc", None),
            (Field::EtlTstamp, "1970-01-01 00:00:00.001", Some(Cell::Timestamp(1000))),
            (Field::EtlTstamp, "yesterday", None),
            (Field::EventId, "x", None),
        ] {
            assert_eq!(cell(field, text), expect, "{text}");
        }
    }
}
