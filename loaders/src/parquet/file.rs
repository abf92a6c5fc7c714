//! Rows -> the bytes of a Parquet file: zstd or snappy, dictionaries, page index, cut statistics. Everything follows from the
//! rows, so that the same rows are the same bytes.

use std::{collections::BTreeSet, sync::Arc};

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use event::schema_key::SchemaKey;
use iglu::field::column::Place;
use jiff::Timestamp;
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression as Codec, ZstdLevel},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

use super::{
    Compression, Options, builder::arrow_field, pieces::Pieces, refusal::Refusal, rows::Rows,
    schemas::Schemas,
};

/// Rows that are encoded together.
const ROWS: usize = 4096;

/// Bytes of lines that are encoded together.
const BYTES: usize = 16 << 20;

/// Bytes for what stands behind the last row group, roughly.
const FOOTER: usize = 128 * 1024;

/// Bytes of a text that statistics and the page index keep.
const STATISTICS: usize = 64;

/// The key of the file's metadata under which the schemas of the columns are.
pub const PROVENANCE: &str = "piste.columns";

/// A file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its bytes; empty when there is no row.
    pub bytes: Vec<u8>,
    /// Its rows.
    pub rows: u64,
    /// The lines that are no rows.
    pub refused: Vec<(Refusal, String)>,
}

/// Rows ready to be encoded.
pub struct Ready {
    schema: SchemaRef,
    provenance: String,
    batches: Vec<RecordBatch>,
}

/// Lines as a file. `present`: the schemas that they have; `stamp`: when the batch was closed, their `load_tstamp`.
pub fn write(
    lines: Pieces,
    present: &BTreeSet<(Place, SchemaKey)>,
    schemas: &Schemas,
    stamp: Timestamp,
    options: Options,
) -> Written {
    let mut rows = Rows::new(schemas, present, lines.spellings(), stamp);
    let schema = schema_of(&rows);
    let mut file = None;
    let mut written = Written::default();
    let mut encode = |rows: &mut Rows<'_>, is_last: bool| {
        let batch = batch(&schema, rows);
        let file = file.get_or_insert_with(|| {
            let empty = if is_last { empty(&batch) } else { Vec::new() };
            open(&schema, &rows.provenance().to_string(), options, empty)
        });
        file.write(&batch).expect(IN_MEMORY);
        if file.in_progress_size() as u64 >= options.row_group_bytes {
            close_group(file);
        }
    };
    lines.for_each(|line, found| match rows.push(line, found) {
        Ok(()) => {
            written.rows += 1;
            if rows.len() >= ROWS || rows.bytes() >= BYTES {
                encode(&mut rows, false);
            }
        }
        Err(refusal) => written.refused.push((refusal, line.to_owned())),
    });
    if rows.len() > 0 {
        encode(&mut rows, true);
    }
    written.bytes = file.map_or_else(Vec::new, |mut file| {
        close_group(&mut file);
        file.into_inner().expect(IN_MEMORY)
    });
    written
}

/// Moves the pages of the open row group into the file. There is room for them before: a file that grows would be there twice.
fn close_group(file: &mut ArrowWriter<Vec<u8>>) {
    let size = file.in_progress_size();
    file.inner_mut().reserve_exact(size + size / 16 + FOOTER);
    file.flush().expect(IN_MEMORY);
}

/// Lines as rows that only have to be encoded: what a writer has at best. Lines that are no rows are left out.
pub fn ready(
    lines: Pieces,
    present: &BTreeSet<(Place, SchemaKey)>,
    schemas: &Schemas,
    stamp: Timestamp,
) -> Ready {
    let mut rows = Rows::new(schemas, present, lines.spellings(), stamp);
    let schema = schema_of(&rows);
    let mut batches = Vec::new();
    lines.for_each(|line, found| {
        if rows.push(line, found).is_ok() && rows.len() >= ROWS {
            batches.push(batch(&schema, &mut rows));
        }
    });
    if rows.len() > 0 {
        batches.push(batch(&schema, &mut rows));
    }
    Ready { schema, provenance: rows.provenance().to_string(), batches }
}

/// Encodes rows that are ready.
pub fn write_ready(ready: &Ready, options: Options) -> Vec<u8> {
    let mut file = open(&ready.schema, &ready.provenance, options, Vec::new());
    for batch in &ready.batches {
        file.write(batch).expect(IN_MEMORY);
    }
    file.into_inner().expect(IN_MEMORY)
}

const IN_MEMORY: &str = "encoding rows of the file's own schema into memory does not fail";

fn schema_of(rows: &Rows<'_>) -> SchemaRef {
    Arc::new(Schema::new(rows.fields().iter().map(arrow_field).collect::<Vec<_>>()))
}

fn batch(schema: &SchemaRef, rows: &mut Rows<'_>) -> RecordBatch {
    RecordBatch::try_new(Arc::clone(schema), rows.take()).expect(IN_MEMORY)
}

/// The columns of one value each that have none.
fn empty(batch: &RecordBatch) -> Vec<String> {
    let columns = batch.schema_ref().fields().iter().zip(batch.columns());
    let empty = columns.filter(|(field, column)| {
        !field.data_type().is_nested() && column.logical_null_count() == column.len()
    });
    empty.map(|(field, _)| field.name().clone()).collect()
}

/// `empty`: columns that will have no value. For each of them, a codec would cost more than all that they hold.
fn open(schema: &SchemaRef, provenance: &str, options: Options, empty: Vec<String>) -> ArrowWriter<Vec<u8>> {
    let compression = match options.compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
        Compression::Snappy => Codec::SNAPPY,
    };
    let mut properties = WriterProperties::builder();
    for name in empty {
        let column = ColumnPath::new(vec![name]);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_compression(column, Codec::UNCOMPRESSED);
    }
    let properties = properties
        .set_compression(compression)
        .set_dictionary_enabled(true)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(Some(STATISTICS))
        .set_column_index_truncate_length(Some(STATISTICS))
        .set_max_row_group_row_count(None)
        .set_max_row_group_bytes(None)
        .set_key_value_metadata(Some(vec![KeyValue::new(PROVENANCE.to_owned(), provenance.to_owned())]))
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options).expect(IN_MEMORY)
}
