//! Fuzzes the law of `tests/laws/enrich_record.rs`.
#![no_main]

#[path = "../../laws/enrich_record.rs"]
mod enrich_record;

libfuzzer_sys::fuzz_target!(|data: &[u8]| enrich_record::law(data));
