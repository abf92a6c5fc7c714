//! Fuzzes the law of `tests/laws/collector_query.rs`.
#![no_main]

#[path = "../../laws/collector_query.rs"]
mod collector_query;

libfuzzer_sys::fuzz_target!(|data: &[u8]| collector_query::law(data));
