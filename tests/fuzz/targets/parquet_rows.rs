//! Fuzzes the law of `tests/laws/parquet_rows.rs`.
#![no_main]

#[path = "../../laws/parquet_rows.rs"]
mod parquet_rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| parquet_rows::law(data));
