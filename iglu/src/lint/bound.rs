//! A number in a schema that something is compared with.

use std::{cmp::Ordering, fmt};

use crate::validator::decimal::Decimal;

/// Digits of a whole number that is written out; larger ones are shown as they were written.
const SHOWN_DIGITS: i64 = 400;

/// A number, and how messages show it: whole ones without fraction or exponent.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    value: Decimal,
    text: String,
}

impl Bound {
    /// A JSON number by its text.
    pub(super) fn of_number(text: &str) -> Self {
        Self { value: Decimal::parse(text), text: text.to_owned() }
    }

    /// A number that is written as a text, as the original reads it.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str::<serde_json::Number>(text.trim()).ok().map(|n| Self::of_number(n.as_str()))
    }

    /// A whole number that is written as a text.
    pub(super) fn of_integer_text(text: &str) -> Option<Self> {
        Self::of_text(text).filter(Self::is_integer)
    }

    pub(super) fn is_integer(&self) -> bool {
        self.value.is_whole()
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.whole_text(SHOWN_DIGITS) {
            Some(whole) => f.write_str(&whole),
            None => f.write_str(&self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_shown_plainly() {
        for (text, shown) in
            [("100.0", "100"), ("1e3", "1000"), ("-0", "0"), ("-12", "-12"), ("1.50", "1.50")]
        {
            assert_eq!(Bound::of_number(text).to_string(), shown, "{text}");
        }
        assert!(Bound::of_number("1e3") > Bound::of_number("999.9"));
        assert!(Bound::of_integer_text("1.5").is_none());
    }
}
