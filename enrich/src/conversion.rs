//! Texts of parameters -> texts of atomic fields (`spec/enrich.md` 2.5).

use std::borrow::Cow;

use event::timestamp;

use crate::java::{decimal, integer, text::tsv_safe};

/// Why a text cannot be converted. `render.rs` words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unconvertible {
    EventType,
    Platform,
    Integer,
    /// With Java's message.
    Decimal(String),
    Boolean,
    /// Not a number of milliseconds.
    Millis,
    /// Formatted so; the year is out of range.
    Year(String),
    Uuid,
    Dimensions,
    /// A dimension does not fit into 32 bits.
    DimensionsInteger,
}

/// The event type of a code.
pub(crate) fn event_type(code: &str) -> Result<&'static str, Unconvertible> {
    Ok(match code {
        "se" | "ev" => "struct",
        "ue" => "unstruct",
        "ad" => "ad_impression",
        "tr" => "transaction",
        "ti" => "transaction_item",
        "pv" => "page_view",
        "pp" => "page_ping",
        _ => return Err(Unconvertible::EventType),
    })
}

/// A tracking platform, as it is.
pub(crate) fn platform(name: &str, headset: bool) -> Result<&str, Unconvertible> {
    match name {
        "web" | "iot" | "app" | "mob" | "pc" | "cnsl" | "tv" | "srv" => Ok(name),
        "headset" if headset => Ok(name),
        _ => Err(Unconvertible::Platform),
    }
}

/// The first of several addresses.
pub(crate) fn first_address(addresses: &str) -> Cow<'_, str> {
    tsv_safe(addresses.split([',', ' ', '|']).next().unwrap_or(""))
}

/// A 32-bit integer; `None`: the word `null`.
pub(crate) fn int(text: &str) -> Result<Option<i32>, Unconvertible> {
    if text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    integer::parse_int(text).map(Some).ok_or(Unconvertible::Integer)
}

/// A decimal number; `None`: the word `null`.
pub(crate) fn decimal(text: &str) -> Result<Option<String>, Unconvertible> {
    if text.eq_ignore_ascii_case("null") {
        return Ok(None);
    }
    decimal::canonical(text).map(Some).map_err(Unconvertible::Decimal)
}

/// `0` or `1`.
pub(crate) fn boolean(text: &str) -> Result<&str, Unconvertible> {
    if text == "0" || text == "1" { Ok(text) } else { Err(Unconvertible::Boolean) }
}

/// Milliseconds since the epoch, in a year that Redshift takes.
pub(crate) fn millis(text: &str) -> Result<i64, Unconvertible> {
    let millis = integer::parse_long(text).ok_or(Unconvertible::Millis)?;
    if is_redshift_compatible(millis) {
        Ok(millis)
    } else {
        Err(Unconvertible::Year(timestamp::sql(millis).to_string()))
    }
}

/// Whether Redshift takes the instant: the year is between 0 and 9999.
pub(crate) fn is_redshift_compatible(millis: i64) -> bool {
    (-62_167_219_200_000..253_402_300_800_000).contains(&millis)
}

/// A canonical UUID in either case, made lower-case.
pub(crate) fn canonical_uuid(text: &str) -> Result<Cow<'_, str>, Unconvertible> {
    if !is_canonical(text) {
        return Err(Unconvertible::Uuid);
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Ok(Cow::Owned(text.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(text))
}

fn is_canonical(text: &str) -> bool {
    let Ok(bytes) = <&[u8; 36]>::try_from(text.as_bytes()) else { return false };
    // Without an early end the compiler looks at many bytes at once.
    let digits: u32 = bytes.iter().map(|b| u32::from(b.is_ascii_hexdigit())).sum();
    digits == 32 && [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-')
}

/// Width and height.
pub(crate) fn dimensions(text: &str) -> Result<(i32, i32), Unconvertible> {
    let (width, height) = text.split_once('x').ok_or(Unconvertible::Dimensions)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(width) || !digits(height) {
        return Err(Unconvertible::Dimensions);
    }
    match (width.parse(), height.parse()) {
        (Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err(Unconvertible::DimensionsInteger),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_two_runs_of_ascii_digits() {
        let table = [
            ("1920x1080", Ok((1920, 1080))),
            ("0x0", Ok((0, 0))),
            ("1920X1080", Err(Unconvertible::Dimensions)),
            ("1920x", Err(Unconvertible::Dimensions)),
            ("-1x2", Err(Unconvertible::Dimensions)),
            ("1x2x3", Err(Unconvertible::Dimensions)),
            ("٣x٤", Err(Unconvertible::Dimensions)),
            ("2147483648x1", Err(Unconvertible::DimensionsInteger)),
        ];
        for (text, expect) in table {
            assert_eq!(dimensions(text), expect, "{text}");
        }
    }

    #[test]
    fn the_word_null_is_nothing() {
        assert_eq!(int("NULL"), Ok(None));
        assert_eq!(decimal("null"), Ok(None));
        assert_eq!(int(""), Err(Unconvertible::Integer));
    }

    #[test]
    fn first_of_several_addresses() {
        let table = [
            ("1.2.3.4, 5", "1.2.3.4"),
            ("1.2.3.4|5", "1.2.3.4"),
            (" 1.2.3.4", ""),
            ("a\tb", "a    b"),
            ("", ""),
        ];
        for (text, expect) in table {
            assert_eq!(first_address(text), expect);
        }
    }
}
