//! Numbers of schemas, with the digits that they are written with.

use std::cmp::Ordering;

use crate::validator::decimal::Decimal;

/// Integers with more digits than this stay as they are written.
const MOST_DIGITS: i64 = 1000;

/// A number as Java's `BigDecimal` holds it: an integer wherever it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// Without leading zeros; `0` for zero.
    digits: String,
    /// Digits behind the point.
    scale: i64,
}

impl Number {
    /// Reads the text of a JSON number; an integer has a scale of zero, however it is written.
    pub(crate) fn bound(text: &str) -> Self {
        let mut number = Self::as_written(text);
        let zeros = number.digits.len() - number.digits.trim_end_matches('0').len();
        if number.digits == "0" {
            number.scale = 0;
        } else if number.scale > 0 && zeros as i64 >= number.scale {
            number.digits.truncate(number.digits.len() - number.scale as usize);
            number.scale = 0;
        } else if (-MOST_DIGITS..0).contains(&number.scale) {
            number.digits.extend(std::iter::repeat_n('0', number.scale.unsigned_abs() as usize));
            number.scale = 0;
        }
        number
    }

    /// Reads the text of a JSON number with the scale that it is written with: `1.50` has 2, `1e3` has -3.
    pub(crate) fn as_written(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits }.to_owned();
        Self { negative: negative && digits != "0", digits, scale: fraction.len() as i64 - exponent }
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.scale <= 0
    }

    /// As an integer that is not negative; `None` also beyond 64 bits.
    pub(crate) fn to_u64(&self) -> Option<u64> {
        if self.negative || self.scale != 0 { None } else { self.digits.parse().ok() }
    }

    /// Digits of the unscaled number.
    pub(crate) fn precision(&self) -> i64 {
        self.digits.len() as i64
    }

    pub(crate) fn scale(&self) -> i64 {
        self.scale
    }

    /// Digits before the point.
    pub(crate) fn whole_digits(&self) -> i64 {
        self.precision() - self.scale
    }

    /// Whether it lies within these bounds.
    pub(crate) fn is_within(&self, min: i64, max: i64) -> bool {
        let at = |bound: i64| self.order(&Self::bound(&bound.to_string()));
        at(min) != Ordering::Less && at(max) != Ordering::Greater
    }

    /// Compares what the numbers stand for.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        Decimal::parse(&self.exact()).cmp(&Decimal::parse(&other.exact()))
    }

    /// The smaller of both.
    pub(crate) fn smaller(&self, other: &Self) -> Self {
        if self.order(other) == Ordering::Less { self.clone() } else { other.clone() }
    }

    /// The larger of both.
    pub(crate) fn larger(&self, other: &Self) -> Self {
        if self.order(other) == Ordering::Greater { self.clone() } else { other.clone() }
    }

    /// Without its sign.
    pub(crate) fn magnitude(&self) -> Self {
        Self { negative: false, ..self.clone() }
    }

    fn exact(&self) -> String {
        format!("{}{}e{}", if self.negative { "-" } else { "" }, self.digits, -self.scale)
    }

    /// As Java prints it.
    pub(crate) fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.scale == 0 {
            return format!("{sign}{}", self.digits);
        }
        let exponent = self.whole_digits() - 1;
        if self.scale > 0 && exponent >= -6 {
            let scale = self.scale as usize;
            let padded = format!("{:0>width$}", self.digits, width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            return format!("{sign}{whole}.{fraction}");
        }
        let (first, more) = self.digits.split_at(1);
        let point = if more.is_empty() { "" } else { "." };
        let plus = if exponent > 0 { "+" } else { "" };
        format!("{sign}{first}{point}{more}E{plus}{exponent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_out_and_fractions_as_java_writes_them() {
        for (text, printed, precision, scale) in [
            ("1", "1", 1, 0),
            ("-0", "0", 1, 0),
            ("1.0", "1", 1, 0),
            ("1e+3", "1000", 4, 0),
            ("1.50", "1.50", 3, 2),
            ("-99999.5", "-99999.5", 6, 1),
            ("0.000001", "0.000001", 1, 6),
            ("0.0000001", "1E-7", 1, 7),
            ("1.25e-9", "1.25E-9", 3, 11),
            ("12.5e1", "125", 3, 0),
        ] {
            let number = Number::bound(text);
            assert_eq!(
                (number.text().as_str(), number.precision(), number.scale()),
                (printed, precision, scale),
                "{text}"
            );
        }
        assert_eq!(Number::as_written("1e3").scale(), -3);
    }

    #[test]
    fn bounds() {
        let within = |text: &str| Number::bound(text).is_within(-10, 10);
        assert!(within("10") && within("-10.0") && within("9.99") && within("1e1"));
        assert!(!within("10.01") && !within("-1e30"));
    }
}
