//! Fuzzes the law of `tests/laws/querystring.rs`.
#![no_main]

#[path = "../../laws/querystring.rs"]
mod querystring;

libfuzzer_sys::fuzz_target!(|data: &[u8]| querystring::law(data));
