//! The columns of atomic fields (`spec/loaders-and-leases.md` 2.1, 4.1, 4.2), from the one table of them.

use event::{
    atomic::{FIELDS, Field, Kind},
    java_uuid, number,
    timestamp::AtomicTime,
};
use iglu::field::{self, FieldType, cast};

use super::builder::Builder;
use crate::postgres::line::Line;

/// How amounts of money are stored.
pub(super) const MONEY: FieldType = FieldType::Decimal { precision: 18, scale: 2 };

/// The column of one atomic field.
pub(super) struct AtomicColumn {
    pub(super) field: Field,
    pub(super) builder: Builder,
}

/// All columns, in the order of the line. Columns of data are none.
pub(super) fn columns() -> Vec<AtomicColumn> {
    stored().map(|field| AtomicColumn { field, builder: Builder::new(&type_of(field)) }).collect()
}

/// What they are called and store.
pub(super) fn fields() -> impl Iterator<Item = field::Field> {
    stored().map(|field| {
        let definition = field.definition();
        let accessors = vec![definition.name.to_owned()];
        let (name, ty) = (definition.name.to_owned(), type_of(field));
        field::Field { name, ty, nullable: !definition.required, accessors }
    })
}

/// Whether the field is an amount of money.
pub(super) fn is_money(field: Field) -> bool {
    field.definition().redshift == "dec(18,2)"
}

fn stored() -> impl Iterator<Item = Field> {
    FIELDS.into_iter().filter(|field| field.definition().kind != Kind::Json)
}

fn type_of(field: Field) -> FieldType {
    match field.definition().kind {
        Kind::Text | Kind::Uuid | Kind::Json => FieldType::String,
        Kind::Int => FieldType::Integer,
        Kind::Bool => FieldType::Boolean,
        Kind::Float | Kind::Decimal if is_money(field) => MONEY,
        Kind::Float | Kind::Decimal => FieldType::Double,
        Kind::Timestamp => FieldType::Timestamp,
    }
}

impl AtomicColumn {
    /// Takes the field's text. `false`: it is not of the field's kind, or missing where it must not be.
    pub(super) fn push(&mut self, line: &Line<'_>) -> bool {
        let text = line.get(self.field);
        let definition = self.field.definition();
        if text.is_empty() {
            self.builder.push_null();
            return !definition.required;
        }
        match definition.kind {
            Kind::Text | Kind::Json => {
                self.builder.push_text(text);
                true
            }
            Kind::Uuid if is_canonical(text) => {
                self.builder.push_text(text);
                true
            }
            Kind::Uuid => {
                java_uuid::parse_lenient(text).map(|uuid| self.builder.push_text(&uuid.to_string())).is_some()
            }
            Kind::Int => text.parse().map(|value| self.builder.push_int(value)).is_ok(),
            Kind::Bool => match text {
                "0" | "1" => {
                    self.builder.push_boolean(text == "1");
                    true
                }
                _ => false,
            },
            Kind::Float | Kind::Decimal if is_money(self.field) => {
                money(text).map(|value| self.builder.push_decimal(value)).is_some()
            }
            Kind::Float | Kind::Decimal => {
                number::parse_double(text).map(|value| self.builder.push_double(value)).is_some()
            }
            Kind::Timestamp => {
                text.parse().map(|time: AtomicTime| self.builder.push_long(time.as_micros())).is_ok()
            }
        }
    }
}

/// Hundredths, of a number that is exact to them as a double.
pub(super) fn money(text: &str) -> Option<i128> {
    let value = number::parse_double(text)?;
    if !value.is_finite() {
        return None;
    }
    cast::decimal(&value.to_string(), 18, 2)
}

fn is_canonical(uuid: &str) -> bool {
    uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, expect) in [
            ("1.5", Some(150)),
            ("-0.01", Some(-1)),
            ("1e2", Some(10_000)),
            ("1.005", None),
            ("9999999999999.99", Some(999_999_999_999_999)),
            ("1e16", None),
            ("NaN", None),
            ("-Infinity", None),
            ("x", None),
        ] {
            assert_eq!(money(text), expect, "{text}");
        }
    }

    #[test]
    fn there_are_128_columns_of_which_four_are_required() {
        let fields: Vec<field::Field> = fields().collect();
        let required: Vec<&str> =
            fields.iter().filter(|field| !field.nullable).map(|field| field.name.as_str()).collect();
        assert_eq!(
            (fields.len(), required),
            (128, vec!["collector_tstamp", "event_id", "v_collector", "v_etl"])
        );
        let count = |ty: &FieldType| fields.iter().filter(|field| field.ty == *ty).count();
        assert_eq!((count(&MONEY), count(&FieldType::Double), count(&FieldType::Timestamp)), (8, 3, 7));
    }
}
