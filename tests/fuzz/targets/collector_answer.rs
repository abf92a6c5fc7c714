//! Fuzzes the law of `tests/laws/collector_answer.rs`.
#![no_main]

#[path = "../../laws/collector_answer.rs"]
mod collector_answer;

libfuzzer_sys::fuzz_target!(|data: &[u8]| collector_answer::law(data));
