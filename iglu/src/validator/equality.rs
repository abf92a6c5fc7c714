//! When two JSON values are the same for `enum` and `uniqueItems` (`spec/iglu.md` 4.3): numbers of `enum` compare by value
//! at the top and, deeper and in `uniqueItems`, only integers with integers and decimals with decimals.

use std::{
    collections::HashSet,
    hash::{Hash, Hasher},
};

use serde_json::Value;

use super::decimal::{self, Decimal};

/// Items up to this many are compared pair by pair.
const SMALL: usize = 12;

/// A value that equals others as the original's nodes do.
#[derive(Debug)]
struct Exact<'v>(&'v Value);

/// Whether `data` is one of the values of an `enum`.
pub(super) fn is_listed(values: &[Value], data: &Value) -> bool {
    values.iter().any(|value| match (value, data) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || Decimal::parse(a.as_str()) == Decimal::parse(b.as_str())
        }
        _ => exactly_equal(value, data),
    })
}

/// Whether no two of the values are the same.
pub(super) fn all_differ<'v>(values: impl ExactSizeIterator<Item = &'v Value>) -> bool {
    if values.len() <= SMALL {
        let values: Vec<&Value> = values.collect();
        return values
            .iter()
            .enumerate()
            .all(|(place, a)| values[..place].iter().all(|b| !exactly_equal(a, b)));
    }
    let mut seen = HashSet::with_capacity(values.len());
    values.map(Exact).all(|value| seen.insert(value))
}

fn exactly_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b
                || decimal::is_integer(a.as_str()) == decimal::is_integer(b.as_str())
                    && Decimal::parse(a.as_str()) == Decimal::parse(b.as_str())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| exactly_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| exactly_equal(a, b)))
        }
        _ => a == b,
    }
}

impl PartialEq for Exact<'_> {
    fn eq(&self, other: &Self) -> bool {
        exactly_equal(self.0, other.0)
    }
}

impl Eq for Exact<'_> {}

impl Hash for Exact<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Value::Null => 0u8.hash(state),
            Value::Bool(value) => value.hash(state),
            Value::String(text) => text.hash(state),
            // Equal numbers may be written differently; their whole part is the same.
            Value::Number(number) => Decimal::parse(number.as_str()).whole().hash(state),
            Value::Array(items) => items.iter().for_each(|item| Exact(item).hash(state)),
            Value::Object(map) => map.len().hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::from_str;

    use super::*;

    #[test]
    fn sameness() {
        let check = |a: &str, b: &str, expect: bool| {
            let (a, b): (Value, Value) = (from_str(a).unwrap(), from_str(b).unwrap());
            assert_eq!(exactly_equal(&a, &b), expect, "{a} {b}");
        };
        check("1", "1", true);
        check("1", "1.0", false);
        check("1.0", "1.00", true);
        check("[1]", "[1.0]", false);
        check(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, true);
        check("null", "false", false);
        assert!(is_listed(&[from_str("1").unwrap()], &from_str("1.0").unwrap()));
        assert!(!is_listed(&[from_str("[1]").unwrap()], &from_str("[1.0]").unwrap()));
    }

    #[test]
    fn many_items() {
        let mut items: Vec<Value> = (0..100).map(Value::from).collect();
        assert!(all_differ(items.iter()));
        items.push(Value::from(5));
        assert!(!all_differ(items.iter()));
    }
}
