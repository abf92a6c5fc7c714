//! Fuzzes the law of `tests/laws/collector_intake.rs`.
#![no_main]

#[path = "../../laws/collector_intake.rs"]
mod collector_intake;

libfuzzer_sys::fuzz_target!(|data: &[u8]| collector_intake::law(data));
