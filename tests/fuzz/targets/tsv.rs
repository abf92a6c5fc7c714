//! Fuzzes the law of `tests/laws/tsv.rs`.
#![no_main]

#[path = "../../laws/tsv.rs"]
mod tsv;

libfuzzer_sys::fuzz_target!(|data: &[u8]| tsv::law(data));
