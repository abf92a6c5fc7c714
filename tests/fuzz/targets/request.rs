//! Fuzzes the law of `tests/laws/request.rs`.
#![no_main]

#[path = "../../laws/collector_intake.rs"]
mod collector_intake;
#[path = "../../laws/request.rs"]
mod request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| request::law(data));
