//! Filters: `[?(@.a == 'x' && @.n > 1)]`.

use std::cmp::Ordering;

use serde_json::Value;

/// A condition on a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// There is something at the path.
    Exists(Vec<Key>),
    Compare(Operand, Operator, Operand),
    Not(Box<Filter>),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

/// A step of a path inside a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    Name(String),
    Number(i64),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// Below the value that is looked at.
    Path(Vec<Key>),
    Literal(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Filter {
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Exists(path) => get(value, path).is_some(),
            Self::Compare(left, operator, right) => match (left.of(value), right.of(value)) {
                (Some(left), Some(right)) => operator.holds(left, right),
                // What is not there differs from everything.
                _ => *operator == Operator::NotEqual,
            },
            Self::Not(filter) => !filter.holds(value),
            Self::All(filters) => filters.iter().all(|filter| filter.holds(value)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(value)),
        }
    }
}

impl Operand {
    fn of<'v>(&'v self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Path(path) => get(value, path),
            Self::Literal(literal) => Some(literal),
        }
    }
}

impl Operator {
    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = order(left, right);
        match self {
            Self::Equal => order.map_or(left == right, Ordering::is_eq),
            Self::NotEqual => order.map_or(left != right, Ordering::is_ne),
            Self::Less => order.is_some_and(Ordering::is_lt),
            Self::AtMost => order.is_some_and(Ordering::is_le),
            Self::Greater => order.is_some_and(Ordering::is_gt),
            Self::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

/// Numbers and texts have an order, each among themselves.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn get<'v>(value: &'v Value, path: &[Key]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| match (key, value) {
        (Key::Name(name), Value::Object(members)) => members.get(name),
        (Key::Number(number), Value::Array(items)) => items.get(super::at(*number, items.len())?),
        _ => None,
    })
}
