//! Fuzzes the law of `tests/laws/aggregated.rs`.
#![no_main]

#[path = "../../laws/aggregated.rs"]
mod aggregated;

libfuzzer_sys::fuzz_target!(|data: &[u8]| aggregated::law(data));
