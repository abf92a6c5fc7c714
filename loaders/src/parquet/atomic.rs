//! The columns of atomic fields (`spec/loaders-and-leases.md` 2.1, 4.1, 4.2), from the one table of them.

use event::{
    atomic::{COUNT, FIELDS, Field, Kind},
    java_uuid, number,
    timestamp::AtomicTime,
};
use iglu::field::{self, FieldType, cast};

use super::builder::Builder;
use crate::line::tabs;

/// How amounts of money are stored.
pub(super) const MONEY: FieldType = FieldType::Decimal { precision: 18, scale: 2 };

/// The column of one atomic field.
pub(super) struct AtomicColumn {
    kind: Kind,
    is_money: bool,
    pub(super) builder: Builder,
}

/// All columns.
pub(super) struct AtomicColumns {
    /// In the order of the line. Columns of data are none.
    pub(super) all: Vec<AtomicColumn>,
    /// The place in `all` of each column of a line.
    places: [Option<u8>; COUNT],
    /// Those that a line must have, by their columns.
    required: u128,
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

impl AtomicColumns {
    /// Without values.
    pub(super) fn new() -> Self {
        let (mut all, mut places, mut required) = (Vec::new(), [None; COUNT], 0);
        for field in stored() {
            places[field as usize] = u8::try_from(all.len()).ok();
            if field.definition().required {
                required |= bit(field as usize);
            }
            all.push(AtomicColumn {
                kind: field.definition().kind,
                is_money: is_money(field),
                builder: Builder::new(&type_of(field)),
            });
        }
        Self { all, places, required }
    }

    /// Takes the fields of a line as row number `row`; only those that it has are touched. `false`: one is not of its kind, or
    /// missing where it must not be, or these are not 131 columns.
    pub(super) fn push(&mut self, line: &str, row: usize) -> bool {
        let (mut start, mut column, mut missing) = (0, 0, self.required);
        let are_right = tabs(line).chain([line.len()]).all(|tab| {
            if tab > start
                && let Some(place) = self.places.get(column).copied().flatten()
            {
                let here = &mut self.all[usize::from(place)];
                here.builder.fill(row);
                if !here.push(&line[start..tab]) {
                    return false;
                }
                missing &= !bit(column);
            }
            start = tab + 1;
            column += 1;
            true
        });
        are_right && column == COUNT && missing == 0
    }
}

impl AtomicColumn {
    /// Takes the field's text, which is not empty. `false`: it is not of the field's kind.
    fn push(&mut self, text: &str) -> bool {
        match self.kind {
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
            Kind::Float | Kind::Decimal if self.is_money => {
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

/// A column as a bit. The last columns have none; none of them is required.
fn bit(column: usize) -> u128 {
    u32::try_from(column).ok().and_then(|column| 1_u128.checked_shl(column)).unwrap_or_default()
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
