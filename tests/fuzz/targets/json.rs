//! Fuzzes the law of `tests/laws/json.rs`.
#![no_main]

#[path = "../../laws/json.rs"]
mod json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| json::law(data));
