//! Decimal numbers in the binary format of Postgres' `numeric`.

/// Appends the wire form of a decimal number (digits, optional sign, point and exponent): digits of base 10,000 with the
/// weight of the first, sign, and the number of decimals shown. `false`: not a number, or too long for the format.
pub fn write(text: &str, out: &mut Vec<u8>) -> bool {
    let Some(decimal) = Decimal::parse(text) else { return false };
    out.extend_from_slice(&decimal.count.to_be_bytes());
    out.extend_from_slice(&decimal.weight.to_be_bytes());
    out.extend_from_slice(&(if decimal.negative { 0x4000_u16 } else { 0 }).to_be_bytes());
    out.extend_from_slice(&decimal.scale.to_be_bytes());
    for digit in &decimal.digits {
        out.extend_from_slice(&digit.to_be_bytes());
    }
    true
}

/// Largest exponent taken; it bounds the memory that a short text can ask for.
const EXPONENT_MAX: i32 = 1000;

struct Decimal {
    negative: bool,
    count: i16,
    weight: i16,
    scale: u16,
    digits: Vec<i16>,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        if exponent.abs() > EXPONENT_MAX {
            return None;
        }
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // Where the point stands, counted from the first digit.
        let mut point = i32::try_from(whole.len()).ok()? + exponent;
        let decimals = i32::try_from(digits.len()).ok()? - point;
        let leading = digits.iter().take_while(|d| **d == b'0').count();
        digits.drain(..leading);
        point -= i32::try_from(leading).ok()?;
        // Groups of four digits, aligned at the point.
        let first_group = point.rem_euclid(4);
        let fill = if first_group == 0 { 0 } else { 4 - first_group };
        let mut aligned = vec![b'0'; usize::try_from(fill).ok()?];
        aligned.extend_from_slice(&digits);
        while !aligned.len().is_multiple_of(4) {
            aligned.push(b'0');
        }
        let mut groups: Vec<i16> = aligned
            .chunks(4)
            .map(|group| group.iter().fold(0, |n, d| n * 10 + i16::from(d - b'0')))
            .collect();
        while groups.last() == Some(&0) {
            groups.pop();
        }
        let weight = if groups.is_empty() { 0 } else { (point + fill) / 4 - 1 };
        Some(Self {
            negative: negative && !groups.is_empty(),
            count: i16::try_from(groups.len()).ok()?,
            weight: i16::try_from(weight).ok()?,
            scale: u16::try_from(decimals.max(0)).ok()?,
            digits: groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_forms() {
        let check = |text: &str, expect: Option<(i16, u16, u16, &[i16])>| {
            let mut out = Vec::new();
            let written = write(text, &mut out);
            assert_eq!(written, expect.is_some(), "{text}");
            let Some((weight, sign, scale, digits)) = expect else { return };
            let mut bytes = i16::try_from(digits.len()).unwrap().to_be_bytes().to_vec();
            bytes.extend(weight.to_be_bytes());
            bytes.extend(sign.to_be_bytes());
            bytes.extend(scale.to_be_bytes());
            digits.iter().for_each(|d| bytes.extend(d.to_be_bytes()));
            assert_eq!(out, bytes, "{text}");
        };
        check("0", Some((0, 0, 0, &[])));
        check("-0.00", Some((0, 0, 2, &[])));
        check("12.345", Some((0, 0, 3, &[12, 3450])));
        check("-123456.5", Some((1, 0x4000, 1, &[12, 3456, 5000])));
        check("0.00001", Some((-2, 0, 5, &[1000])));
        check("1e8", Some((2, 0, 0, &[1])));
        check("1.5e-3", Some((-1, 0, 4, &[15])));
        check("10000", Some((1, 0, 0, &[1])));
        check("", None);
        check("x", None);
        check("1e99999", None);
    }
}
