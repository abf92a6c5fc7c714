//! Amounts and rates, exactly, rounded as the original rounds: halves to even.

use bigdecimal::{BigDecimal, RoundingMode};

/// Decimals of the rate from a currency to the one that rates are of.
const SCALE: i64 = 6;

/// The rate from one currency to another, by what both are worth of a third.
pub(super) fn cross_rate(from: &BigDecimal, to: &BigDecimal) -> BigDecimal {
    (BigDecimal::from(1) / from).with_scale_round(SCALE, RoundingMode::HalfEven) * to
}

/// An amount at a rate. The amount counts as the double that it is to the original.
pub(super) fn converted(amount: &str, rate: &BigDecimal, decimals: u8) -> Option<String> {
    let double: f64 = amount.parse().ok()?;
    let exact = BigDecimal::try_from(double).ok()?;
    let rounded = (exact * rate).with_scale_round(i64::from(decimals), RoundingMode::HalfEven);
    Some(rounded.to_plain_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_even() {
        let check = |amount: &str, rate: &str, decimals: u8, expect: &str| {
            assert_eq!(
                converted(amount, &rate.parse().unwrap(), decimals).as_deref(),
                Some(expect),
                "{amount}"
            );
        };
        check("11.00", "1.159", 2, "12.75");
        check("0.00", "1.159", 2, "0.00");
        check("0.125", "1", 2, "0.12");
        check("0.375", "1", 2, "0.38");
        // The double is a little below.
        check("1.005", "1", 2, "1.00");
        check("2.5", "1", 0, "2");
        check("-3.5", "1", 0, "-4");
        check("1E+3", "0.5", 3, "500.000");
        assert_eq!(converted("x", &BigDecimal::from(1), 2), None);
    }

    #[test]
    fn rates_over_a_third_currency() {
        let check = |from: &str, to: &str, expect: &str| {
            let rate = cross_rate(&from.parse().unwrap(), &to.parse().unwrap());
            assert_eq!(rate.normalized().to_plain_string(), expect);
        };
        check("1", "0.9", "0.9");
        check("0.8", "0.9", "1.125");
        check("3", "1", "0.333333");
        check("157.25", "0.92", "0.00585028");
    }
}
