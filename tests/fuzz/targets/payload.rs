//! Fuzzes the law of `tests/laws/payload.rs`.
#![no_main]

#[path = "../../laws/payload.rs"]
mod payload;

libfuzzer_sys::fuzz_target!(|data: &[u8]| payload::law(data));
