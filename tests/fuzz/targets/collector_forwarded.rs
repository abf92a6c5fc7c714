//! Fuzzes the law of `tests/laws/collector_forwarded.rs`.
#![no_main]

#[path = "../../laws/collector_forwarded.rs"]
mod collector_forwarded;

libfuzzer_sys::fuzz_target!(|data: &[u8]| collector_forwarded::law(data));
