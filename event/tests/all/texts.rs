//! Timestamps, numbers, UUIDs and broken UTF-8.

use event::{
    java_uuid, number,
    timestamp::{self, AtomicTime},
    utf8,
};
use jiff::Timestamp;
use proptest::prelude::*;

#[test]
fn moments_are_printed() {
    let check = |millis: i64, expect: &str| {
        assert_eq!(timestamp::sql(millis).to_string(), expect);
        assert_eq!(timestamp::joda(millis).to_string(), format!("{}Z", expect.replace(' ', "T")));
    };
    check(0, "1970-01-01 00:00:00.000");
    check(1, "1970-01-01 00:00:00.001");
    check(-1, "1969-12-31 23:59:59.999");
    check(1_709_164_800_000, "2024-02-29 00:00:00.000");
    check(1_704_067_199_500, "2023-12-31 23:59:59.500");
    check(253_402_300_799_999, "9999-12-31 23:59:59.999");
    check(-62_167_219_200_000, "0000-01-01 00:00:00.000");
    check(-63_113_904_000_000, "-0030-01-01 00:00:00.000");
    check(1_111_111_111_111_111, "37179-09-17 07:18:31.111");
    check(i64::MAX, "292278994-08-17 07:12:55.807");
    check(i64::MIN, "-292275055-05-16 16:47:04.192");
}

#[test]
fn instants_have_as_many_digits_as_needed() {
    let check =
        |text: &str| assert_eq!(timestamp::instant(text.parse::<Timestamp>().unwrap()).to_string(), text);
    check("2025-04-30T10:05:00Z");
    check("2025-04-30T10:05:00.120Z");
    check("2025-04-30T10:05:00.123456Z");
    check("2025-04-30T10:05:00.123456700Z");
    check("2025-04-30T10:05:00.000000001Z");
}

#[test]
fn atomic_times_are_read() {
    let check = |text: &str, iso: Option<&str>| {
        let found = text.parse::<AtomicTime>().ok().map(|t| t.iso().to_string());
        assert_eq!(found.as_deref(), iso, "{text}");
    };
    check("2024-03-01 10:00:00.123", Some("2024-03-01T10:00:00.123Z"));
    check("2024-03-01T10:00:00", Some("2024-03-01T10:00:00Z"));
    check("2024-03-01 10:00:00.1234567", Some("2024-03-01T10:00:00.123456700Z"));
    check("2024-03-01 10:00:00.", Some("2024-03-01T10:00:00Z"));
    check("0001-01-01 00:00:00.000", Some("0001-01-01T00:00:00Z"));
    check("9999-12-31 23:59:59.999", Some("9999-12-31T23:59:59.999Z"));
    check("2024-12-31 24:00:00", Some("2025-01-01T00:00:00Z"));
    check("2016-12-31 23:59:60.5", Some("2016-12-31T23:59:59.500Z"));
    for wrong in [
        "",
        "2024-03-01",
        "2024-03-01 10:00",
        "2024-02-30 10:00:00",
        "2024-03-01 25:00:00",
        "2024-03-01 10:00:60",
        "2024-03-01 24:00:01",
        "10000-01-01 00:00:00.000",
        "2024-03-01 10:00:00.1234567890",
        "2024-03-01 10:00:00Z",
        "2024-03-01\u{e9}10:00:00",
        "9999-12-31 24:00:00",
        " 2024-03-01 10:00:00",
        "+024-03-01 10:00:00",
    ] {
        check(wrong, None);
    }
}

#[test]
fn numbers_are_javas() {
    let check = |value: f64, expect: &str| assert_eq!(number::double(value), expect);
    for (value, expect) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (10.0, "10.0"),
        (-1.5, "-1.5"),
        (100.25, "100.25"),
        (9_999_999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12_345_678.9, "1.23456789E7"),
        (0.001, "0.001"),
        (0.00999, "0.00999"),
        (0.0001, "1.0E-4"),
        (1.25e-7, "1.25E-7"),
        (1e300, "1.0E300"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        check(value, expect);
    }
    for (value, expect) in [(51.5142, "51.5142"), (100.0, "100.0"), (0.0001, "1.0E-4"), (-0.0931, "-0.0931")]
    {
        assert_eq!(number::float(value), expect);
    }
}

#[test]
fn doubles_are_read() {
    let check = |text: &str, expect: Option<f64>| assert_eq!(number::parse_double(text), expect, "{text}");
    check("1.5", Some(1.5));
    check(" 1e3\t", Some(1000.0));
    check("1d", Some(1.0));
    check("-.5F", Some(-0.5));
    check("5.", Some(5.0));
    check("+Infinity", Some(f64::INFINITY));
    check("1e400", Some(f64::INFINITY));
    assert!(number::parse_double("NaN").unwrap().is_nan());
    for wrong in ["", " ", "abc", "1,5", "inf", "nan", "infinity", "1e", "1 2", "d", "0x10", "--1", "1dd"] {
        check(wrong, None);
    }
}

#[test]
fn uuids_are_read_as_java_reads_them() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(java_uuid::parse_lenient(text).map(|u| u.to_string()).as_deref(), expect, "{text}");
    };
    check("8C2A7F5E-1b7d-4c55-9d0e-6a4d6f1c2b3a", Some("8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a"));
    check("1-2-3-4-5", Some("00000001-0002-0003-0004-000000000005"));
    check("123456789-12345-3-4-5", Some("23456789-2345-0003-0004-000000000005"));
    check("+1-2-3-4-5", Some("00000001-0002-0003-0004-000000000005"));
    for wrong in
        ["", "x", "1-2-3-4", "1-2-3-4-", "-1-2-3-4", "1-2-3-4-5-6", "1-2-3-4-g", "ffffffffffffffff-2-3-4-5"]
    {
        check(wrong, None);
    }
    check("08c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a", None);
}

#[test]
fn broken_utf8_is_decoded_as_java_does() {
    let check = |bytes: &[u8], expect: &str| assert_eq!(utf8::decode(bytes), expect, "{bytes:x?}");
    check("é😀".as_bytes(), "é😀");
    check(b"a\xFFb", "a\u{FFFD}b");
    check(b"\xC3", "\u{FFFD}");
    check(b"\xE2\x82", "\u{FFFD}");
    check(b"\xE2\x82b", "\u{FFFD}b");
    check(b"\xC0\x80", "\u{FFFD}\u{FFFD}");
    check(b"\xF0\x9F\x98x", "\u{FFFD}x");
    // A whole surrogate is one character to Java, three to Rust.
    check(b"\xED\xA0\x80x", "\u{FFFD}x");
    check(b"\xED\xA0x", "\u{FFFD}x");
    check(b"\xED\xA0\x80\xED\xB0\x80", "\u{FFFD}\u{FFFD}");
}

proptest! {
    #[test]
    fn moments_round_trip(millis in -62_167_219_200_000_i64..=253_402_300_799_999) {
        let time = AtomicTime::from_millis(millis).unwrap();
        prop_assert_eq!(time.as_millis(), millis);
        prop_assert_eq!(time.as_micros(), millis * 1000);
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        if let Ok(moment) = Timestamp::from_millisecond(millis) {
            prop_assert_eq!(AtomicTime::from(moment), time);
            prop_assert_eq!(timestamp::instant(moment).to_string(), time.iso().to_string());
        }
    }

    #[test]
    fn doubles_round_trip(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        if value.is_finite() {
            prop_assert_eq!(number::parse_double(&number::double(value)).map(f64::to_bits), Some(bits));
        }
    }

    #[test]
    fn utf8_without_surrogates_is_decoded_as_rust_does(bytes in any::<Vec<u8>>()) {
        if !bytes.contains(&0xED) {
            prop_assert_eq!(utf8::decode(&bytes), String::from_utf8_lossy(&bytes));
        }
    }
}
