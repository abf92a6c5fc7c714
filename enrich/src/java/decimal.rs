//! `new BigDecimal(text)`, rescaled to a scale of at least 0 and printed by `toString` (`spec/enrich.md` 2.5).

use super::{integer::digit, text::utf16_len};

/// Digits that a number may have once a positive exponent is written out. The original would fill the heap.
const MAX_DIGITS: u64 = 10_000;

/// Longest text that the original keeps in a `long`; longer ones meet other error texts.
const COMPACT_CHARS: usize = 18;

/// The canonical text of a decimal number.
///
/// # Errors
/// The message of the Java exception; `null` where it has none.
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    let (negative, parsed) = parse_signed(text)?;
    print(negative, parsed)
}

/// The nearest double.
pub(crate) fn double(text: &str) -> Option<f64> {
    let (negative, Parsed { digits, scale }) = parse_signed(text).ok()?;
    nearest(negative, &digits, scale)
}

/// The nearest double after rounding to two places, halves to even.
pub(crate) fn two_places(text: &str) -> Option<f64> {
    const PLACES: i64 = 2;
    let (negative, Parsed { digits, scale }) = parse_signed(text).ok()?;
    if scale <= PLACES {
        return nearest(negative, &digits, scale);
    }
    let kept = digits.len().checked_sub(usize::try_from(scale - PLACES).ok()?);
    let (kept, cut) = digits.split_at(kept.unwrap_or(0));
    let is_odd = kept.bytes().last().is_some_and(|digit| digit % 2 == 1);
    // What stands far behind the point has zeros in front of it.
    let is_far = digits.len() < usize::try_from(scale - PLACES).ok()?;
    let is_half = cut.starts_with('5') && cut[1..].bytes().all(|digit| digit == b'0');
    let is_up = !is_far && cut.as_bytes().first().is_some_and(|first| *first >= b'5') && (!is_half || is_odd);
    nearest(negative, &if is_up { next(kept) } else { format!("0{kept}") }, PLACES)
}

/// The number after the one with these digits.
fn next(digits: &str) -> String {
    let mut digits: Vec<u8> = format!("0{digits}").into_bytes();
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            break;
        }
        *digit = b'0';
    }
    digits.into_iter().map(char::from).collect()
}

/// A decimal zero has no sign.
fn nearest(negative: bool, digits: &str, scale: i64) -> Option<f64> {
    let sign = if negative && digits.bytes().any(|digit| digit != b'0') { "-" } else { "" };
    format!("{sign}{digits}e{}", -scale).parse().ok()
}

fn parse_signed(text: &str) -> Result<(bool, Parsed), String> {
    let (negative, rest) = match text.as_bytes().first() {
        None => return Err("null".into()),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) => (false, text),
    };
    if rest.is_empty() {
        return Err("No digits found.".into());
    }
    Ok((negative, parse(rest)?))
}

/// A JSON number after its way through Java's decimals: without trailing zeros, and without an exponent unless it is
/// small. `None`: it stays as it is, as does one that would grow too long.
pub(crate) fn reprinted(text: &str) -> Option<String> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if unsigned != "0" && !unsigned.contains(['.', 'e', 'E']) {
        return None;
    }
    let Parsed { mut digits, mut scale } = parse(unsigned).ok()?;
    if digits == "0" {
        return Some(digits);
    }
    while digits.len() > 1 && digits.ends_with('0') {
        digits.pop();
        scale -= 1;
    }
    print(negative, Parsed { digits, scale }).ok()
}

/// Significant digits without leading zeros (`0` for zero), and the scale before the rescaling.
struct Parsed {
    digits: String,
    scale: i64,
}

fn parse(text: &str) -> Result<Parsed, String> {
    let compact = utf16_len(text) <= COMPACT_CHARS;
    let mut digits = String::with_capacity(text.len());
    let mut any = false;
    let mut dot = false;
    let mut fraction = 0_i64;
    let mut exponent = 0_i64;
    for (at, c) in text.char_indices() {
        if let Some(value) = digit(c) {
            any = true;
            fraction += i64::from(dot);
            if value != 0 || !digits.is_empty() {
                digits.push(char::from(b'0' + value));
            }
        } else if c == '.' {
            if dot {
                return Err("Character array contains more than one decimal point.".into());
            }
            dot = true;
        } else if c == 'e' || c == 'E' {
            exponent = parse_exponent(&text[at + 1..])?;
            break;
        } else if compact {
            let shown = if c as u32 > 0xFFFF { '?' } else { c };
            return Err(format!(
                "Character {shown} is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark."
            ));
        } else {
            return Err("Character array is missing \"e\" notation exponential mark.".into());
        }
    }
    if !any {
        return Err("No digits found.".into());
    }
    if digits.is_empty() {
        digits.push('0');
    }
    let scale = fraction - exponent;
    if i32::try_from(scale).is_err() {
        return Err("Scale out of range.".into());
    }
    Ok(Parsed { digits, scale })
}

fn parse_exponent(text: &str) -> Result<i64, String> {
    let (negative, digits) = match text.as_bytes().first() {
        None => return Err("null".into()),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) => (false, text),
    };
    if digits.is_empty() {
        return Err("null".into());
    }
    let mut value = 0_i64;
    let mut left = digits.chars().count();
    for c in digits.chars() {
        let parsed = digit(c);
        if left > 10 {
            // Only zeros may stand before the last ten digits.
            if parsed != Some(0) {
                return Err("Too many nonzero exponent digits.".into());
            }
        } else {
            value = value * 10 + i64::from(parsed.ok_or("Not a digit.")?);
        }
        left -= 1;
    }
    let value = if negative { -value } else { value };
    i32::try_from(value).map(i64::from).map_err(|_| "Exponent overflow.".to_owned())
}

fn print(negative: bool, Parsed { mut digits, mut scale }: Parsed) -> Result<String, String> {
    let zero = digits == "0";
    if scale < 0 {
        if !zero {
            if scale.unsigned_abs() + digits.len() as u64 > MAX_DIGITS {
                return Err(format!("More than {MAX_DIGITS} digits."));
            }
            digits.extend(std::iter::repeat_n('0', usize::try_from(-scale).unwrap_or(0)));
        }
        scale = 0;
    }
    let sign = if negative && !zero { "-" } else { "" };
    let count = digits.len() as i64;
    let adjusted = count - 1 - scale;
    if scale == 0 {
        return Ok(format!("{sign}{digits}"));
    }
    if adjusted >= -6 {
        if scale < count {
            let (whole, fraction) = digits.split_at((count - scale) as usize);
            return Ok(format!("{sign}{whole}.{fraction}"));
        }
        return Ok(format!("{sign}0.{:0>width$}", digits, width = scale as usize));
    }
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    Ok(format!("{sign}{first}{dot}{rest}E{adjusted:+}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_java_prints_them() {
        let table = [
            ("42", "42"),
            ("1.50", "1.50"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("12.3E-9", "1.23E-8"),
            ("0E-10", "0E-10"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("007.10", "7.10"),
            ("1e5", "100000"),
            ("1E+10", "10000000000"),
            ("1.2E9", "1200000000"),
            ("7.51E-9", "7.51E-9"),
            ("-1.5e1", "-15"),
            ("٤٥٦٧.٦٧", "4567.67"),
            ("0e99999", "0"),
            ("1e-2147483647", "1E-2147483647"),
        ];
        for (text, expect) in table {
            assert_eq!(canonical(text).as_deref(), Ok(expect), "{text}");
        }
    }

    #[test]
    fn numbers_are_reprinted() {
        let check =
            |text: &str, expect: Option<&str>| assert_eq!(reprinted(text).as_deref(), expect, "{text}");
        check("1", None);
        check("-0", Some("0"));
        check("-0.00", Some("0"));
        check("1e1000000000", None);
        check("0.000012300", Some("0.0000123"));
        check("12345678901234567890", None);
        check("1.0", Some("1"));
        check("-100000.0", Some("-100000"));
        check("1.10", Some("1.1"));
        check("1e3", Some("1000"));
        check("1e19", Some("10000000000000000000"));
        check("12.5e10", Some("125000000000"));
        check("-1.50E-9", Some("-1.5E-9"));
        check("0.0", Some("0"));
        check("1e-7", Some("1E-7"));
    }

    #[test]
    fn errors_as_java_words_them() {
        let table = [
            ("", "null"),
            (
                "abc",
                "Character a is neither a decimal digit number, decimal point, nor \"e\" notation exponential mark.",
            ),
            ("1.2.3", "Character array contains more than one decimal point."),
            ("-", "No digits found."),
            (".", "No digits found."),
            ("1e", "null"),
            ("1e+", "null"),
            ("ee", "Not a digit."),
            ("1e2147483648", "Exponent overflow."),
            ("1e12345678901", "Too many nonzero exponent digits."),
            ("1e1000000000", "More than 10000 digits."),
            ("1234567890123456789x", "Character array is missing \"e\" notation exponential mark."),
            ("12345678901234567\u{1D7CF}", "Character array is missing \"e\" notation exponential mark."),
        ];
        for (text, expect) in table {
            assert_eq!(canonical(text), Err(expect.to_owned()), "{text}");
        }
    }

    #[test]
    fn doubles_of_two_places() {
        let table = [
            ("10.555", 10.56),
            ("10.545", 10.54),
            ("10.5450001", 10.55),
            ("12.228", 12.23),
            ("0.005", 0.0),
            ("0.015", 0.02),
            ("0.0051", 0.01),
            ("0.0005", 0.0),
            ("9.999", 10.0),
            ("-9.996", -10.0),
            ("1", 1.0),
            ("2.5", 2.5),
            ("1e3", 1000.0),
            ("1e-3", 0.0),
            ("6e-3", 0.01),
            ("+7.777", 7.78),
        ];
        for (text, expect) in table {
            assert_eq!(two_places(text), Some(expect), "{text}");
        }
        assert!(two_places("-0.001").is_some_and(f64::is_sign_positive));
        assert_eq!(two_places("1e400"), Some(f64::INFINITY));
        assert_eq!((double("1.25e2"), double("-0.5")), (Some(125.0), Some(-0.5)));
        for text in ["", "x", "null", "-", "1.2.3", "NaN"] {
            assert_eq!((double(text), two_places(text)), (None, None), "{text}");
        }
    }
}
