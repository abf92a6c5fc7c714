//! Fuzzes the law of `tests/laws/registry_request.rs`.
#![no_main]

#[path = "../../laws/registry_request.rs"]
mod registry_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| registry_request::law(data));
