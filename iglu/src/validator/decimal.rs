//! Exact decimals of any size, as far as a validator needs them: order, divisibility, whole part.

use std::cmp::Ordering;

use event::number;

/// Exponents beyond this are cut: such numbers are compared, never written out.
const EXPONENT_LIMIT: i64 = 1_000_000_000_000;

/// `digits * 10^exponent`, without leading or trailing zeros; no digits: zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads the text of a JSON number.
    pub(crate) fn parse(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|digit| digit.wrapping_sub(b'0') % 10).collect();
        let mut exponent = exponent - fraction.len() as i64;
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }

    /// Whether it has no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// A whole number of at most so many digits, without fraction or exponent.
    pub(crate) fn whole_text(&self, max_digits: i64) -> Option<String> {
        if !self.is_whole() || self.digits.len() as i64 + self.exponent > max_digits {
            return None;
        }
        if self.is_zero() {
            return Some("0".to_owned());
        }
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        Some(format!("{sign}{digits}{}", "0".repeat(usize::try_from(self.exponent).unwrap_or_default())))
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The whole part, cut to 64 bits.
    pub(crate) fn whole(&self) -> i64 {
        let length = self.digits.len() as i64 + self.exponent;
        if length <= 0 {
            return 0;
        }
        if length > 19 {
            return if self.negative { i64::MIN } else { i64::MAX };
        }
        let mut value: i128 = 0;
        for place in 0..length as usize {
            value = value * 10 + i128::from(self.digits.get(place).copied().unwrap_or(0));
        }
        let value = if self.negative { -value } else { value };
        value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Whether this is a whole multiple of `divisor`, which has at most 19 digits; of zero everything is.
    pub(crate) fn is_multiple_of(&self, divisor: &Decimal) -> bool {
        if divisor.is_zero() || self.is_zero() {
            return true;
        }
        let Some(modulus) = divisor.unscaled() else { return false };
        // Without trailing zeros no digits are divisible by ten, so a finer number is never a multiple.
        let Ok(shift) = u64::try_from(self.exponent - divisor.exponent) else { return false };
        let remainder =
            self.digits.iter().fold(0u128, |value, digit| (value * 10 + u128::from(*digit)) % modulus);
        multiply(remainder, power_of_ten(shift, modulus), modulus) == 0
    }

    fn unscaled(&self) -> Option<u128> {
        (self.digits.len() <= 19)
            .then(|| self.digits.iter().fold(0, |value, digit| value * 10 + u128::from(*digit)))
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let length = self.digits.len() as i64 + self.exponent;
        let other_length = other.digits.len() as i64 + other.exponent;
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => length.cmp(&other_length).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl From<f64> for Decimal {
    /// The shortest decimal that reads back as the number.
    fn from(value: f64) -> Self {
        Self::parse(&number::double(value))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether the text of a JSON number is an integer for the original: no fraction, no exponent, not `-0`.
pub(crate) fn is_integer(text: &str) -> bool {
    text != "-0" && !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

fn parse_exponent(text: &str) -> i64 {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let value = digits.parse::<i64>().unwrap_or(EXPONENT_LIMIT).min(EXPONENT_LIMIT);
    if negative { -value } else { value }
}

fn multiply(a: u128, b: u128, modulus: u128) -> u128 {
    a * b % modulus
}

fn power_of_ten(mut exponent: u64, modulus: u128) -> u128 {
    let (mut base, mut result) = (10 % modulus, 1 % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base, modulus);
        }
        base = multiply(base, base, modulus);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn multiples() {
        let check = |value: &str, divisor: &str, expect: bool| {
            assert_eq!(
                Decimal::parse(value).is_multiple_of(&Decimal::parse(divisor)),
                expect,
                "{value} {divisor}"
            );
        };
        check("19.99", "0.01", true);
        check("0.07", "0.01", true);
        check("0.015", "0.01", false);
        check("9.0", "3", true);
        check("10", "3", false);
        check("1e400", "7", false);
        check("7e400", "7", true);
        check("-9", "3", true);
        check("0", "3", true);
        check("5", "0", true);
        check("1e1000000000000000000000", "3", false);
        check("15", "10", false);
        check("20", "10", true);
    }

    proptest! {
        #[test]
        fn order_is_that_of_integers(a: i64, b: i64) {
            prop_assert_eq!(Decimal::parse(&a.to_string()).cmp(&Decimal::parse(&b.to_string())), a.cmp(&b));
            prop_assert_eq!(Decimal::parse(&a.to_string()).whole(), a);
        }

        #[test]
        fn any_text_is_read(text in "-?[0-9.eE+-]{0,40}") {
            let _ = Decimal::parse(&text);
        }
    }
}
