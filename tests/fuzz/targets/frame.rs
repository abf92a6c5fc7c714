//! Fuzzes the law of `tests/laws/frame.rs`.
#![no_main]

#[path = "../../laws/frame.rs"]
mod frame;

libfuzzer_sys::fuzz_target!(|data: &[u8]| frame::law(data));
