//! Fuzzes the law of `tests/laws/collector_cookie.rs`.
#![no_main]

#[path = "../../laws/collector_cookie.rs"]
mod collector_cookie;

libfuzzer_sys::fuzz_target!(|data: &[u8]| collector_cookie::law(data));
