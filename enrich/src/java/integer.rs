//! `Integer.parseInt` and `Long.parseLong`: an optional sign and any Unicode decimal digits (`spec/enrich.md` 2.5).

/// First characters of the runs of ten decimal digits in the basic plane, as `Character.digit` knows them.
const ZEROS: [u32; 37] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// The value of a decimal digit of any script of the basic plane.
pub(crate) fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let code = c as u32;
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code) - 1];
    u8::try_from(code - zero).ok().filter(|value| *value < 10)
}

/// `Integer.parseInt`; `None` where it throws.
pub(crate) fn parse_int(text: &str) -> Option<i32> {
    parse_long(text).and_then(|n| i32::try_from(n).ok())
}

/// `Long.parseLong`; `None` where it throws.
pub(crate) fn parse_long(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    // Counts downwards, as the negative range is larger by one.
    let mut value = 0_i64;
    for c in digits.chars() {
        value = value.checked_mul(10)?.checked_sub(i64::from(digit(c)?))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_as_java() {
        let table = [
            ("0", Some(0)),
            ("+7", Some(7)),
            ("-7", Some(-7)),
            ("٤٢", Some(42)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            ("+-1", None),
            (" 1", None),
            ("1.0", None),
            ("é", None),
        ];
        for (text, expect) in table {
            assert_eq!(parse_long(text), expect, "{text}");
        }
    }

    #[test]
    fn int_has_32_bits() {
        assert_eq!(parse_int("2147483647"), Some(i32::MAX));
        assert_eq!(parse_int("2147483648"), None);
        assert_eq!(parse_int("-2147483648"), Some(i32::MIN));
    }
}
