//! Numbers as texts: exact integers of JSON numbers, floats as Java reads them.

/// The integer that a JSON number (or a Java integer with sign) stands for: `1.0` and `1e3` are integers, `1.5` is none.
/// `None` also beyond 64 bits.
pub fn exact_integer(text: &str) -> Option<i64> {
    if let Ok(n) = text.parse::<i64>() {
        return Some(n);
    }
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let significant = digits.trim_end_matches('0');
    let shift = shift.checked_add(i32::try_from(digits.len() - significant.len()).ok()?)?;
    if shift < 0 || significant.len() > 19 || shift > 19 {
        return None;
    }
    let value = significant.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(shift.unsigned_abs())?)?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Java's `Double.parseDouble` (`spec/loaders-and-leases.md` 2.1): white space around, a trailing `d` or `f`, `NaN`,
/// `Infinity` and hexadecimal floats are all right.
pub fn java_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if plain {
        return text.parse().ok();
    }
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    match unsigned {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        return hexadecimal(hex).map(|n| sign * n);
    }
    let number = unsigned.strip_suffix(['d', 'D', 'f', 'F'])?;
    let decimal = number.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !decimal || number.starts_with(['+', '-']) {
        return None;
    }
    number.parse::<f64>().ok().map(|n| sign * n)
}

fn hexadecimal(text: &str) -> Option<f64> {
    let text = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let at = text.find(['p', 'P'])?;
    let exponent: i32 = text[at + 1..].parse().ok()?;
    let (whole, fraction) = text[..at].split_once('.').unwrap_or((&text[..at], ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value * 2.0_f64.powi(shift))
}

/// Java's `Integer.parseInt`: an optional sign and ASCII digits, 32 bits.
pub fn java_int(text: &str) -> Option<i32> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_integers() {
        for (text, expect) in [
            ("1", Some(1)),
            ("1.0", Some(1)),
            ("-1.50e1", Some(-15)),
            ("1e3", Some(1000)),
            ("1.5", None),
            ("0e999999999", Some(0)),
            ("1e999999999", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9223372036854775808.0", Some(i64::MIN)),
            ("100000000000000000000e-10", Some(10_000_000_000)),
            ("", None),
            ("x", None),
            ("1.x", None),
        ] {
            assert_eq!(exact_integer(text), expect, "{text}");
        }
    }

    #[test]
    fn java_doubles() {
        for (text, expect) in [
            ("1.25", Some(1.25)),
            (" 2 ", Some(2.0)),
            ("1d", Some(1.0)),
            ("-1.5F", Some(-1.5)),
            ("0x1p3", Some(8.0)),
            ("0x.8p1", Some(1.0)),
            ("1e400", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("inf", None),
            ("infinity", None),
            ("nan", None),
            ("", None),
            ("1,5", None),
            ("--1d", None),
            (".", None),
        ] {
            assert_eq!(java_double(text), expect, "{text}");
        }
        assert!(java_double("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn java_ints() {
        assert_eq!(java_int("+5"), Some(5));
        assert_eq!(java_int("-2147483648"), Some(i32::MIN));
        assert_eq!(java_int("2147483648"), None);
        assert_eq!(java_int(""), None);
    }
}
