//! UUIDs as Java reads them (`spec/enrich.md` 1.3).

use uuid::Uuid;

/// Reads what `UUID.fromString` of JDK 11 and later accepts: five groups of hex digits of any length that fits 63 bits, cut to
/// the width of their place, 36 characters at most: `1-2-3-4-5` is `00000001-0002-0003-0004-000000000005`.
pub fn parse_lenient(text: &str) -> Option<Uuid> {
    if text.len() > 36 {
        return None;
    }
    let mut groups = text.split('-');
    let mut group = |bits: u32| {
        let digits = groups.next()?;
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = i64::from_str_radix(digits, 16).ok()?;
        Some(u128::from(value as u64 & (u64::MAX >> (64 - bits))))
    };
    let high = group(32)? << 96 | group(16)? << 80 | group(16)? << 64;
    let low = group(16)? << 48 | group(48)?;
    groups.next().is_none().then_some(Uuid::from_u128(high | low))
}
