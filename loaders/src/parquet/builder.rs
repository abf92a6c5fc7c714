//! A column under construction. Values come as JSON texts and are cast on the way in; a row that turns out to be wrong in its
//! middle is cut off again.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, ListArray,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, FieldRef, TimeUnit};
use event::json;
use iglu::field::{Field, FieldType, cast};

use super::members::{Members, each_element};

/// Values of the keys of one object, by place.
pub(super) type Scratch<'a> = Vec<Option<&'a str>>;

/// Values of one field.
pub(super) struct Builder {
    ty: FieldType,
    valid: Validity,
    data: Data,
}

/// Which values are none.
struct Validity {
    bits: BooleanBufferBuilder,
    /// Values behind these bits: most columns are empty or full.
    run: usize,
}

enum Data {
    Text { bytes: Vec<u8>, ends: Vec<i32> },
    Boolean(BooleanBufferBuilder),
    Int(Vec<i32>),
    Long(Vec<i64>),
    Double(Vec<f64>),
    Decimal(Vec<i128>),
    Struct(Members),
    List { ends: Vec<i32>, element: Box<Builder>, nullable: bool },
}

/// The name of what stands in an array.
const ELEMENT: &str = "element";

/// The Arrow type of a field.
pub(super) fn data_type(ty: &FieldType) -> DataType {
    match ty {
        FieldType::String | FieldType::Json => DataType::Utf8,
        FieldType::Boolean => DataType::Boolean,
        FieldType::Integer => DataType::Int32,
        FieldType::Long => DataType::Int64,
        FieldType::Double => DataType::Float64,
        FieldType::Decimal { precision, scale } => {
            DataType::Decimal128(*precision, i8::try_from(*scale).expect("38 at most"))
        }
        FieldType::Date => DataType::Date32,
        FieldType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        FieldType::Struct(fields) => DataType::Struct(fields.iter().map(arrow_field).collect()),
        FieldType::Array { element, nullable } => DataType::List(element_field(element, *nullable)),
    }
}

/// The Arrow field of a field.
pub(super) fn arrow_field(field: &Field) -> FieldRef {
    Arc::new(arrow_schema::Field::new(&field.name, data_type(&field.ty), field.nullable))
}

fn element_field(element: &FieldType, nullable: bool) -> FieldRef {
    Arc::new(arrow_schema::Field::new(ELEMENT, data_type(element), nullable))
}

impl Validity {
    fn new() -> Self {
        Self { bits: BooleanBufferBuilder::new(0), run: 0 }
    }

    fn len(&self) -> usize {
        self.bits.len() + self.run
    }

    fn push_values(&mut self, count: usize) {
        self.run += count;
    }

    fn push_nulls(&mut self, count: usize) {
        self.write_run();
        self.bits.append_n(count, false);
    }

    fn truncate(&mut self, length: usize) {
        self.run = self.run.min(length.saturating_sub(self.bits.len()));
        self.bits.truncate(length);
    }

    /// Takes it out; `None`: there are only values.
    fn finish(&mut self) -> Option<NullBuffer> {
        if self.bits.is_empty() {
            self.run = 0;
            return None;
        }
        self.write_run();
        Some(NullBuffer::new(self.bits.finish())).filter(|nulls| nulls.null_count() > 0)
    }

    fn write_run(&mut self) {
        self.bits.append_n(std::mem::take(&mut self.run), true);
    }
}

impl Builder {
    pub(super) fn new(ty: &FieldType) -> Self {
        let data = match ty {
            FieldType::String | FieldType::Json => Data::Text { bytes: Vec::new(), ends: vec![0] },
            FieldType::Boolean => Data::Boolean(BooleanBufferBuilder::new(0)),
            FieldType::Integer | FieldType::Date => Data::Int(Vec::new()),
            FieldType::Long | FieldType::Timestamp => Data::Long(Vec::new()),
            FieldType::Double => Data::Double(Vec::new()),
            FieldType::Decimal { .. } => Data::Decimal(Vec::new()),
            FieldType::Struct(fields) => Data::Struct(Members::new(fields)),
            FieldType::Array { element, nullable } => {
                Data::List { ends: vec![0], element: Box::new(Self::new(element)), nullable: *nullable }
            }
        };
        Self { ty: ty.clone(), valid: Validity::new(), data }
    }

    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    pub(super) fn push_null(&mut self) {
        self.fill(self.len() + 1);
    }

    /// Adds nulls until there are so many values.
    pub(super) fn fill(&mut self, length: usize) {
        let missing = length.saturating_sub(self.len());
        if missing == 0 {
            return;
        }
        self.valid.push_nulls(missing);
        match &mut self.data {
            Data::Text { ends, .. } | Data::List { ends, .. } => {
                ends.resize(length + 1, ends.last().copied().unwrap_or_default());
            }
            Data::Boolean(values) => values.append_n(missing, false),
            Data::Int(values) => values.resize(length, 0),
            Data::Long(values) => values.resize(length, 0),
            Data::Double(values) => values.resize(length, 0.0),
            Data::Decimal(values) => values.resize(length, 0),
            Data::Struct(members) => members.fill(length),
        }
    }

    pub(super) fn push_text(&mut self, text: &str) {
        if let Data::Text { bytes, ends } = &mut self.data {
            bytes.extend_from_slice(text.as_bytes());
            ends.push(end(bytes.len()));
            self.valid.push_values(1);
        }
    }

    pub(super) fn push_boolean(&mut self, value: bool) {
        if let Data::Boolean(values) = &mut self.data {
            values.append(value);
            self.valid.push_values(1);
        }
    }

    pub(super) fn push_int(&mut self, value: i32) {
        if let Data::Int(values) = &mut self.data {
            values.push(value);
            self.valid.push_values(1);
        }
    }

    pub(super) fn push_long(&mut self, value: i64) {
        if let Data::Long(values) = &mut self.data {
            values.push(value);
            self.valid.push_values(1);
        }
    }

    pub(super) fn push_double(&mut self, value: f64) {
        if let Data::Double(values) = &mut self.data {
            values.push(value);
            self.valid.push_values(1);
        }
    }

    pub(super) fn push_decimal(&mut self, value: i128) {
        if let Data::Decimal(values) = &mut self.data {
            values.push(value);
            self.valid.push_values(1);
        }
    }

    /// Casts a JSON text to a value of this column. `false`: it is none, and the column is to be cut to its length before.
    pub(super) fn push<'a>(&mut self, json: &'a str, nullable: bool, scratch: &mut Scratch<'a>) -> bool {
        if json == "null" && nullable {
            self.push_null();
            return true;
        }
        match &self.ty {
            FieldType::Json => push_json(self, json),
            FieldType::String => cast::string(json).map(|text| self.push_text(&text)).is_some(),
            FieldType::Boolean => cast::boolean(json).map(|value| self.push_boolean(value)).is_some(),
            FieldType::Integer => cast::integer(json).map(|value| self.push_int(value)).is_some(),
            FieldType::Long => cast::long(json).map(|value| self.push_long(value)).is_some(),
            FieldType::Double => cast::double(json).map(|value| self.push_double(value)).is_some(),
            FieldType::Decimal { precision, scale } => {
                cast::decimal(json, *precision, *scale).map(|value| self.push_decimal(value)).is_some()
            }
            FieldType::Date => cast::date(json).map(|days| self.push_int(days)).is_some(),
            FieldType::Timestamp => cast::timestamp(json).map(|micros| self.push_long(micros)).is_some(),
            FieldType::Struct(_) => self.push_object(json, None, scratch),
            FieldType::Array { .. } => self.push_array(json, scratch),
        }
    }

    /// An object, and the version that its first field tells.
    fn push_object<'a>(&mut self, json: &'a str, version: Option<&str>, scratch: &mut Scratch<'a>) -> bool {
        let Data::Struct(members) = &mut self.data else { return false };
        let is_right = members.push(json, version, scratch);
        if is_right {
            self.valid.push_values(1);
        }
        is_right
    }

    fn push_array<'a>(&mut self, json: &'a str, scratch: &mut Scratch<'a>) -> bool {
        let Data::List { ends, element, nullable } = &mut self.data else { return false };
        if !each_element(json, |item| element.push(item, *nullable, scratch)) {
            return false;
        }
        ends.push(end(element.len()));
        self.valid.push_values(1);
        true
    }

    /// Adds an element to the array that [`Self::close_list`] closes.
    pub(super) fn push_element<'a>(
        &mut self,
        json: &'a str,
        version: &str,
        scratch: &mut Scratch<'a>,
    ) -> bool {
        let Data::List { element, nullable, .. } = &mut self.data else { return false };
        match element.ty {
            FieldType::Struct(_) if json != "null" => element.push_object(json, Some(version), scratch),
            _ => element.push(json, *nullable, scratch),
        }
    }

    /// Makes the elements since the last array the array of row number `row`, if there are any.
    pub(super) fn close_list(&mut self, row: usize) {
        self.fill(row);
        if let Data::List { ends, element, .. } = &mut self.data {
            let end = end(element.len());
            if ends.last() != Some(&end) {
                self.valid.push_values(1);
                ends.push(end);
            }
        }
    }

    /// Adds a whole number until there are so many values.
    pub(super) fn fill_long(&mut self, value: i64, length: usize) {
        let missing = length.saturating_sub(self.len());
        if let Data::Long(values) = &mut self.data {
            values.resize(length, value);
            self.valid.push_values(missing);
        }
    }

    /// Cuts the column to its first `length` values.
    pub(super) fn truncate(&mut self, length: usize) {
        self.valid.truncate(length);
        match &mut self.data {
            Data::Text { bytes, ends } => {
                ends.truncate(length + 1);
                bytes.truncate(ends.last().map_or(0, |end| *end as usize));
            }
            Data::List { ends, element, .. } => {
                ends.truncate(length + 1);
                element.truncate(ends.last().map_or(0, |end| *end as usize));
            }
            Data::Boolean(values) => values.truncate(length),
            Data::Int(values) => values.truncate(length),
            Data::Long(values) => values.truncate(length),
            Data::Double(values) => values.truncate(length),
            Data::Decimal(values) => values.truncate(length),
            Data::Struct(members) => members.truncate(length),
        }
    }

    /// Takes the values out.
    pub(super) fn finish(&mut self) -> ArrayRef {
        let length = self.len();
        let nulls = self.valid.finish();
        let right = "values, offsets and validity are kept in step";
        match &mut self.data {
            Data::Text { bytes, ends } => {
                let (offsets, values) = (take_ends(ends), Buffer::from_vec(std::mem::take(bytes)));
                Arc::new(StringArray::try_new(offsets, values, nulls).expect(right))
            }
            Data::Boolean(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Data::Int(values) => {
                let values = ScalarBuffer::from(std::mem::take(values));
                match self.ty {
                    FieldType::Date => Arc::new(Date32Array::new(values, nulls)),
                    _ => Arc::new(Int32Array::new(values, nulls)),
                }
            }
            Data::Long(values) => {
                let values = ScalarBuffer::from(std::mem::take(values));
                match self.ty {
                    FieldType::Timestamp => {
                        Arc::new(TimestampMicrosecondArray::new(values, nulls).with_timezone("UTC"))
                    }
                    _ => Arc::new(Int64Array::new(values, nulls)),
                }
            }
            Data::Double(values) => {
                Arc::new(Float64Array::new(ScalarBuffer::from(std::mem::take(values)), nulls))
            }
            Data::Decimal(values) => {
                let values = Decimal128Array::new(ScalarBuffer::from(std::mem::take(values)), nulls);
                Arc::new(values.with_data_type(data_type(&self.ty)))
            }
            Data::Struct(members) => {
                let DataType::Struct(fields) = data_type(&self.ty) else { unreachable!("a struct's type") };
                Arc::new(
                    StructArray::try_new_with_length(fields, members.finish(), nulls, length).expect(right),
                )
            }
            Data::List { ends, element, nullable } => {
                let field = element_field(&element.ty, *nullable);
                Arc::new(ListArray::try_new(field, take_ends(ends), element.finish(), nulls).expect(right))
            }
        }
    }
}

/// Compact JSON, as it is where nothing has to be changed.
fn push_json(builder: &mut Builder, json: &str) -> bool {
    if json.bytes().any(|b| b.is_ascii_whitespace() || b == b'\\')
        && let Ok(value) = json::parse(json)
    {
        builder.push_text(&json::to_compact(&value));
    } else {
        builder.push_text(json);
    }
    true
}

/// Rows are written long before there are so many bytes.
fn end(length: usize) -> i32 {
    i32::try_from(length).expect("columns are written out below 2 GiB")
}

fn take_ends(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(ends, vec![0])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_comes_back_otherwise() {
        // Values, nulls, then cut to so many, then values.
        for (values, nulls, length, more, expect) in [
            (3, 0, 3, 2, "11111"),
            (3, 0, 1, 2, "111"),
            (0, 2, 2, 1, "001"),
            (2, 2, 3, 2, "11011"),
            (2, 2, 1, 1, "11"),
            (0, 3, 0, 0, ""),
            (1, 1, 9, 1, "101"),
        ] {
            let mut valid = Validity::new();
            valid.push_values(values);
            if nulls > 0 {
                valid.push_nulls(nulls);
            }
            valid.truncate(length);
            valid.push_values(more);
            assert_eq!(valid.len(), expect.len());
            let nulls = valid.finish();
            assert_eq!(nulls.is_some(), expect.contains('0'), "{expect}");
            let found: String = match nulls {
                Some(nulls) => nulls.iter().map(|is_value| if is_value { '1' } else { '0' }).collect(),
                None => "1".repeat(expect.len()),
            };
            assert_eq!(found, expect);
            assert_eq!(valid.len(), 0, "it is taken out");
        }
    }
}
