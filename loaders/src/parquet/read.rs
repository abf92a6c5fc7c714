//! Our Parquet files -> enriched lines again, for loading archives. What columns do not keep is not in them: keys that no schema
//! has, whether a context was derived, and how a number was written.

use std::{fmt, panic::AssertUnwindSafe};

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, DataType};
use bytes::Bytes;
use event::{
    atomic::{FIELDS, Field, Kind},
    json, number,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
    timestamp::AtomicTime,
};
use iglu::field::select::SCHEMA_VERSION;
use jiff::{Timestamp, civil::Date};
use parquet::{
    arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
    file::reader::ChunkReader,
};
use serde_json::{Map, Number, Value};

use super::file::PROVENANCE;

/// Rows that are decoded together.
const ROWS: usize = 1024;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no Parquet file, or damaged.
    #[error("{0}")]
    Damaged(String),
    /// It is one of somebody else.
    #[error("not written by piste: {0}")]
    NotOurs(String),
}

/// The lines of a file.
pub struct Lines {
    reader: ParquetRecordBatchReader,
    entities: Vec<Entity>,
    batch: Option<RecordBatch>,
    next: usize,
    left: usize,
}

/// A column of data.
struct Entity {
    column: usize,
    model: SchemaKey,
    keys: Value,
    is_event: bool,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

/// Opens a file: a `File`, or its bytes.
///
/// # Errors
/// It is none of ours.
pub fn lines(file: impl ChunkReader + 'static) -> Result<Lines, ReadError> {
    guarded(|| open(file))
}

/// Of a damaged file the library sometimes only knows by a panic.
fn guarded<T>(read: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    let panicked = |_| Err(ReadError::Damaged("its parts contradict each other".to_owned()));
    std::panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(panicked)
}

fn open(file: impl ChunkReader + 'static) -> Result<Lines, ReadError> {
    let damaged = |error: parquet::errors::ParquetError| ReadError::Damaged(error.to_string());
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let provenance = metadata
        .into_iter()
        .flatten()
        .find(|pair| pair.key == PROVENANCE)
        .and_then(|pair| pair.value.as_deref())
        .ok_or_else(|| ReadError::NotOurs(format!("no {PROVENANCE} in its metadata")))?;
    let provenance: Map<String, Value> =
        serde_json::from_str(provenance).map_err(|error| ReadError::NotOurs(error.to_string()))?;
    let schema = builder.schema();
    let mut entities = Vec::new();
    for (name, column) in provenance {
        let of_column = || ReadError::NotOurs(format!("column {name}"));
        let model = column["schema"].as_str().and_then(|uri| uri.parse().ok()).ok_or_else(of_column)?;
        let at = schema.index_of(&name).map_err(|_| of_column())?;
        let is_event = name.starts_with("unstruct_event_");
        entities.push(Entity { column: at, model, keys: column["keys"].clone(), is_event });
    }
    let left = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default();
    let reader = builder.with_batch_size(ROWS).build().map_err(damaged)?;
    Ok(Lines { reader, entities, batch: None, next: 0, left })
}

/// Whether two files of ours hold the same rows.
pub fn same_rows(a: &[u8], b: &[u8]) -> bool {
    let open = |file: &[u8]| lines(Bytes::copy_from_slice(file));
    let (Ok(mut a), Ok(mut b)) = (open(a), open(b)) else { return false };
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(Ok(a)), Some(Ok(b))) if a == b => {}
            _ => return false,
        }
    }
}

impl Iterator for Lines {
    type Item = Result<String, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = &self.batch
                && self.next < batch.num_rows()
            {
                let row = self.next;
                self.next += 1;
                self.left = self.left.saturating_sub(1);
                return Some(Ok(line(batch, row, &self.entities)));
            }
            self.batch = None;
            let damaged = |error: ArrowError| ReadError::Damaged(error.to_string());
            match guarded(|| self.reader.next().transpose().map_err(damaged)).transpose()? {
                Ok(batch) => self.batch = Some(batch),
                Err(error) => return Some(Err(error)),
            }
            self.next = 0;
        }
    }

    /// As the file itself says.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

fn line(batch: &RecordBatch, row: usize, entities: &[Entity]) -> String {
    let mut out = String::with_capacity(1024);
    for (at, field) in FIELDS.into_iter().enumerate() {
        if at > 0 {
            out.push('\t');
        }
        match field {
            Field::Contexts => contexts(batch, row, entities, &mut out),
            Field::UnstructEvent => unstruct(batch, row, entities, &mut out),
            _ => {
                if let Some(column) = batch.column_by_name(field.name()) {
                    out.push_str(&atomic(field.definition().kind, column, row));
                }
            }
        }
    }
    out
}

fn atomic(kind: Kind, column: &ArrayRef, row: usize) -> String {
    match (kind, value(column, row, &Value::Null)) {
        (_, Value::Null) => String::new(),
        (Kind::Bool, value) => if value == Value::Bool(true) { "1" } else { "0" }.to_owned(),
        (Kind::Timestamp, _) => moment(column, row).map(column_time).unwrap_or_default(),
        (Kind::Float | Kind::Decimal, Value::Number(n)) => n.as_f64().map(number::double).unwrap_or_default(),
        // Ours have none of these.
        (_, Value::String(text)) if text.contains(['\t', '\n']) => text.replace(['\t', '\n'], " "),
        (_, Value::String(text)) => text,
        (_, value) => value.to_string(),
    }
}

fn moment(column: &ArrayRef, row: usize) -> Option<Timestamp> {
    let micros = column.as_any().downcast_ref::<TimestampMicrosecondArray>()?.value(row);
    Timestamp::from_microsecond(micros).ok()
}

/// With microseconds only where there are some.
fn column_time(moment: Timestamp) -> String {
    let mut text = AtomicTime::from(moment).to_string();
    let micros = moment.as_microsecond().rem_euclid(1000);
    if micros != 0 {
        text.push_str(&format!("{micros:03}"));
    }
    text
}

fn contexts(batch: &RecordBatch, row: usize, entities: &[Entity], out: &mut String) {
    let mut all: Vec<Value> = Vec::new();
    for entity in entities.iter().filter(|entity| !entity.is_event) {
        let Value::Array(items) = value(batch.column(entity.column), row, &entity.keys) else { continue };
        for mut data in items {
            let told = data.as_object_mut().and_then(|object| object.remove(SCHEMA_VERSION));
            let version = told.as_ref().and_then(Value::as_str).and_then(|version| version.parse().ok());
            all.push(named(&entity.model, version, data));
        }
    }
    if !all.is_empty() {
        envelope("contexts", Value::Array(all), out);
    }
}

fn unstruct(batch: &RecordBatch, row: usize, entities: &[Entity], out: &mut String) {
    for entity in entities.iter().filter(|entity| entity.is_event) {
        let data = value(batch.column(entity.column), row, &entity.keys);
        if !data.is_null() {
            let version = batch.column_by_name(Field::EventVersion.name());
            let version = version.map(|column| value(column, row, &Value::Null));
            let version: Option<SchemaVersion> =
                version.as_ref().and_then(Value::as_str).and_then(|version| version.parse().ok());
            let version = version.filter(|version| version.model == entity.model.version.model);
            return envelope("unstruct_event", named(&entity.model, version, data), out);
        }
    }
}

fn named(model: &SchemaKey, version: Option<SchemaVersion>, data: Value) -> Value {
    let version = version.unwrap_or(model.version);
    SelfDescribing::new(SchemaKey { version, ..model.clone() }, data).to_json()
}

fn envelope(name: &str, data: Value, out: &mut String) {
    let key = SchemaKey::new(
        "com.snowplowanalytics.snowplow",
        name,
        "jsonschema",
        SchemaVersion::new(1, 0, u32::from(name == "contexts")),
    );
    SelfDescribing::new(key, data).write_compact(out);
}

/// A value as JSON. `keys`: what the fields below were called in the data.
fn value(column: &ArrayRef, row: usize, keys: &Value) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    let any = column.as_any();
    macro_rules! at {
        ($array:ty) => {
            any.downcast_ref::<$array>().map(|array| array.value(row))
        };
    }
    let decimal = |text: String| Value::Number(Number::from_string_unchecked(text));
    let found = match column.data_type() {
        DataType::Utf8 => at!(StringArray).map(|text| match keys {
            Value::String(_) => json::parse(text).unwrap_or(Value::Null),
            _ => Value::String(text.to_owned()),
        }),
        DataType::Boolean => at!(BooleanArray).map(Value::Bool),
        DataType::Int32 => at!(Int32Array).map(Value::from),
        DataType::Int64 => at!(Int64Array).map(Value::from),
        DataType::Float64 => at!(Float64Array).map(|value| match value.is_finite() {
            true => decimal(number::double(value)),
            false => Value::String(number::double(value)),
        }),
        DataType::Decimal128(_, scale) => at!(Decimal128Array).map(|n| decimal(scaled(n, *scale))),
        DataType::Date32 => at!(Date32Array).and_then(day),
        DataType::Timestamp(..) => {
            moment(column, row).map(|moment| Value::String(event::timestamp::instant(moment).to_string()))
        }
        DataType::Struct(_) => any.downcast_ref::<StructArray>().map(|array| object(array, row, keys)),
        DataType::List(_) => at!(ListArray)
            .map(|items| Value::Array((0..items.len()).map(|at| value(&items, at, keys)).collect())),
        _ => None,
    };
    found.unwrap_or(Value::Null)
}

fn object(array: &StructArray, row: usize, keys: &Value) -> Value {
    let mut out = Map::new();
    for (name, column) in array.column_names().into_iter().zip(array.columns()) {
        let (key, below) = match keys.get(name) {
            Some(pair) => (pair[0].as_str().unwrap_or(name), &pair[1]),
            None => (name, &Value::Null),
        };
        let value = value(column, row, below);
        if !value.is_null() {
            out.insert(key.to_owned(), value);
        }
    }
    Value::Object(out)
}

fn scaled(n: i128, scale: i8) -> String {
    let scale = usize::from(scale.unsigned_abs());
    let sign = if n < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", n.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

fn day(days: i32) -> Option<Value> {
    let epoch = Date::constant(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().days(days)).ok()?;
    Some(Value::String(date.to_string()))
}
