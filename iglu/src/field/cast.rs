//! Which values a type takes (`spec/loaders-and-leases.md` 4.7). Values are JSON texts, valid ones without white space around.

use std::borrow::Cow;

use crate::table::{
    instant::{Instant, parse_date},
    number::exact_integer,
};

/// A text.
pub fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.as_bytes().contains(&b'\\') {
        return event::json::parse(json).ok().and_then(|value| match value {
            serde_json::Value::String(text) => Some(Cow::Owned(text)),
            _ => None,
        });
    }
    Some(Cow::Borrowed(inner))
}

/// True or false.
pub fn boolean(json: &str) -> Option<bool> {
    match json {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A whole number of 32 bits, however it is written.
pub fn integer(json: &str) -> Option<i32> {
    long(json).and_then(|n| i32::try_from(n).ok())
}

/// A whole number of 64 bits, however it is written.
pub fn long(json: &str) -> Option<i64> {
    if is_number(json) { exact_integer(json) } else { None }
}

/// Any number.
pub fn double(json: &str) -> Option<f64> {
    if is_number(json) { json.parse().ok() } else { None }
}

/// The number times ten to the power of `scale`, if that is a whole one of at most `precision` digits.
pub fn decimal(json: &str, precision: u8, scale: u32) -> Option<i128> {
    if !is_number(json) {
        return None;
    }
    let (negative, text) = match json.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, json),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().all(|b| b == b'0') {
        return Some(0);
    }
    let exponent: i64 = exponent.parse().ok()?;
    let mut shift =
        exponent.checked_add(i64::from(scale))?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let zeros = digits().rev().take_while(|b| *b == b'0').count();
    let kept = whole.len() + fraction.len() - zeros;
    shift = shift.checked_add(i64::try_from(zeros).ok()?)?;
    let most = 10_i128.checked_pow(u32::from(precision))? - 1;
    let mut value = 0_i128;
    for digit in digits().take(kept) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        if value > most {
            return None;
        }
    }
    let value = value.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
    (value <= most).then_some(if negative { -value } else { value })
}

/// Days since 1970 of an ISO date.
pub fn date(json: &str) -> Option<i32> {
    parse_date(&string(json)?).and_then(|days| i32::try_from(days).ok())
}

/// Microseconds since 1970, rounded down, of an ISO date and time with an offset, as `DateTimeFormatter.ISO_DATE_TIME` reads
/// it: seconds may be missing, and a region in brackets may follow.
pub fn timestamp(json: &str) -> Option<i64> {
    let text = string(json)?;
    let mut text: &str = &text;
    if let Some(before) = text.strip_suffix(']') {
        let (moment, region) = before.split_once('[')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_-+:.".contains(c);
        if region.is_empty() || !region.chars().all(plain) {
            return None;
        }
        text = moment;
    }
    let at = text.find(['T', 't'])?;
    let time = text.get(at + 1..)?;
    let second = time.get(5..).filter(|rest| rest.starts_with(':'));
    if time.starts_with("24") || second.is_some_and(|rest| rest.starts_with(":60")) {
        return None;
    }
    let instant = match second {
        Some(_) => Instant::parse(text),
        None => {
            let minute = at + 6;
            Instant::parse(&format!("{}:00{}", text.get(..minute)?, text.get(minute..)?))
        }
    };
    let Instant { seconds, nanos } = instant.ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(string(r#""a\u00e9\n""#).as_deref(), Some("aé\n"));
        assert_eq!(string(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!((string("1"), string("null")), (None, None));
    }

    #[test]
    fn whole_numbers() {
        for (json, expect) in [
            ("1", Some(1)),
            ("1.0", Some(1)),
            ("2147483648", None),
            ("-2147483648", Some(i32::MIN)),
            ("1.5", None),
            ("\"1\"", None),
            ("true", None),
        ] {
            assert_eq!(integer(json), expect, "{json}");
        }
        assert_eq!(long("2147483648"), Some(2_147_483_648));
        assert_eq!(long("9223372036854775808"), None);
        assert_eq!((double("1e2"), double("\"1\"")), (Some(100.0), None));
    }

    #[test]
    fn decimals() {
        for (json, expect) in [
            ("12.34", Some(1234)),
            ("12.3", Some(1230)),
            ("-12.340", Some(-1234)),
            ("12", Some(1200)),
            ("1.2e1", Some(1200)),
            ("0.00000", Some(0)),
            ("12.345", None),
            ("9999999.99", Some(999_999_999)),
            ("10000000", None),
            ("1e400", None),
            ("1e-400", None),
            ("\"1\"", None),
        ] {
            assert_eq!(decimal(json, 9, 2), expect, "{json}");
        }
        let nines = "9".repeat(38);
        assert_eq!(decimal(&nines, 38, 0), nines.parse().ok());
        assert_eq!(decimal(&format!("{nines}0"), 38, 0), None);
    }

    #[test]
    fn moments() {
        for (text, expect) in [
            ("1970-01-01T00:00:01Z", Some(1_000_000)),
            ("1970-01-01T00:00:01.1234567z", Some(1_123_456)),
            ("1969-12-31T23:59:59.9999999Z", Some(-1)),
            ("1970-01-01t01:00+01:00", Some(0)),
            ("1970-01-01T00:00Z", Some(0)),
            ("1970-01-01T01:00:00+01:00[Europe/Paris]", Some(0)),
            ("1970-01-01T00:00:00Z[]", None),
            ("1970-01-01T24:00:00Z", None),
            ("1970-01-01T23:59:60Z", None),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01", None),
            ("1970-01-01 00:00:00Z", None),
            ("T", None),
            ("é", None),
        ] {
            assert_eq!(timestamp(&format!("\"{text}\"")), expect, "{text}");
        }
        assert_eq!((date("\"1970-01-02\""), date("\"1970-1-2\""), date("1")), (Some(1), None, None));
    }
}
