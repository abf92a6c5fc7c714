//! Fuzzes the law of `tests/laws/log_frame.rs`.
#![no_main]

#[path = "../../laws/log_frame.rs"]
mod log_frame;

libfuzzer_sys::fuzz_target!(|data: &[u8]| log_frame::law(data));
